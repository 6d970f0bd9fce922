"""The data flow as a table: what each stage table is made from, and which partitions of it. No Dagster, no arithmetic.

Asset declarations, provenance, staleness and repair all read it, so that what runs and what is said about it agree.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from typing import Literal

from assets.layout import PartitionKey, shard_names
from domain.calendar import ONE_DAY, ONE_WEEK, cutoff_for
from domain.stage_tables import HORIZON_WEEKS

RAW_STAGE = "raw/"


class Scope(Enum):
    """Which partitions of an input a partition is made from.

    Earlier weeks and days are read where they lie (`LOOKING_BACK`). Verdicts of drift also look at tallies of the weeks or days before, as they
    were then: a verdict is news of its time and is not revised.
    """

    SAME = "the same partition"
    SAME_SHARD = "the same shard"
    ALL_SHARDS = "all shards"
    ALL_SHARDS_OF_WEEK = "all shards of the week"
    ALL_SHARDS_OF_DAY = "all shards of the day"
    CUTOFF_OF_DAY = "the same shard at the day's cutoff"
    DAY_AND_DAY_BEFORE = "the same shard on the day and the day before"
    DAY_AND_PAST_DECISIONS = "the same shard on the day, the day before, a week and 12 weeks before"
    HORIZON_AGO = "the same shard 12 weeks before"
    ALL_SHARDS_OF_RECENT_WEEKS = "all shards of the week and of the 12 before"
    WEEK_AGO = "the same shard a week before"
    WEEK_AND_WEEK_BEFORE = "the same shard in the week and the week before"


_NOW, _HORIZON = timedelta(0), HORIZON_WEEKS * ONE_WEEK
_TIMES_BACK: Mapping[Scope, tuple[timedelta, ...]] = {
    Scope.DAY_AND_DAY_BEFORE: (ONE_DAY, _NOW),
    Scope.DAY_AND_PAST_DECISIONS: (_HORIZON, ONE_WEEK, ONE_DAY, _NOW),
    Scope.HORIZON_AGO: (_HORIZON,),
    Scope.WEEK_AGO: (ONE_WEEK,),
    Scope.WEEK_AND_WEEK_BEFORE: (ONE_WEEK, _NOW),
}
"""Of the same shard, oldest first."""
LOOKING_BACK = frozenset({*_TIMES_BACK, Scope.ALL_SHARDS_OF_RECENT_WEEKS})
"""Scopes with earlier weeks or days, which need not have been computed. Dagster is told of the own week or day alone: told of them all, it would extend
a backfill of one week to the later ones that look back at it, and fail where those have never been computed."""


@dataclass(frozen=True)
class Lineage:
    """What the partitions of one table depend on."""

    rhythm: Literal["weekly", "daily"]
    inputs: Mapping[str, Scope]
    """Input tables ("stage/name"); the part after the slash is the name of the asset's argument."""
    code: tuple[str, ...]
    """Packages whose code computes the table; `domain` always counts."""
    settings: tuple[str, ...] = ()
    """Settings that can change a row: sections, or single ones as "section.name"."""
    gates: tuple[str, ...] = ()
    """Tables whose blocking checks must have passed for the same partition; nothing of them is read."""


def _raw(*names: str, scope: Scope = Scope.SAME_SHARD) -> dict[str, Scope]:
    return {RAW_STAGE + name: scope for name in names}


