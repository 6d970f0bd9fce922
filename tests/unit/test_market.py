import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from domain.errors import UsageError
from domain.tables import RAW_TABLES
from sources.folder import read_source
from sources.market import DEMO_LAST_DAY, build_market, write_market

KEY = ["merchant_id", "article_id"]


@pytest.fixture(scope="module")
def market() -> dict[str, pl.DataFrame]:
    return build_market(n_merchants=3, n_articles=60, n_weeks=104, seed=7)


def test_the_newest_week_of_the_demonstration_is_incomplete() -> None:
    assert DEMO_LAST_DAY.weekday() == 2
    assert dt.datetime.now(dt.UTC).date() >= DEMO_LAST_DAY


def test_every_row_keeps_the_contract(tmp_path: Path) -> None:
    written = write_market(n_merchants=3, n_articles=20, n_weeks=60, seed=7, out=tmp_path)
    read = read_source(str(tmp_path), today=DEMO_LAST_DAY)
    assert read.rejects.is_empty()
    assert read.missing_optional == ["external_signals"]
    for table in read.present:
        assert read.frames[table].height == written[table] > 0
    truth = pl.read_parquet(tmp_path / "truth" / "weekly_demand.parquet")
    assert truth.columns == [*KEY, "week", "demand_units"]
    assert truth.height == 3 * 20 * 60
    assert truth["week"].max() == dt.date(2026, 9, 21)


def test_same_seed_same_market_and_merchants_do_not_depend_on_each_other(market: dict[str, pl.DataFrame]) -> None:
    again = build_market(n_merchants=2, n_articles=60, n_weeks=104, seed=7)
    other = build_market(n_merchants=2, n_articles=60, n_weeks=104, seed=8)
    for name, frame in again.items():
        assert frame.equals(market[name].filter(pl.col("merchant_id") != "M003")), name
        assert name == "cost_rates" or not frame.equals(other[name]), name


def test_units_are_conserved_from_count_to_count(market: dict[str, pl.DataFrame]) -> None:
    def per_day(table: str, column: str, units: pl.Expr) -> pl.DataFrame:
        return market[table].drop_nulls(column).select(*KEY, pl.col(column).dt.date().alias("date"), units.alias("units"))

    units = pl.col("quantity_units")
    flows = pl.concat(
        [per_day("inbound_shipments", "received_at", units), per_day("returns", "returned_at", units), per_day("sales_transactions", "occurred_at", -units)]
    )
    flows = flows.group_by(*KEY, "date").agg(pl.col("units").sum()).sort("date").with_columns(pl.col("units").cum_sum().over(KEY))
    counted = market["stock_levels"].sort("date").join_asof(flows, on="date", by=KEY, check_sortedness=False)
    assert counted.height > 15_000
    assert counted.filter(pl.col("units").fill_null(0) != pl.col("on_hand_units")).is_empty()
    assert counted["date"].dt.weekday().unique().sort().to_list() == [3, 7]


def test_sales_never_exceed_demand_and_both_stock_outs_and_quiet_weeks_happen(market: dict[str, pl.DataFrame]) -> None:
    weeks = pl.col("occurred_at").dt.date().dt.truncate("1w").alias("week")
    sold = market["sales_transactions"].group_by(*KEY, weeks).agg(pl.col("quantity_units").sum().alias("sales_units"))
    life = market["articles"].select(*KEY, "launch_date", "end_of_life_date")
    both = market["weekly_demand"].join(sold, on=[*KEY, "week"], how="left").join(life, on=KEY).with_columns(pl.col("sales_units").fill_null(0))
    assert both.filter(pl.col("sales_units") > pl.col("demand_units")).is_empty()
    alive = both.filter((pl.col("week") >= pl.col("launch_date")).fill_null(True) & (pl.col("week") <= pl.col("end_of_life_date")).fill_null(True))
    availability = (alive["sales_units"] == alive["demand_units"]).mean()
    zero_share = (alive["sales_units"] == 0).mean()
    intermittent = alive.group_by(KEY).agg((pl.col("demand_units") == 0).mean().alias("zeros")).select((pl.col("zeros") > 1 - 1 / 1.32).mean()).item()
    print(f"availability {availability:.3f}, share of zero weeks {zero_share:.3f}, intermittent series {intermittent:.3f}")  # noqa: T201 - the figures are the point
    assert 0.70 < float(str(availability)) < 0.95
    assert 0.15 < float(str(zero_share)) < 0.40
    assert 0.2 < intermittent < 0.5
    assert both.filter((pl.col("demand_units") > 0) & ((pl.col("week") < pl.col("launch_date")) | (pl.col("week") > pl.col("end_of_life_date")))).is_empty()


