"""A plan that is made once and carried out as it stands, week after week: what re-optimising is worth is measured against it."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from domain.feature_vector import FeatureVector
from domain.settings import Settings
from simulation.kernels.order_plans import IntArray
from simulation.replay.decisions import Planned, plans_of, units_ordered
from simulation.replay.known_end import End
from simulation.replay.world import Seen


class OneShot:
    """Parameters of epoch 0, applied at every epoch to the stock of that epoch.

    Args:
        vectors: The SKUs at an epoch, as the engine sees them then.
        settings: In force, by merchant.
        policy: A name of `POLICIES` or of `ABLATIONS`.
        end: When the game is over; `None` = plan the whole horizon.
        n_threads: Chunks of SKUs at a time.
    """

    def __init__(
        self, vectors: Callable[[Seen], Sequence[FeatureVector]], settings: Mapping[str, Settings], *, policy: str, end: End | None, n_threads: int
    ) -> None:
        self._vectors, self._settings, self._policy, self._end, self._n_threads = vectors, settings, policy, end, n_threads
        self._plans: list[Planned] = []

    def __call__(self, seen: Seen, /) -> IntArray:
        """What the plan makes of today's stock."""
        if not self._plans:
            self._plans = plans_of(self._vectors(seen), self._settings, policy=self._policy, end=self._end, n_threads=self._n_threads)
        position = seen.on_hand_units + seen.inbound_units.sum(axis=1)
        found = [
            units_ordered(planned.plan, seen.epoch, planned.terms, on_hand_units=float(seen.on_hand_units[sku]), position_units=float(position[sku]))
            for sku, planned in enumerate(self._plans)
        ]
        return np.array(found, dtype=np.int64)
