"""The market's tables: the contract, units, determinism, what is recorded of the truth."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from domain.errors import UsageError
from domain.tables import RAW_TABLES, ROW_KEYS
from sources.folder import read_source
from sources.market import DEMO_LAST_DAY, PROFILES, build_market, write_market
from sources.market.build import MarketSize, buyer_tasks
from sources.market.merchants import BUYER_ARTICLES

KEY = ["merchant_id", "article_id"]
LANE = [*KEY, "warehouse_id"]


@pytest.fixture(scope="module")
def market() -> dict[str, pl.DataFrame]:
    return build_market(n_merchants=4, n_articles=60, n_weeks=104, seed=7)


def sales_by_week(market: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Truth and sales of every article-week, with the article's attributes."""
    week = pl.col("occurred_at").dt.date().dt.truncate("1w").alias("week")
    sold = market["sales_transactions"].group_by(*KEY, week).agg(pl.col("quantity_units").sum().alias("sales_units"))
    weeks = market["weekly_demand"].join(sold, on=[*KEY, "week"], how="left").with_columns(pl.col("sales_units").fill_null(0))
    return weeks.join(market["articles"], on=KEY)


def test_the_newest_week_of_the_demonstration_is_incomplete() -> None:
    assert DEMO_LAST_DAY.weekday() == 2
    assert dt.datetime.now(dt.UTC).date() >= DEMO_LAST_DAY


@pytest.mark.parametrize("profile", PROFILES)
def test_every_row_keeps_the_contract(tmp_path: Path, profile: str) -> None:
    written = write_market(n_merchants=3, n_articles=20, n_weeks=60, seed=7, out=tmp_path, profile=profile)  # type: ignore[arg-type]
    read = read_source(str(tmp_path), today=DEMO_LAST_DAY)
    assert read.rejects.is_empty()
    assert read.missing_optional == []
    for table in read.present:
        stored = pl.read_parquet(tmp_path / f"{table}.parquet")
        assert stored.height == written[table] > 0
        assert stored.equals(read.frames[table]), f"{table} is not sorted by {ROW_KEYS[table]}"
    truth = pl.read_parquet(tmp_path / "truth" / "weekly_demand.parquet")
    assert truth.columns == [*KEY, "week", "demand_units"]
    assert truth.height == 3 * 20 * 60
    assert truth["week"].max() == dt.date(2026, 9, 21)