def test_christmas_is_the_peak_of_the_year(market: dict[str, pl.DataFrame]) -> None:
    by_month = market["weekly_demand"].group_by(pl.col("week").dt.month().alias("month")).agg(pl.col("demand_units").mean()).sort("demand_units")
    assert by_month["month"][-1] == 12


def test_returns_belong_to_an_earlier_sale_that_is_large_enough(market: dict[str, pl.DataFrame]) -> None:
    pairs = market["returns"].join(market["sales_transactions"], on=[*KEY, "transaction_id"], suffix="_sold")
    assert pairs.height == market["returns"].height > 0
    lag_days = (pl.col("returned_at").dt.date() - pl.col("occurred_at").dt.date()).dt.total_days()
    assert pairs.filter((pl.col("quantity_units") > pl.col("quantity_units_sold")) | (pl.col("sold_at") != pl.col("occurred_at"))).is_empty()
    assert pairs.select(lag_days.min().alias("min"), lag_days.max().alias("max")).row(0) == (4, 38)
    sold = market["sales_transactions"].join(market["articles"], on=KEY).group_by("category").agg(pl.col("quantity_units").sum())
    back = market["returns"].join(market["articles"], on=KEY).group_by("category").agg(pl.col("quantity_units").sum().alias("back"))
    rates = dict(sold.join(back, on="category").select("category", pl.col("back") / pl.col("quantity_units")).rows())
    assert rates["apparel"] > rates["electronics"] > rates["garden"]


def test_shipments_come_in_packs_and_the_last_are_in_transit(market: dict[str, pl.DataFrame]) -> None:
    shipments = market["inbound_shipments"].join(market["articles"], on=KEY)
    assert shipments.filter(pl.col("quantity_units") % pl.col("pack_size_units") != 0).is_empty()
    assert shipments.filter(pl.col("quantity_units") < pl.col("minimum_order_quantity_units")).is_empty()
    open_ones = shipments.filter(pl.col("received_at").is_null())
    assert open_ones.height > 0
    assert open_ones["expected_at"].null_count() == 0
    assert shipments.filter(pl.col("received_at") <= pl.col("ordered_at")).is_empty()
    assert shipments["ordered_at"].dt.date().max() <= DEMO_LAST_DAY  # type: ignore[operator]


def test_the_smallest_market_and_a_last_day_that_completes_its_week() -> None:
    tables = build_market(n_merchants=1, n_articles=1, n_weeks=1, seed=1, last_day=dt.date(2026, 9, 27))
    assert set(tables) <= {*RAW_TABLES, "weekly_demand"}
    assert tables["weekly_demand"].height == 1
    assert tables["stock_levels"]["date"].to_list() == [dt.date(2026, 9, 27)]


@pytest.mark.parametrize("wrong", ["n_merchants", "n_articles", "n_weeks"])
def test_sizes_below_one_are_refused(wrong: str) -> None:
    sizes = {"n_merchants": 1, "n_articles": 1, "n_weeks": 1} | {wrong: 0}
    with pytest.raises(UsageError, match=wrong):
        build_market(**sizes, seed=1)
