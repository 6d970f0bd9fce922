"""What arrived in each of the last weeks, added up by scope. Each figure of a week rests on rows of that week and before, so it is the same at every later cutoff."""

from collections.abc import Mapping
from datetime import date

import polars as pl

from domain.calendar import ONE_WEEK
from domain.drift_tables import MARKET, N_BINS, N_HOURS, N_WEEKDAYS, InputTallies

SERIES_KEY = ["merchant_id", "article_id"]
N_TALLY_WEEKS = 60
"""Weeks tallied of series: the one that is judged, those it is compared with, and the same season of last year."""
N_SALES_WEEKS = 36
"""Weeks tallied of single sales: the one that is judged, 26 to compare with, and 8 before those for what they were compared with."""
ACTIVE_WEEKS = 26
_REGULAR_WEEKS = 4
_USUAL_PRICE_WEEKS = 13
_REFERENCE_LAGS = range(2, 6)
_FEWEST_REFERENCES = 3
_PRICE_JUMP = 5.0
_PROMOTED = 0.92
"""Below this share of the usual price demand is another one: such weeks say nothing of a level."""
_FEATURES = {
    "sales_units_counts": "sales_units",
    "unit_price_eur_counts": "sold_price_eur",
    "on_hand_units_counts": "stock_units",
    "returned_units_counts": "returned_units",
}
_LISTS = ("hour_counts", "weekday_counts", *_FEATURES, "quantity_units_counts")


def tally_input(tables: Mapping[str, pl.DataFrame], weekly_demand: pl.DataFrame, *, cutoff: date, n_more_weeks: int = 0) -> pl.DataFrame:
    """Tallies of a shard's rows by week and scope.

    Args:
        tables: `sales_transactions`, `stock_levels`, `inbound_shipments` and `articles`; rows after the cutoff week are not looked at.
        weekly_demand: `stage_tables.WeeklyDemand` of the same series at the cutoff.
        cutoff: Monday of the last week.
        n_more_weeks: Weeks beyond those that one cutoff needs, to judge as many earlier ones from the same tallies.

    Returns:
        `drift_tables.InputTallies` of the last 60 weeks, sorted; what single sales are counted for in the last 36 of them.
    """
    first = cutoff - (N_TALLY_WEEKS + n_more_weeks - 1) * ONE_WEEK
    categories = tables["articles"].lazy().select(*SERIES_KEY, "category")
    series = _by_scope(
        _series_weeks(tables, weekly_demand, first=first - ACTIVE_WEEKS * ONE_WEEK, cutoff=cutoff).filter(pl.col("week") >= first), categories, _SERIES_SUMS
    )
    sales = _by_scope(
        _sales(tables["sales_transactions"], first=cutoff - (N_SALES_WEEKS + n_more_weeks - 1) * ONE_WEEK, cutoff=cutoff), categories, _SALES_SUMS
    )
    both = series.join(sales, on=["week", "scope"], how="full", coalesce=True).with_columns(pl.col(pl.Int64).fill_null(0))
    lists = [pl.concat_list(f"{name}_{place}" for place in range(length)).alias(name) for name, length in _LENGTHS.items()]
    return InputTallies.validate(both.with_columns(lists).select(InputTallies.column_names()).sort("week", "scope").collect())


def add_tallies(tallies: list[pl.DataFrame]) -> pl.DataFrame:
    """The tallies of several shards added up, sorted."""
    counts = [name for name in InputTallies.column_names() if name not in {"week", "scope"}]
    whole = pl.concat([InputTallies.create_empty(), *tallies]).lazy()
    spread = whole.with_columns(pl.col(name).list.get(place).alias(f"{name}_{place}") for name, length in _LENGTHS.items() for place in range(length))
    columns = [column for name in counts for column in ([f"{name}_{place}" for place in range(_LENGTHS[name])] if name in _LENGTHS else [name])]
    sums = spread.group_by("week", "scope").agg(pl.col(columns).sum())
    lists = [pl.concat_list(f"{name}_{place}" for place in range(length)).alias(name) for name, length in _LENGTHS.items()]
    return InputTallies.validate(sums.with_columns(lists).select(InputTallies.column_names()).sort("week", "scope").collect())


_LENGTHS: Mapping[str, int] = {name: {"hour_counts": N_HOURS, "weekday_counts": N_WEEKDAYS}.get(name, N_BINS) for name in _LISTS}


def _of_series(expression: pl.Expr) -> pl.Expr:
    return expression.over(SERIES_KEY)