def test_the_written_market_is_the_one_in_memory_whatever_the_threads(tmp_path: Path) -> None:
    size = {"n_merchants": 3, "n_articles": BUYER_ARTICLES // 10, "n_weeks": 20, "seed": 5}
    for n_threads in (1, 2, 5):
        write_market(**size, out=tmp_path / str(n_threads), n_threads=n_threads)  # type: ignore[arg-type]
    one = {path.relative_to(tmp_path / "1"): path.read_bytes() for path in (tmp_path / "1").rglob("*.parquet")}
    assert len(one) == 9
    for name, content in one.items():
        assert content == (tmp_path / "2" / name).read_bytes() == (tmp_path / "5" / name).read_bytes(), name
    for name, frame in build_market(**size).items():  # type: ignore[arg-type]
        folder = tmp_path / "1" if name in RAW_TABLES else tmp_path / "1" / "truth"
        assert pl.read_parquet(folder / f"{name}.parquet").equals(frame), name


def test_same_seed_same_market_and_merchants_do_not_depend_on_each_other(market: dict[str, pl.DataFrame]) -> None:
    again = build_market(n_merchants=3, n_articles=60, n_weeks=104, seed=7)
    other = build_market(n_merchants=3, n_articles=60, n_weeks=104, seed=8)
    for name, frame in again.items():
        assert frame.equals(market[name].filter(pl.col("merchant_id").ne_missing("M004"))), name
        assert not frame.equals(other[name]), name


def test_a_merchant_with_many_buyers_keeps_its_order() -> None:
    tables = build_market(n_merchants=1, n_articles=BUYER_ARTICLES + 3, n_weeks=3, seed=1)
    assert tables["articles"]["article_id"].is_sorted()
    assert tables["articles"]["article_id"].to_list()[-1] == f"A{BUYER_ARTICLES + 3:06d}"
    assert tables["articles"].height == tables["weekly_demand"].height / 3 == BUYER_ARTICLES + 3


def test_units_are_conserved_in_every_warehouse_from_count_to_count(market: dict[str, pl.DataFrame]) -> None:
    def per_day(rows: pl.DataFrame, column: str, units: pl.Expr) -> pl.DataFrame:
        return rows.drop_nulls(column).select(*LANE, pl.col(column).dt.date().alias("date"), units.alias("units"))

    units, sales = pl.col("quantity_units"), market["sales_transactions"]
    returns = market["returns"].join(sales.select(*KEY, "transaction_id", "warehouse_id"), on=[*KEY, "transaction_id"])
    flows = pl.concat(
        [per_day(market["inbound_shipments"], "received_at", units), per_day(returns, "returned_at", units), per_day(sales, "occurred_at", -units)]
    )
    flows = flows.group_by(*LANE, "date").agg(pl.col("units").sum()).sort("date").with_columns(pl.col("units").cum_sum().over(LANE))
    counted = market["stock_levels"].sort("date").join_asof(flows, on="date", by=LANE, check_sortedness=False)
    assert counted.height > 15_000
    assert counted.filter(pl.col("units").fill_null(0) != pl.col("on_hand_units")).is_empty()
    assert counted["date"].dt.weekday().unique().sort().to_list() == [3, 7]
    last = flows.group_by(LANE).agg(pl.col("units").last()).join(market["stock_levels"].sort("date").group_by(LANE, maintain_order=True).last(), on=LANE)
    returned_after = market["stock_levels"].select(LANE).unique().height - last.filter(pl.col("units") == pl.col("on_hand_units")).height
    assert returned_after == 0  # what is delisted and gone is not counted any more, and nothing moves after its last count


def test_several_warehouses_and_their_sales(market: dict[str, pl.DataFrame]) -> None:
    many = build_market(n_merchants=8, n_articles=20, n_weeks=10, seed=7)
    warehouses = many["sales_transactions"].group_by("merchant_id").agg(pl.col("warehouse_id").n_unique())["warehouse_id"]
    assert warehouses.min() == 1
    assert warehouses.max() == 3
    stocked = market["stock_levels"].select(LANE).unique()
    assert market["sales_transactions"].join(stocked, on=LANE, how="anti").is_empty()


def test_sales_are_the_demand_as_long_as_there_is_stock(market: dict[str, pl.DataFrame]) -> None:
    both = sales_by_week(market)
    assert both.filter(pl.col("sales_units") > pl.col("demand_units")).is_empty()
    outside = (pl.col("week") < pl.col("launch_date").dt.truncate("1w")) | (pl.col("week") > pl.col("end_of_life_date")).fill_null(value=False)
    assert both.filter(outside)["demand_units"].sum() == 0
    # A week that began with at least its demand on hand in every warehouse loses nothing.
    opening = market["stock_levels"].with_columns((pl.col("date") + pl.duration(days=1)).alias("week"))
    single = (
        opening.group_by(*KEY, "week")
        .agg(pl.col("on_hand_units").sum(), pl.len())
        .join(opening.group_by(KEY).agg(pl.col("warehouse_id").n_unique().alias("n_warehouses")).filter(pl.col("n_warehouses") == 1), on=KEY)
    )
    rich = both.join(single, on=[*KEY, "week"]).filter(pl.col("on_hand_units") >= pl.col("demand_units"))
    assert rich.height > 5_000
    assert rich.filter(pl.col("sales_units") < pl.col("demand_units")).is_empty()
    assert both.filter(pl.col("sales_units") < pl.col("demand_units")).height > 1_000


def test_every_article_is_a_series_that_has_sold_by_the_last_complete_week() -> None:
    for n_weeks in (1, 2, 30):
        tables = build_market(n_merchants=4, n_articles=30, n_weeks=n_weeks, seed=2)
        early = tables["sales_transactions"].filter(pl.col("occurred_at").dt.date() <= dt.date(2026, 9, 27))
        assert early.select(KEY).unique().height == 4 * 30


def test_returns_belong_to_an_earlier_sale_that_is_large_enough(market: dict[str, pl.DataFrame]) -> None:
    sale = ["merchant_id", "article_id", "transaction_id"]
    pairs = market["returns"].join(market["sales_transactions"], on=sale, suffix="_sold")
    assert pairs.height == market["returns"].height > 0
    assert pairs.filter(pl.col("sold_at") != pl.col("occurred_at")).is_empty()
    back = pairs.group_by(sale).agg(pl.col("quantity_units").sum(), pl.col("quantity_units_sold").first())
    assert back.filter(pl.col("quantity_units") > pl.col("quantity_units_sold")).is_empty()
    lag_days = (pairs["returned_at"].dt.date() - pairs["occurred_at"].dt.date()).dt.total_days()
    assert lag_days.min() >= 1  # type: ignore[operator]
    assert 8 <= float(str(lag_days.median())) <= 11
    assert float(str(lag_days.quantile(0.95))) > 35


def test_categories_differ_in_their_returns() -> None:
    market = build_market(n_merchants=2, n_articles=200, n_weeks=40, seed=3)
    sold = market["sales_transactions"].join(market["articles"], on=KEY).group_by("category").agg(pl.col("quantity_units").sum())
    back = market["returns"].join(market["articles"], on=KEY).group_by("category").agg(pl.col("quantity_units").sum().alias("back"))
    rates = dict(sold.join(back, on="category").select("category", pl.col("back") / pl.col("quantity_units")).rows())
    assert rates["dresses"] > rates["shoes"] > rates["electronics"] > rates["garden"]


def test_shipments_come_in_packs_and_the_last_are_in_transit(market: dict[str, pl.DataFrame]) -> None:
    shipments = market["inbound_shipments"].join(market["articles"], on=KEY)
    assert shipments.filter(pl.col("quantity_units") % pl.col("pack_size_units") != 0).is_empty()
    assert shipments.filter(pl.col("quantity_units") < pl.col("minimum_order_quantity_units")).is_empty()
    open_ones = shipments.filter(pl.col("received_at").is_null())
    assert open_ones.height > 0
    assert open_ones["expected_at"].null_count() == 0
    assert shipments.filter(pl.col("received_at") <= pl.col("ordered_at")).is_empty()
    assert shipments["ordered_at"].dt.date().max() <= DEMO_LAST_DAY  # type: ignore[operator]
    after_opening = shipments.filter(~pl.struct(LANE).is_first_distinct())
    assert after_opening["ordered_at"].dt.weekday().unique().to_list() == [7]


def test_observed_lead_times_are_what_the_merchants_say(market: dict[str, pl.DataFrame]) -> None:
    weeks = (pl.col("received_at").dt.truncate("1w") - pl.col("ordered_at").dt.truncate("1w")).dt.total_days() / 7 - 1
    regular = market["inbound_shipments"].filter(pl.col("ordered_at").dt.weekday() == 7, pl.col("ordered_at") > dt.datetime(2024, 12, 1, tzinfo=dt.UTC))
    means = regular.group_by("merchant_id").agg(weeks.mean().alias("observed")).join(market["merchants"], on="merchant_id")
    assert means.height == 4
    assert means.filter((pl.col("observed") - pl.col("lead_time_weeks")).abs() > 0.35).is_empty()


def test_signals_are_told_when_they_are_known(market: dict[str, pl.DataFrame]) -> None:
    signals = market["external_signals"]
    assert signals.filter(pl.col("known_from") > DEMO_LAST_DAY).is_empty()
    beyond = signals.filter(pl.col("week") > dt.date(2026, 10, 12))
    assert beyond.height > 0
    assert beyond["name"].str.starts_with("event_").all()
    weather = signals.filter(pl.col("name").str.starts_with("temperature")).pivot("name", index=["merchant_id", "week"], values="value").drop_nulls()
    assert weather.select(pl.corr("temperature_anomaly_celsius", "temperature_forecast_celsius")).item() > 0.8


def test_the_smallest_market_and_a_last_day_that_completes_its_week() -> None:
    tables = build_market(n_merchants=1, n_articles=1, n_weeks=1, seed=1, last_day=dt.date(2026, 9, 27))
    assert set(tables) <= {*RAW_TABLES, "weekly_demand"}
    assert tables["weekly_demand"].height == 1
    assert tables["stock_levels"]["date"].unique().to_list() == [dt.date(2026, 9, 27)]


def test_more_than_999_merchants_still_sort_by_their_ids() -> None:
    tasks = [task.merchant.merchant_id for task in buyer_tasks(MarketSize(1_002, 1, 1, 1))]
    assert tasks == sorted(tasks)
    assert len(set(tasks)) == 1_002


@pytest.mark.parametrize("wrong", ["n_merchants", "n_articles", "n_weeks"])
def test_sizes_below_one_are_refused(wrong: str) -> None:
    sizes = {"n_merchants": 1, "n_articles": 1, "n_weeks": 1} | {wrong: 0}
    with pytest.raises(UsageError, match=wrong):
        build_market(**sizes, seed=1)


def test_unusable_arguments_are_refused(tmp_path: Path) -> None:
    size = {"n_merchants": 1, "n_articles": 1, "n_weeks": 1, "seed": 1}
    with pytest.raises(UsageError, match="profile"):
        build_market(**size, profile="luxury")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="n_articles"):
        build_market(**(size | {"n_articles": 1_000_000}))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="n_threads"):
        write_market(**size, out=tmp_path, n_threads=0)  # type: ignore[arg-type]
    (tmp_path / "notes.txt").touch()
    with pytest.raises(UsageError, match=r"notes\.txt"):
        write_market(**size, out=tmp_path)  # type: ignore[arg-type]


def test_a_generator_that_dies_leaves_the_earlier_market_as_it_was(tmp_path: Path) -> None:
    size = {"n_merchants": 2, "n_articles": 5, "n_weeks": 5, "out": tmp_path}
    write_market(**size, seed=1)  # type: ignore[arg-type]
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    def dies(message: str) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sources.market.writing._SECONDS_BETWEEN_LINES", -1.0)
        with pytest.raises(KeyboardInterrupt):
            write_market(**size, seed=2, on_progress=dies)  # type: ignore[arg-type]
    assert {path: path.read_bytes() for path in before} == before
    assert len(read_source(str(tmp_path), today=DEMO_LAST_DAY).present) == 8
    write_market(**size, seed=2)  # type: ignore[arg-type]
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".staging")]
