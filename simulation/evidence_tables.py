"""The evidence of a day's recommendations as tables: one row per alternative, per point of a cost curve, per changed order."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import polars as pl

from domain.errors import StaleInputError
from domain.feature_vector import vector_from_row
from domain.settings import Settings
from domain.stage_tables import CHANGE_CAUSES, NOT_DECIDED, Alternatives, CostCurves, OrderChanges, SettingsInForce
from simulation.order_changes import Inputs, keeping_difference, order_of, trace_order_change

_KEY = ["merchant_id", "article_id"]
_TRACED = [*(f"{cause}_units" for cause in CHANGE_CAUSES), "keeping_difference_eur", "keeping_standard_error_eur"]
_NOTHING_TRACED = [pl.lit(None, pl.Float64 if name.endswith("_eur") else pl.Int64).alias(name) for name in _TRACED]
_RECOMMENDED = "order_before_budget_units"
Row = Mapping[str, Any]


def alternatives_of(recommendations: pl.DataFrame) -> pl.DataFrame:
    """Rows of `stage_tables.Alternatives`, in the order of the recommendations."""
    return Alternatives.validate(recommendations.select(*_KEY, "alternatives").explode("alternatives").unnest("alternatives"))


def cost_curves_of(recommendations: pl.DataFrame) -> pl.DataFrame:
    """Rows of `stage_tables.CostCurves`, in the order of the recommendations, quantities rising."""
    with_curve = recommendations.select(*_KEY, "cost_curve").filter(pl.col("cost_curve").list.len() > 0)
    return CostCurves.validate(with_curve.explode("cost_curve").unnest("cost_curve"))


def settings_in_force(vectors: pl.DataFrame, settings: Settings, *, merchants: pl.DataFrame) -> pl.DataFrame:
    """Rows of `stage_tables.SettingsInForce`, one per merchant of the vectors.

    Args:
        vectors: Rows of `stage_tables.SkuVectors`.
        settings: The platform's; each merchant's own are put on top.
        merchants: Contract table `merchants`, possibly without rows.
    """
    merchant_rows = {row["merchant_id"]: row for row in merchants.iter_rows(named=True)}
    merchant_ids = vectors["merchant_id"].unique().sort()
    own = {merchant_id: settings.for_merchant_if_usable(merchant_id, merchant_rows.get(merchant_id))[0] for merchant_id in merchant_ids}
    rows = [{"merchant_id": merchant_id, "settings_hash": its.hash(), "settings": its.as_record()} for merchant_id, its in own.items()]
    return SettingsInForce.validate(pl.DataFrame(rows, schema=SettingsInForce.create_empty().schema))


class Day(NamedTuple):
    """The tables of one decision day that changes are traced from."""

    policies: pl.DataFrame
    """Rows of `stage_tables.Policies`."""
    vectors: pl.DataFrame
    """Of the same SKUs."""
    settings: pl.DataFrame
    """Rows of `stage_tables.SettingsInForce`."""


def order_changes_of(today: Day, before: Day, *, explained_from_eur: float | None, n_threads: int) -> pl.DataFrame:
    """Rows of `stage_tables.OrderChanges`: SKUs of both days whose order differs, by key.

    Args:
        today: The decision day.
        before: The day before.
        explained_from_eur: Changes worth at least this are traced to their causes; `None` = none are.
        n_threads: SKUs traced at a time.

    Raises:
        StaleInputError: Today's settings are not on record.
    """
    changed = _changed_orders(today, before).with_columns(_NOTHING_TRACED)
    is_traced = pl.lit(False) if explained_from_eur is None else pl.col("change_eur").abs() >= explained_from_eur
    keys = changed.filter(is_traced).select(_KEY)
    policy, vector, policy_before, vector_before = (
        _by_key(frame.join(keys, on=_KEY, how="semi")) for frame in (today.policies, today.vectors, before.policies, before.vectors)
    )
    records = {hash_: record for day in (before, today) for hash_, record in day.settings.select("settings_hash", "settings").iter_rows()}
    known = {hash_: Settings.from_record(record) for hash_, record in records.items()}

    def trace(key: tuple[str, ...]) -> dict[str, Any]:
        return {**dict(zip(_KEY, key, strict=True)), **_traced(policy[key], vector[key], policy_before[key], vector_before[key], known)}

    with ThreadPoolExecutor(n_threads) as threads:
        traced = pl.DataFrame(list(threads.map(trace, keys.rows())), schema=OrderChanges.create_empty().select(*_KEY, *_TRACED).schema)
    return OrderChanges.validate(changed.update(traced, on=_KEY).select(OrderChanges.column_names()).sort(_KEY))


def _changed_orders(today: Day, before: Day) -> pl.DataFrame:
    """SKUs of both days whose order differs from what was planned the day before, by what, and what of it are limits across articles.

    Between two order days plans are compared; an order that was for the day before is no plan any more.
    """
    cut = pl.col("order_now_units") - pl.col("order_before_budget_units")
    planned = pl.col("order_now_units") + pl.col("planned_order_units")
    open_plans = before.policies.filter(pl.col("order_now_units") == 0, pl.col("decision") != NOT_DECIDED)
    then = open_plans.select(*_KEY, order_day_before_units=planned, cut_before=cut)
    decided = today.policies.filter(pl.col("decision") != NOT_DECIDED)
    both = decided.select("date", *_KEY, order_now_units=planned, cut_now=cut).join(then, on=_KEY, how="inner")
    values = today.vectors.select(*_KEY, "unit_value_eur")
    changed = both.filter(pl.col("order_now_units") != pl.col("order_day_before_units")).join(values, on=_KEY, how="left").sort(_KEY)
    return changed.with_columns(
        change_eur=(pl.col("order_now_units") - pl.col("order_day_before_units")) * pl.col("unit_value_eur"),
        constraints_units=pl.col("cut_now") - pl.col("cut_before"),
    )


def _traced(policy: Row, vector: Row, policy_before: Row, vector_before: Row, known: Mapping[str, Settings | None]) -> dict[str, Any]:
    """The columns `_TRACED` of one changed order."""
    settings, settings_before = known.get(policy["settings_hash"]), known.get(policy_before["settings_hash"])
    if settings is None:
        raise StaleInputError(
            f"the settings of merchant {policy['merchant_id']} on {policy['date']} are not on record",
            got=f"no settings with hash {policy['settings_hash']}",
            remedy="Materialise policy/settings_in_force, policy/recommendations and policy/policies of the day together.",
        )
    after, recommended, recommended_before = Inputs(vector_from_row(vector), settings), _planned(policy), _planned(policy_before)
    before = Inputs(vector_from_row(vector_before), settings_before or settings)
    start = recommended_before if settings_before else order_of(*before)
    units: dict[str, int | None] = {**trace_order_change(before, after, order_before_units=start, order_after_units=recommended)}
    if settings_before is None:
        units |= {"lead_time": None, "settings": None, "other": (units["other"] or 0) + start - recommended_before}
    difference, error = keeping_difference(policy, _planned(policy_before), *after)
    return {f"{cause}_units": moved for cause, moved in units.items()} | {"keeping_difference_eur": difference, "keeping_standard_error_eur": error}


def _planned(policy: Row) -> int:
    """Today's order or, where today is no order day, that of the next one; before any limit."""
    return int(policy[_RECOMMENDED] + policy["planned_order_units"])


def _by_key(frame: pl.DataFrame) -> dict[tuple[str, ...], Row]:
    return {tuple(row[name] for name in _KEY): row for row in frame.iter_rows(named=True)}
