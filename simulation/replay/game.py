"""One replay: at each epoch a decider orders, then the world moves on by one week."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from simulation.replay.world import IntArray, Journal, Seen, Shipments, World, WorldFacts


class Decider(Protocol):
    """Whoever orders."""

    def __call__(self, seen: Seen, /) -> "IntArray | Shipments":
        """Units per SKU, `(n_skus,)`; or shipments whose arrival is on record."""


class Played(NamedTuple):
    """A replay from its first to its last week."""

    journal: Journal
    orders: tuple[Shipments, ...]
    """What was ordered at each decision."""
    epochs: tuple[int, ...]
    """Of each decision."""


def play(facts: WorldFacts, decide: Decider, *, n_orders: int, shows_demand: bool, on_progress: Callable[[str], None] | None = None) -> Played:
    """Play all weeks.

    Args:
        facts: The world.
        decide: Asked at epochs 0 … `n_orders` − 1.
        n_orders: At most the number of weeks.
        shows_demand: Whether the decider is told what customers asked for, or what was sold.
        on_progress: Told each decision.
    """
    world, orders = World(facts, shows_demand=shows_demand), []
    for epoch in range(facts.n_weeks):
        if epoch < n_orders:
            decided = decide(world.seen())
            orders.append(world.ship(decided) if isinstance(decided, Shipments) else world.place(decided))
            if on_progress is not None:
                on_progress(f"decision {epoch + 1} of {n_orders}: {np.count_nonzero(orders[-1].units):,} orders, {orders[-1].units.sum():,} units")
        world.run_week()
    return Played(world.journal, tuple(orders), tuple(range(len(orders))))