def _series_weeks(tables: Mapping[str, pl.DataFrame], weekly_demand: pl.DataFrame, *, first: date, cutoff: date) -> pl.LazyFrame:
    """One row per series and week, with what the tallies count as flags and units."""
    weeks = weekly_demand.lazy().filter(pl.col("week") >= first).sort(*SERIES_KEY, "week")
    joined = weeks.join(_stock(tables["stock_levels"], first=first, cutoff=cutoff), on=[*SERIES_KEY, "week"], how="left", maintain_order="left")
    received = _received(tables["inbound_shipments"], first=first, cutoff=cutoff)
    joined = joined.join(received, on=[*SERIES_KEY, "week"], how="left", maintain_order="left").with_columns(pl.col("received_units").fill_null(0))
    joined = joined.join(tables["articles"].lazy().select(*SERIES_KEY, "end_of_life_date"), on=SERIES_KEY, how="left", maintain_order="left")
    born = weekly_demand.lazy().filter(pl.col("sales_units") > 0).group_by(SERIES_KEY).agg(born=pl.col("week").min())
    return _with_flags(joined.join(born, on=SERIES_KEY, how="left", maintain_order="left"))


def _stock(levels: pl.DataFrame, *, first: date, cutoff: date) -> pl.LazyFrame:
    """Stock at the end of each week, over warehouses, what is below zero as none; no row = not counted in the week."""
    day = pl.col("date")
    known = levels.lazy().filter(day >= first, day < cutoff + ONE_WEEK, pl.col("on_hand_units").is_not_null())
    lanes = known.group_by(*SERIES_KEY, "warehouse_id", week=day.dt.truncate("1w")).agg(pl.col("on_hand_units").sort_by("date").last().clip(lower_bound=0))
    return lanes.group_by(*SERIES_KEY, "week").agg(stock_units=pl.col("on_hand_units").sum())


def _received(shipments: pl.DataFrame, *, first: date, cutoff: date) -> pl.LazyFrame:
    day = pl.col("received_at").cast(pl.Date)
    arrived = shipments.lazy().filter(day >= first, day < cutoff + ONE_WEEK)
    return arrived.group_by(*SERIES_KEY, week=day.dt.truncate("1w")).agg(received_units=pl.col("quantity_units").sum())


def _with_flags(weeks: pl.LazyFrame) -> pl.LazyFrame:
    sold, stock, price = pl.col("sales_units"), pl.col("stock_units"), pl.col("sold_price_eur")
    usual_price = _of_series(pl.col("last_price_eur").shift(1).rolling_median(_USUAL_PRICE_WEEKS, min_samples=1))
    is_promoted = (pl.col("last_price_eur") < _PROMOTED * usual_price).fill_null(value=False)
    known = pl.when(~pl.col("is_censored") & ~pl.col("is_promoted")).then(sold)
    before = stock.shift(1)
    movement = pl.col("received_units") + pl.col("returned_units") - sold.fill_null(0)
    return (
        weeks.with_columns(sold_price_eur=pl.when(sold > 0).then("unit_price_eur"), last_price_eur=_of_series(pl.col("unit_price_eur").forward_fill()))
        .with_columns(is_promoted=is_promoted)
        .with_columns(
            is_active=_of_series((sold > 0).cast(pl.Int64).fill_null(0).rolling_sum(ACTIVE_WEEKS, min_samples=1)) > 0,
            was_active=_of_series((sold > 0).cast(pl.Int64).fill_null(0).rolling_sum(ACTIVE_WEEKS, min_samples=1).shift(1)) > 0,
            is_regular=pl.all_horizontal(_of_series((sold.shift(lag) > 0).fill_null(value=False)) for lag in range(1, _REGULAR_WEEKS + 1))
            & ~pl.col("is_censored"),
            stock_before=_of_series(before),
            movement=movement,
            usual_price=_of_series(price.shift(1).rolling_median(_USUAL_PRICE_WEEKS, min_samples=_FEWEST_REFERENCES)),
            reference=pl.mean_horizontal(_of_series(known.shift(lag)) for lag in _REFERENCE_LAGS),
            n_references=pl.sum_horizontal(_of_series(known.shift(lag)).is_not_null() for lag in _REFERENCE_LAGS),
        )
        .with_columns(
            gap=stock - pl.col("stock_before") - pl.col("movement"),
            is_matched=(pl.col("n_references") >= _FEWEST_REFERENCES) & known.is_not_null(),
            price_ratio=price / pl.col("usual_price"),
        )
    )


def _count(condition: pl.Expr) -> pl.Expr:
    return condition.fill_null(value=False).sum().cast(pl.Int64)


def _histogram(name: str, value: pl.Expr, *, length: int) -> list[pl.Expr]:
    return [_count(value == place).alias(f"{name}_{place}") for place in range(length)]


