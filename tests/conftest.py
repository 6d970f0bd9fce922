"""One profile for all property tests: the same examples on every machine, and no deadline (the first call compiles)."""

from hypothesis import settings

settings.register_profile("replenish", deadline=None, derandomize=True, database=None, max_examples=60)
settings.load_profile("replenish")
