"""Nothing dated on or after the decision day may change an order: perturb all of it, compare byte for byte."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from domain.calendar import cutoff_for
from domain.settings import Settings, load_settings
from feature_store import assemble_vectors
from ml.pipeline import forecast_from_tables
from ml.preprocessing import build_weekly_demand, estimate_merchant_profiles
from simulation.batch import optimize_vectors
from sources.folder import read_source
from sources.market import write_market

DECISION = date(2026, 8, 5)
OPENING = datetime(2026, 8, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, pl.DataFrame]:
    source = tmp_path_factory.mktemp("market")
    write_market(n_merchants=2, n_articles=10, n_weeks=70, seed=5, out=source)
    return read_source(str(source), today=date(2026, 10, 1)).frames


def policies(tables: Mapping[str, pl.DataFrame], settings: Settings) -> bytes:
    cutoff = cutoff_for(DECISION)
    demand = build_weekly_demand(tables, cutoff=cutoff, history_weeks=settings.forecast.history_weeks)
    forecast = forecast_from_tables(tables, cutoff=cutoff, settings=settings)
    profiles = estimate_merchant_profiles(tables, cutoff=cutoff)
    vectors = assemble_vectors(tables, demand, forecast, profiles, decision_date=DECISION, settings=settings)
    return optimize_vectors(vectors, settings, merchants=tables["merchants"]).write_ndjson().encode()


def another_future(tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The same past; afterwards ten times the sales, no returns, other stock, other arrivals and shipments nobody ordered yet."""
    sales, stock, shipments = tables["sales_transactions"], tables["stock_levels"], tables["inbound_shipments"]
    later_sale, arrived_later = pl.col("occurred_at") >= OPENING, pl.col("received_at") >= OPENING
    return dict(tables) | {
        "sales_transactions": sales.with_columns(quantity_units=pl.when(later_sale).then(pl.col("quantity_units") * 10).otherwise("quantity_units")),
        "returns": tables["returns"].filter(pl.col("returned_at") < OPENING),
        "stock_levels": stock.with_columns(on_hand_units=pl.when(pl.col("date") >= DECISION).then(pl.col("on_hand_units") * 3 + 7).otherwise("on_hand_units")),
        "inbound_shipments": shipments.filter(pl.col("ordered_at") < OPENING).with_columns(
            received_at=pl.when(arrived_later).then(pl.col("received_at") + timedelta(weeks=5)).otherwise("received_at")
        ),
    }


def test_no_order_depends_on_what_happens_later(tables: Mapping[str, pl.DataFrame]) -> None:
    settings = load_settings(profile="tiny")
    changed = another_future(tables)
    assert not changed["sales_transactions"].equals(tables["sales_transactions"])
    assert policies(changed, settings) == policies(tables, settings)


def test_orders_do_depend_on_what_happened_before(tables: Mapping[str, pl.DataFrame]) -> None:
    settings = load_settings(profile="tiny")
    sales = tables["sales_transactions"]
    recent = pl.col("occurred_at") >= OPENING - timedelta(weeks=6)
    past = dict(tables) | {
        "sales_transactions": sales.with_columns(quantity_units=pl.when(recent).then(pl.col("quantity_units") * 3).otherwise("quantity_units"))
    }
    assert policies(past, settings) != policies(tables, settings)


def test_the_truth_beside_a_source_is_never_read(tmp_path: Path) -> None:
    write_market(n_merchants=1, n_articles=4, n_weeks=30, seed=5, out=tmp_path)
    before = read_source(str(tmp_path), today=date(2026, 10, 1)).frames
    (tmp_path / "truth" / "weekly_demand.parquet").write_bytes(b"not even a Parquet file")
    after = read_source(str(tmp_path), today=date(2026, 10, 1)).frames
    assert all(after[name].equals(before[name]) for name in before)