def _bin(column: str) -> pl.Expr:
    """Half octaves of 1 + value: 0, 1 … 29."""
    return (2 * (1 + pl.col(column).cast(pl.Float64)).log(2)).floor().clip(0, N_BINS - 1).cast(pl.Int64)


def _thousandths(value: pl.Expr) -> pl.Expr:
    return (value.filter("is_matched") * 1_000).round().cast(pl.Int64).sum()


_WEIGHT = (pl.col("reference") + 0.5).sqrt()
"""Each series counts by the root of what it sells: by its units, one best-seller would be its category."""
_SILENT = pl.col("sales_units").fill_null(0) == 0
_COUNTED_TWICE = pl.col("gap").is_not_null()
_IS_DUE_FOR_COUNT = pl.col("stock_before").is_not_null() & ~(pl.col("end_of_life_date") < pl.col("week") + pl.duration(weeks=1)).fill_null(value=False)
_SERIES_SUMS: list[pl.Expr] = [
    _count(pl.col("is_active")).alias("n_series"),
    _count(pl.col("born") == pl.col("week")).alias("n_first_sales"),
    _count(pl.col("was_active") & ~pl.col("is_active")).alias("n_last_sales"),
    _count(pl.col("is_active") & pl.col("is_censored")).alias("n_censored"),
    _count(pl.col("is_regular")).alias("n_regular"),
    _count(pl.col("is_regular") & _SILENT).alias("n_silent"),
    _count(_IS_DUE_FOR_COUNT).alias("n_counted_before"),
    _count(_IS_DUE_FOR_COUNT & pl.col("stock_units").is_null()).alias("n_uncounted"),
    _count(_COUNTED_TWICE & (pl.col("movement") != 0)).alias("n_moved"),
    _count(_COUNTED_TWICE & (pl.col("movement") != 0) & (pl.col("stock_units") == pl.col("stock_before"))).alias("n_frozen"),
    (pl.col("sales_units").fill_null(0) + pl.col("returned_units") + pl.col("received_units")).filter(_COUNTED_TWICE).sum().cast(pl.Int64).alias("moved_units"),
    pl.col("gap").abs().sum().cast(pl.Int64).alias("unexplained_units"),
    _count(pl.col("price_ratio").is_not_null()).alias("n_priced"),
    _count((pl.col("price_ratio") > _PRICE_JUMP) | (pl.col("price_ratio") < 1 / _PRICE_JUMP)).alias("n_price_jumps"),
    pl.col("sales_units").sum().alias("sold_units"),
    _count(pl.col("is_matched") & (pl.col("reference") > 0)).alias("n_matched"),
    _thousandths(pl.col("sales_units") / _WEIGHT).alias("matched_sales_parts"),
    _thousandths(pl.col("reference") / _WEIGHT).alias("matched_reference_parts"),
    *(expression for name, column in _FEATURES.items() for expression in _histogram(name, _bin(column), length=N_BINS)),
]
_SALES_SUMS: list[pl.Expr] = [
    pl.len().cast(pl.Int64).alias("n_sales"),
    _count(pl.col("is_repeated")).alias("n_repeated_sales"),
    *_histogram("hour_counts", pl.col("occurred_at").dt.hour(), length=N_HOURS),
    *_histogram("weekday_counts", pl.col("occurred_at").dt.weekday() - 1, length=N_WEEKDAYS),
    *_histogram("quantity_units_counts", _bin("quantity_units"), length=N_BINS),
]


def _sales(rows: pl.DataFrame, *, first: date, cutoff: date) -> pl.LazyFrame:
    day = pl.col("occurred_at").cast(pl.Date)
    twin = pl.struct(*SERIES_KEY, "warehouse_id", "occurred_at", "quantity_units", "unit_price_eur")
    seen = rows.lazy().filter(day >= first, day < cutoff + ONE_WEEK)
    return seen.with_columns(week=day.dt.truncate("1w"), is_repeated=~twin.is_first_distinct())


def _by_scope(rows: pl.LazyFrame, categories: pl.LazyFrame, sums: list[pl.Expr]) -> pl.LazyFrame:
    """The sums over the market, each merchant and each category, added up from those of merchants' categories."""
    cells = rows.join(categories, on=SERIES_KEY, how="left").group_by("week", "merchant_id", "category").agg(sums).collect().lazy()
    added = pl.exclude("week", "merchant_id", "category").sum()
    scopes = [
        cells.group_by("week", scope=pl.lit(MARKET)).agg(added),
        cells.group_by("week", scope=pl.format("merchant {}", "merchant_id")).agg(added),
        cells.filter(pl.col("category").is_not_null()).group_by("week", scope=pl.format("category {}", "category")).agg(added),
    ]
    return pl.concat(scopes)