LINEAGE: Mapping[str, Lineage] = {
    "series/weekly_demand": Lineage(
        "weekly",
        # What only the whole market shows (how stock is reported, when sales are silent) is found over all shards.
        {**_raw("sales_transactions", "stock_levels", scope=Scope.ALL_SHARDS), **_raw("weekly_sales", "returns")},
        code=("ml.preprocessing",),
        settings=("forecast.history_weeks", "reading"),
    ),
    "series/unconstrained_demand": Lineage("weekly", {"series/weekly_demand": Scope.SAME}, code=("ml.preprocessing",)),
    "series/merchant_profiles": Lineage(
        "weekly",
        _raw("sales_transactions", "weekly_sales", "returns", "inbound_shipments", "articles", scope=Scope.ALL_SHARDS),
        code=("ml.preprocessing",),
    ),
    "series/lead_times": Lineage("weekly", _raw("inbound_shipments", "articles", scope=Scope.ALL_SHARDS), code=("ml.preprocessing",)),
    "series/input_tallies": Lineage(
        "weekly",
        {**_raw("sales_transactions", "stock_levels", "inbound_shipments", "articles"), "series/weekly_demand": Scope.SAME},
        code=("quality.drift",),
    ),
    "series/input_drift": Lineage("weekly", {"series/input_tallies": Scope.ALL_SHARDS_OF_WEEK}, code=("quality.drift",), settings=("drift",)),
    "features/group_weeks": Lineage(
        "weekly", {"series/weekly_demand": Scope.SAME}, code=("ml.preprocessing", "ml.transformation"), gates=("series/input_drift",)
    ),
    "features/launch_counts": Lineage(
        "weekly",
        {"series/weekly_demand": Scope.SAME, "features/group_weeks": Scope.ALL_SHARDS_OF_WEEK, **_raw("articles")},
        code=("ml.preprocessing", "ml.forecasting"),
        gates=("series/input_drift",),
    ),
    "features/training_sample": Lineage(
        "weekly",
        {"series/weekly_demand": Scope.SAME, "features/group_weeks": Scope.ALL_SHARDS_OF_WEEK},
        code=("ml.preprocessing", "ml.transformation"),
        settings=("forecast",),
        gates=("series/input_drift",),
    ),
    "features/inference_rows": Lineage(
        "weekly",
        {"series/weekly_demand": Scope.SAME, "features/group_weeks": Scope.ALL_SHARDS_OF_WEEK},
        code=("ml.preprocessing", "ml.transformation"),
        settings=("forecast",),
        gates=("series/input_drift",),
    ),
    "forecast/models": Lineage(
        "weekly", {"features/training_sample": Scope.ALL_SHARDS_OF_WEEK}, code=("ml.transformation", "ml.forecasting"), settings=("forecast",)
    ),
    "forecast/model_quantiles": Lineage(
        "weekly",
        {
            "series/weekly_demand": Scope.SAME,
            "features/inference_rows": Scope.SAME,
            "features/launch_counts": Scope.ALL_SHARDS_OF_WEEK,
            "forecast/models": Scope.SAME,
            **_raw("articles"),
        },
        code=("ml.preprocessing", "ml.forecasting"),
        settings=("forecast",),
    ),
    "forecast/held_out": Lineage(
        "weekly",
        {"forecast/model_quantiles": Scope.HORIZON_AGO, "series/weekly_demand": Scope.SAME},
        code=("ml",),
        settings=("forecast.history_weeks",),
    ),
    "forecast/dependence": Lineage("weekly", {"forecast/held_out": Scope.ALL_SHARDS_OF_RECENT_WEEKS}, code=("simulation.sampling",)),
    "forecast/champions": Lineage("weekly", {"forecast/held_out": Scope.ALL_SHARDS_OF_RECENT_WEEKS}, code=("ml.champions",), settings=("champions",)),
    "forecast/model_cards": Lineage(
        "weekly",
        {
            "features/training_sample": Scope.ALL_SHARDS_OF_WEEK,
            "forecast/models": Scope.SAME,
            "forecast/held_out": Scope.ALL_SHARDS_OF_WEEK,
            "forecast/champions": Scope.SAME,
        },
        code=("ml.champions",),
        settings=("forecast",),
    ),
    "forecast/promotions": Lineage("weekly", dict.fromkeys(("forecast/champions", "forecast/model_cards"), Scope.WEEK_AND_WEEK_BEFORE), code=("ml.champions",)),
    "forecast/quantiles": Lineage(
        "weekly",
        {"forecast/model_quantiles": Scope.SAME, "forecast/champions": Scope.SAME, "series/weekly_demand": Scope.SAME},
        code=("ml.champions", "ml.evaluation", "ml.preprocessing"),
        settings=("forecast.history_weeks",),
    ),
    "evaluation/forecast_accuracy": Lineage("weekly", {"forecast/quantiles": Scope.HORIZON_AGO, "series/weekly_demand": Scope.SAME}, code=("ml",)),
    "forecast/tallies": Lineage(
        "weekly", {"forecast/quantiles": Scope.HORIZON_AGO, "series/weekly_demand": Scope.SAME}, code=("ml.monitoring", "ml.preprocessing")
    ),
    "forecast/calibration": Lineage("weekly", {"forecast/tallies": Scope.ALL_SHARDS_OF_WEEK}, code=("ml.monitoring",), settings=("calibration",)),
    "forecast/released": Lineage(
        "weekly",
        {
            "forecast/quantiles": Scope.SAME,
            "forecast/calibration": Scope.SAME,
            "forecast/champions": Scope.SAME,
            "series/weekly_demand": Scope.SAME,
        },
        code=("ml.champions", "ml.evaluation", "ml.monitoring", "ml.preprocessing"),
        settings=("calibration", "forecast.history_weeks"),
    ),
    "evaluation/newest_week_tallies": Lineage(
        "weekly", {"forecast/quantiles": Scope.WEEK_AGO, "series/weekly_demand": Scope.SAME}, code=("ml.monitoring", "ml.preprocessing")
    ),
    "evaluation/forecast_drift": Lineage("weekly", {"evaluation/newest_week_tallies": Scope.ALL_SHARDS_OF_WEEK}, code=("quality.drift",), settings=("drift",)),
    "vectors/sku_vectors": Lineage(
        "daily",
        {
            **_raw("sales_transactions", "stock_levels", scope=Scope.ALL_SHARDS),
            **_raw("weekly_sales", "returns", "inbound_shipments", "articles", "merchants", "cost_rates"),
            "series/weekly_demand": Scope.CUTOFF_OF_DAY,
            "series/merchant_profiles": Scope.CUTOFF_OF_DAY,
            "series/lead_times": Scope.CUTOFF_OF_DAY,
            "forecast/released": Scope.CUTOFF_OF_DAY,
            "forecast/dependence": Scope.CUTOFF_OF_DAY,
        },
        code=("feature_store", "ml.preprocessing"),
        settings=("inventory", "costs", "merchants", "reading"),
    ),
    "vectors/readings": Lineage(
        "daily",
        {
            **_raw("sales_transactions", "stock_levels", scope=Scope.ALL_SHARDS),
            **_raw("weekly_sales", "returns", "inbound_shipments", "articles", "merchants"),
            "series/weekly_demand": Scope.CUTOFF_OF_DAY,
            "series/lead_times": Scope.CUTOFF_OF_DAY,
            "vectors/sku_vectors": Scope.SAME,
        },
        code=("feature_store", "ml.preprocessing"),
        settings=("inventory", "merchants", "reading"),
    ),
    "policy/recommendations": Lineage(
        "daily",
        {"vectors/sku_vectors": Scope.SAME, **_raw("merchants")},
        code=("simulation",),
        settings=("inventory", "simulation", "optimizer", "evidence", "merchants", "seed"),
    ),
    "policy/alternatives": Lineage("daily", {"policy/recommendations": Scope.SAME}, code=("simulation",)),
    "policy/cost_curves": Lineage("daily", {"policy/recommendations": Scope.SAME}, code=("simulation",)),
    "policy/order_curves": Lineage(
        "daily",
        {"policy/recommendations": Scope.SAME, "vectors/sku_vectors": Scope.SAME, **_raw("articles", "inbound_shipments", "merchants")},
        code=("simulation",),
        settings=("inventory", "simulation", "merchants"),
    ),
    "policy/constraint_prices": Lineage(
        "daily",
        {"policy/order_curves": Scope.ALL_SHARDS_OF_DAY, **_raw("merchants")},
        code=("simulation",),
        settings=("inventory", "merchants"),
    ),
    "policy/policies": Lineage(
        "daily",
        {
            "policy/recommendations": Scope.SAME,
            "policy/order_curves": Scope.ALL_SHARDS_OF_DAY,
            "vectors/sku_vectors": Scope.SAME,
            **_raw("merchants"),
        },
        code=("simulation",),
        settings=("inventory", "simulation", "optimizer", "merchants", "seed"),
    ),
    "policy/settings_in_force": Lineage(
        "daily",
        {"vectors/sku_vectors": Scope.SAME, **_raw("merchants")},
        code=("simulation",),
        settings=("forecast", "champions", "calibration", "inventory", "simulation", "optimizer", "evidence", "costs", "reading", "merchants", "seed"),
    ),
    "policy/order_changes": Lineage(
        "daily",
        dict.fromkeys(("policy/policies", "policy/settings_in_force", "vectors/sku_vectors"), Scope.DAY_AND_DAY_BEFORE),
        code=("simulation",),
        settings=("evidence",),
    ),
    "policy/order_releases": Lineage(
        "daily", {"policy/policies": Scope.SAME, "policy/order_changes": Scope.SAME}, code=("quality.governance",), settings=("governance",)
    ),
    "evaluation/exceptions": Lineage(
        "daily",
        {
            "policy/policies": Scope.ALL_SHARDS_OF_DAY,
            "policy/constraint_prices": Scope.SAME,
            "vectors/sku_vectors": Scope.ALL_SHARDS_OF_DAY,
            "vectors/readings": Scope.SAME,
            **_raw("stock_levels", "inbound_shipments", "articles", "merchants", "readings"),
        },
        code=("quality.exceptions",),
        settings=("inventory", "costs", "merchants"),
    ),
    "evaluation/decision_tallies": Lineage(
        "daily",
        {
            "policy/policies": Scope.DAY_AND_PAST_DECISIONS,
            "policy/order_changes": Scope.SAME,
            "vectors/sku_vectors": Scope.HORIZON_AGO,
            **_raw("sales_transactions", "weekly_sales", "returns", "stock_levels", "inbound_shipments"),
        },
        code=("quality",),
        settings=("drift",),
    ),
    "evaluation/decision_drift": Lineage("daily", {"evaluation/decision_tallies": Scope.ALL_SHARDS_OF_DAY}, code=("quality.drift",), settings=("drift",)),
}
"""Every computed table, inputs before what is made from them."""


