"""A tiny platform for tests of the DuckDB file: stage tables with numbers that can be worked out by hand."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import dataframely as dy
import polars as pl

from assets.layout import partition_location
from assets.marts import STAGE_VIEWS
from domain.stage_tables import CHANGE_CAUSES
from sources.storage import write_parquet

CUTOFF, WEEK_BEFORE, JUDGED = date(2026, 9, 21), date(2026, 9, 14), date(2026, 6, 29)
DAY, DAY_BEFORE = date(2026, 10, 1), date(2026, 9, 30)
"""A Thursday: 4 of 7 days of week 0 are left, so the 12 weeks are 81 days long."""

SHOES, UNNAMED, HATS = ({"merchant_id": merchant, "article_id": article} for merchant, article in (("M1", "A"), ("M1", "B"), ("M2", "A")))
Row = Mapping[str, Any]
ShardOf = Callable[[Row], int]


def by_article(row: Row) -> int:
    """Two shards: articles A and articles B."""
    return "AB".index(str(row.get("article_id", "A")))


def write_platform(root: Path, *, n_shards: int = 2, shard_of: ShardOf = by_article, marker: int = 0) -> None:
    """All stage tables that the DuckDB file shows.

    Args:
        root: Data root.
        n_shards: Number of shards.
        shard_of: Shard of a row.
        marker: Stands as `seed` in every policy: which write the rows come from.
    """
    for table, keyed_rows in platform_rows(marker=marker).items():
        for key, rows in keyed_rows.items():
            write_rows(root, table, key, rows, n_shards=n_shards, shard_of=shard_of)


def write_rows(root: Path, table: str, key: str, rows: Sequence[Row], *, n_shards: int = 2, shard_of: ShardOf = by_article) -> None:
    """One week or day of a stage table (`key` "" where it has none), split by shard."""
    view = next(view for view in STAGE_VIEWS.values() if view.table == table)
    for shard in range(n_shards):
        mine = [row for row in rows if view.is_replicated or shard_of(row) == shard]
        partition = {**({view.dimension: key} if view.dimension else {}), "shard": f"{shard:02d}"}
        write_parquet(frame_of(view.contract, mine), partition_location(str(root), table, partition))


def frame_of(contract: type[dy.Schema], rows: Sequence[Row]) -> pl.DataFrame:
    """Rows with every column of the contract; zero, false, "x" or null where a row says nothing."""
    columns = contract.columns()
    filled = [{name: row.get(name, _nothing(column)) for name, column in columns.items()} for row in rows]
    return pl.DataFrame(filled, schema=contract.create_empty().schema)


def _nothing(column: dy.Column) -> Any:
    if column.nullable:
        return None
    values: dict[type[dy.Column], Any] = {dy.String: "x", dy.Bool: False, dy.List: [], dy.Date: CUTOFF}
    return values.get(type(column), 0)


def platform_rows(*, marker: int = 0) -> dict[str, dict[str, list[Row]]]:
    """Rows by table and by week or day."""
    rows: dict[str, dict[str, list[Row]]] = {view.table: {"": []} for view in STAGE_VIEWS.values() if view.dimension is None}
    rows["raw/articles"] = {"": [SHOES | {"category": "shoes", "supplier_id": "S1"}, UNNAMED, HATS | {"category": "hats"}]}
    rows["raw/merchants"] = {"": [{"merchant_id": "M1", "name": "First", "budget_eur_per_week": 24.0}, {"merchant_id": "M2"}]}
    rows["series/merchant_profiles"] = {str(CUTOFF): [{"merchant_id": "M1", "category": ""}, {"merchant_id": "M2", "category": ""}]}
    rows |= {
        table: {str(CUTOFF): []}
        for table in (
            "forecast/dependence",
            "forecast/champions",
            "forecast/promotions",
            "forecast/calibration",
            "series/input_drift",
            "evaluation/forecast_drift",
        )
    }
    rows["series/unconstrained_demand"] = {str(CUTOFF): [UNNAMED | {"week": CUTOFF, "demand_mean_units": 1.0}]}
    rows["series/weekly_demand"] = {str(CUTOFF): _weekly_demand()}
    rows["forecast/quantiles"] = {str(cutoff): _forecasts(cutoff) for cutoff in (JUDGED, WEEK_BEFORE, CUTOFF)}
    rows["forecast/released"] = {str(CUTOFF): _forecasts(CUTOFF)}
    rows |= {table: {str(DAY): []} for table in ("evaluation/decision_drift",)}
    rows["policy/order_releases"] = {str(DAY): _releases()}
    terms = '{"inventory": {"lead_time_weeks": 1.5, "pack_size_units": 3}}'
    rows["policy/settings_in_force"] = {str(DAY): [{"merchant_id": merchant, "settings_hash": "x", "settings": terms} for merchant in ("M1", "M2")]}
    rows["evaluation/forecast_accuracy"] = {str(WEEK_BEFORE): _accuracy(date(2026, 6, 22), n_weeks=4), str(CUTOFF): _accuracy(JUDGED, n_weeks=10)}
    rows["vectors/sku_vectors"] = {str(DAY): _vectors()}
    rows["policy/policies"] = {str(DAY_BEFORE): _policies(DAY_BEFORE, marker=marker), str(DAY): _policies(DAY, marker=marker)}
    rows["policy/alternatives"] = {
        str(DAY): [
            SHOES | {"alternative": name, "difference_eur": euros, "standard_error_eur": 0.5}
            for name, euros in (("recommended", 0.0), ("nothing_today", 3.0), ("one_pack_less", 0.5))
        ]
    }
    rows["policy/cost_curves"] = {str(DAY): [SHOES | {"order_units": 0, "difference_eur": 3.0}, SHOES | {"order_units": 6}]}
    rows["policy/order_changes"] = {str(DAY): [_changed()]}
    rows["policy/constraint_prices"] = {str(DAY_BEFORE): _prices(DAY_BEFORE, price_eur=0.0), str(DAY): _prices(DAY, price_eur=2.3)}
    rows["evaluation/exceptions"] = {str(DAY): [HATS | {"date": DAY, "reason": "late", "at_stake_eur": 7.5}]}
    return rows


def _weekly_demand() -> list[Row]:
    return [
        SHOES | {"week": date(2025, 9, 22), "sales_units": 100, "unit_price_eur": 5.0},  # 52 weeks before the newest: out of the last year
        SHOES | {"week": WEEK_BEFORE, "sales_units": 10, "returned_units": 2, "unit_price_eur": 5.0},
        SHOES | {"week": CUTOFF, "sales_units": 4, "is_censored": True, "unit_price_eur": 5.0},
        UNNAMED | {"week": CUTOFF, "is_censored": True},
        HATS | {"week": WEEK_BEFORE, "sales_units": 20, "unit_price_eur": 2.0},
        HATS | {"week": CUTOFF, "sales_units": 30, "unit_price_eur": 2.0},
    ]


def _forecasts(cutoff: date) -> list[Row]:
    """Of the week after the cutoff: the forecast that has seen the week before the newest is too low for hats."""
    following = date.fromordinal(cutoff.toordinal() + 7)
    forecast = {
        "cutoff": cutoff,
        "week": following,
        "horizon_week": 1,
        "demand_q500": 25.0,
        "demand_mean_units": 27.0,
        "demand_q900": 29.0,
        "segment": "smooth",
    }
    return [SHOES | forecast, HATS | forecast]


def _accuracy(cutoff: date, *, n_weeks: int) -> list[Row]:
    judged = {"cutoff": cutoff, "n_weeks": n_weeks, "model": "lightgbm", "segment": "smooth"}
    return [
        SHOES | judged | {"actual_units": 40, "forecast_units": 50.0, "absolute_error_units": 10.0, "covered_weeks": 0.8 * n_weeks},
        HATS | judged | {"actual_units": 60, "forecast_units": 50.0, "absolute_error_units": 30.0, "covered_weeks": 0.6 * n_weeks},
        UNNAMED | judged | {"n_weeks": 0},
    ]


def _vectors() -> list[Row]:
    vector = {"date": DAY, "segment": "smooth"}
    return [
        SHOES | vector | {"on_hand_units": 14, "inbound_units": [7, 0], "unit_value_eur": 2.0, "unit_cost_eur": 2.0},
        UNNAMED | vector | {"on_hand_units": 0, "inbound_units": [0, 0], "unit_value_eur": 1.0},
        HATS | vector | {"on_hand_units": 7, "inbound_units": [0, 5], "unit_value_eur": 10.0},
    ]


def _changed() -> Row:
    causes = {f"{cause}_units": 0 for cause in CHANGE_CAUSES} | {"stock_units": 5, "forecast_units": -2}
    return SHOES | causes | {"date": DAY, "order_day_before_units": 3, "order_now_units": 6, "change_eur": 6.0}


def _releases() -> list[Row]:
    return [
        SHOES | {"status": "released", "recommended_units": 6, "released_units": 5},
        UNNAMED | {"status": "held"},
        HATS | {"status": "not_in_pilot", "recommended_units": 3},
    ]


def _prices(day: date, *, price_eur: float) -> list[Row]:
    budget = {"merchant_id": "M1", "constraint": "budget", "applies_to": "", "limit_amount": 24.0, "used_amount": 23.0, "price_eur": price_eur, "is_met": True}
    return [budget | {"date": day, "message": f"One more euro of budget saves {price_eur} EUR."}]


def _policies(day: date, *, marker: int) -> list[Row]:
    decided = {"date": day, "seed": marker}
    costs = {"expected_holding_cost_eur": 3.0, "expected_lost_sales_cost_eur": 1.1, "expected_cost_eur": 4.1, "expected_cost_without_order_eur": 10.1}
    return [
        SHOES | decided | costs | {"order_now_units": 6, "order_now_value_eur": 12.0, "expected_demand_units": 81.0, "fill_rate": 0.9},
        UNNAMED | decided | costs,
        HATS | decided | costs | {"order_before_budget_units": 3, "expected_demand_units": 8.1, "fill_rate": 0.5, "fill_rate_without_order": 0.4},
    ]
