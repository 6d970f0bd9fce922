"""What stock, receipts, sales and returns of some past weeks have cost, at the rates that decisions were made with. What was not sold for lack of stock is not known here."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time

import polars as pl

from domain.calendar import ONE_DAY, ONE_WEEK

SERIES_KEY = ["merchant_id", "article_id"]
COST_COLUMNS = ("holding_cost_eur", "inbound_cost_eur", "outbound_cost_eur", "returns_cost_eur")
_RATES = ["holding_rate_eur_per_unit_week", "inbound_rate_eur_per_unit", "outbound_rate_eur_per_unit", "return_handling_rate_eur_per_unit"]


def realised_cost(vectors: pl.DataFrame, tables: Mapping[str, pl.DataFrame], *, start: date, n_weeks: int) -> pl.DataFrame:
    """Cost by series and term.

    Args:
        vectors: Series with their rates, as in `stage_tables.SkuVectors`.
        tables: `sales_transactions`, `weekly_sales`, `returns`, `stock_levels`, `inbound_shipments`.
        start: First day.
        n_weeks: Weeks of seven days from then on.

    Returns:
        `merchant_id`, `article_id`, `sold_units` and one column per term [EUR], for every series of the vectors.
    """
    end = start + n_weeks * ONE_WEEK
    units = (
        vectors.lazy()
        .select(*SERIES_KEY, *_RATES)
        .join(_held(tables["stock_levels"], start=start, n_weeks=n_weeks), on=SERIES_KEY, how="left")
        .join(_sold(tables, start=start, end=end), on=SERIES_KEY, how="left")
        .join(_events(tables["inbound_shipments"], "ordered_at", "ordered_units", start=start, end=end), on=SERIES_KEY, how="left")
        .join(_events(tables["returns"], "returned_at", "returned_units", start=start, end=end), on=SERIES_KEY, how="left")
        .with_columns(pl.col("held_unit_weeks", "sold_units", "ordered_units", "returned_units").fill_null(0))
    )
    terms = dict(zip(COST_COLUMNS, zip(("held_unit_weeks", "ordered_units", "sold_units", "returned_units"), _RATES, strict=True), strict=True))
    return units.select(*SERIES_KEY, "sold_units", **{name: pl.col(many) * pl.col(rate) for name, (many, rate) in terms.items()}).sort(SERIES_KEY).collect()


def ordered_units(shipments: pl.DataFrame, *, start: date, end: date) -> pl.LazyFrame:
    """Units that a series ordered from `start` to before `end`."""
    return _events(shipments, "ordered_at", "ordered_units", start=start, end=end)


def _instant(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _events(rows: pl.DataFrame, column: str, name: str, *, start: date, end: date) -> pl.LazyFrame:
    within = rows.lazy().filter(pl.col(column) >= _instant(start), pl.col(column) < _instant(end))
    return within.group_by(SERIES_KEY).agg(pl.col("quantity_units").sum().alias(name))


def _sold(tables: Mapping[str, pl.DataFrame], *, start: date, end: date) -> pl.LazyFrame:
    """Of weekly sales, the weeks that begin within."""
    single = _events(tables["sales_transactions"], "occurred_at", "sold_units", start=start, end=end)
    weeks = tables["weekly_sales"].lazy().filter(pl.col("week") >= start, pl.col("week") < end)
    weekly = weeks.group_by(SERIES_KEY).agg(sold_units=pl.col("sales_units").sum())
    return pl.concat([single, weekly]).group_by(SERIES_KEY).agg(pl.col("sold_units").sum())


def _held(levels: pl.DataFrame, *, start: date, n_weeks: int) -> pl.LazyFrame:
    """Σ over week ends of the latest count by then, over warehouses; a count older than four weeks is none."""
    ends = pl.LazyFrame({"end": [start + (number + 1) * ONE_WEEK - ONE_DAY for number in range(n_weeks)]}).sort("end")
    lanes = levels.lazy().filter(pl.col("on_hand_units").is_not_null(), pl.col("date") >= start - 4 * ONE_WEEK).sort("date")
    keys = [*SERIES_KEY, "warehouse_id"]
    grid = lanes.select(pl.col(SERIES_KEY), pl.col("warehouse_id").fill_null("")).unique().join(ends, how="cross").sort("end")
    latest = grid.join_asof(
        lanes.with_columns(pl.col("warehouse_id").fill_null("")),
        left_on="end",
        right_on="date",
        by=keys,
        strategy="backward",
        tolerance="28d",
        check_sortedness=False,
    )
    return latest.group_by(SERIES_KEY).agg(held_unit_weeks=pl.col("on_hand_units").sum())
