"""Which stage tables the DuckDB file shows, and which of their partitions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import dataframely as dy

from assets.layout import PartitionKey, list_partitions, shard_names
from domain.errors import StaleInputError
from domain.stage_tables import HORIZON_WEEKS, STAGE_TABLES
from domain.tables import RAW_TABLES


@dataclass(frozen=True)
class StageView:
    """A stage table as a view: its newest complete week or day, or several."""

    table: str
    dimension: Literal["week", "day"] | None = None
    is_replicated: bool = False
    """Every shard holds the same rows: one is enough."""
    n_newest: int | None = 1
    """How many weeks or days, newest last; `None` = all that have been written."""

    @property
    def contract(self) -> type[dy.Schema]:
        """Its columns and what they mean."""
        return RAW_TABLES.get(self.table.removeprefix("raw/")) or STAGE_TABLES[self.table]

    @property
    def is_history(self) -> bool:
        """Whether it shows more than the newest week or day."""
        return self.n_newest != 1

    @property
    def description(self) -> str:
        """What it shows."""
        text = " ".join((self.contract.__doc__ or "").split())
        if self.n_newest is None:
            return f"{text} Every {self.dimension} that has been written."
        if self.dimension is None:
            return text
        return f"{text} The {f'{self.n_newest} newest {self.dimension}s' if self.is_history else f'newest {self.dimension}'}."


STAGE_VIEWS: Mapping[str, StageView] = {
    "articles": StageView("raw/articles"),
    "merchants": StageView("raw/merchants", is_replicated=True),
    "stock_levels": StageView("raw/stock_levels"),
    "inbound_shipments": StageView("raw/inbound_shipments"),
    "rejects": StageView("raw/rejects"),
    "readings": StageView("raw/readings"),
    "weekly_demand": StageView("series/weekly_demand", "week"),
    "unconstrained_demand": StageView("series/unconstrained_demand", "week"),
    "merchant_profiles": StageView("series/merchant_profiles", "week", is_replicated=True),
    "forecasts": StageView("forecast/released", "week"),
    "forecasts_history": StageView("forecast/quantiles", "week", n_newest=HORIZON_WEEKS + 1),
    "champions": StageView("forecast/champions", "week", is_replicated=True),
    "model_promotions": StageView("forecast/promotions", "week", is_replicated=True, n_newest=None),
    "week_dependence": StageView("forecast/dependence", "week", is_replicated=True),
    "calibration": StageView("forecast/calibration", "week", is_replicated=True),
    "input_drift": StageView("series/input_drift", "week", is_replicated=True, n_newest=None),
    "forecast_drift": StageView("evaluation/forecast_drift", "week", is_replicated=True, n_newest=None),
    "decision_drift": StageView("evaluation/decision_drift", "day", is_replicated=True, n_newest=None),
    "forecast_accuracy": StageView("evaluation/forecast_accuracy", "week"),
    "forecast_accuracy_history": StageView("evaluation/forecast_accuracy", "week", n_newest=None),
    "sku_vectors": StageView("vectors/sku_vectors", "day"),
    "policies": StageView("policy/policies", "day"),
    "policies_history": StageView("policy/policies", "day", n_newest=None),
    "alternatives": StageView("policy/alternatives", "day"),
    "cost_curves": StageView("policy/cost_curves", "day"),
    "order_changes": StageView("policy/order_changes", "day"),
    "order_releases": StageView("policy/order_releases", "day"),
    "settings_in_force": StageView("policy/settings_in_force", "day"),
    "constraint_prices": StageView("policy/constraint_prices", "day"),
    "constraint_prices_history": StageView("policy/constraint_prices", "day", n_newest=None),
    "exceptions": StageView("evaluation/exceptions", "day"),
}
"""Views by name. Of forecasts, the 12 newest cutoffs and the one before: those whose 12 weeks are not all long known."""


def partitions_shown(root: str, view: StageView, *, n_shards: int) -> list[PartitionKey]:
    """The partitions behind a view, oldest first. A week or day that lacks a shard is still being written: it is left out.

    Raises:
        StaleInputError: None is complete.
    """
    shards = shard_names(n_shards)[: 1 if view.is_replicated else None]
    written: dict[str, set[str]] = {}
    for key in list_partitions(root, view.table):
        written.setdefault(key[view.dimension] if view.dimension else "", set()).add(key["shard"])
    complete = sorted(value for value, of_value in written.items() if of_value.issuperset(shards))
    if not complete:
        raise StaleInputError(f"{view.table} has no complete partition", wanted=f"all {len(shards)} shards", remedy=f"Materialise all shards of {view.table}.")
    shown = complete[-view.n_newest :] if view.n_newest else complete
    return [{**({view.dimension: value} if view.dimension else {}), "shard": shard} for value in shown for shard in shards]
