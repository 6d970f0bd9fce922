"""Numbers of things in words."""


def counted(n: int, noun: str, *, plural: str = "") -> str:
    """A number with its noun: 1 order, 2,000 orders.

    Args:
        n: How many.
        noun: One of them.
        plural: More of them, where an "s" does not make it.
    """
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"