def upstream_keys(scope: Scope, key: PartitionKey, *, n_shards: int) -> list[PartitionKey]:
    """The partitions of an input that a partition is made from: what Dagster's partition mappings say, without Dagster, and the earlier ones."""
    shard = key["shard"]
    every = shard_names(n_shards)
    match scope:
        case Scope.SAME:
            keys = [key]
        case Scope.SAME_SHARD:
            keys = [{"shard": shard}]
        case Scope.ALL_SHARDS:
            keys = [{"shard": other} for other in every]
        case Scope.ALL_SHARDS_OF_WEEK | Scope.ALL_SHARDS_OF_DAY:
            keys = [{**key, "shard": other} for other in every]
        case Scope.CUTOFF_OF_DAY:
            keys = [{"week": cutoff_for(date.fromisoformat(key["day"])).isoformat(), "shard": shard}]
        case Scope.ALL_SHARDS_OF_RECENT_WEEKS:
            keys = [{"week": week, "shard": other} for week in recent_weeks(key) for other in every]
        case _:
            keys = [earlier(key, back) for back in _TIMES_BACK[scope]]
    return keys


def required_keys(scope: Scope, key: PartitionKey, *, n_shards: int) -> list[PartitionKey]:
    """Those of them without which the partition cannot be made: all but the earlier ones of a scope that looks back."""
    keys = upstream_keys(scope, key, n_shards=n_shards)
    return [each for each in keys if _time(each) == _time(key)] if scope in LOOKING_BACK else keys


def earlier(key: PartitionKey, back: timedelta) -> PartitionKey:
    """The partition of the same shard so much time before."""
    return {**key, _dimension(key): (date.fromisoformat(_time(key)) - back).isoformat()}


def _dimension(key: PartitionKey) -> str:
    return "week" if "week" in key else "day"


def _time(key: PartitionKey) -> str:
    return key[_dimension(key)]


def recent_weeks(key: PartitionKey) -> list[str]:
    """The week of a partition and the 12 before it, oldest first."""
    newest = date.fromisoformat(key["week"])
    return [(newest - back * ONE_WEEK).isoformat() for back in range(HORIZON_WEEKS, -1, -1)]


def visible_before(key: PartitionKey) -> date:
    """First day whose rows a partition may not see: the decision day, or the Monday after the cutoff week."""
    return date.fromisoformat(key["day"]) if "day" in key else date.fromisoformat(key["week"]) + ONE_WEEK
