"""The panels of the comparison: three published data sets and one synthetic market per profile, each as it was sold."""

import datetime as dt
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import polars as pl

from domain.errors import UsageError
from domain.tables import RAW_TABLES
from quality.panel_statistics import Figures, describe_panel, observed_weeks, return_lags, seasonality
from sources.dominicks import convert_dominicks
from sources.folder import read_source
from sources.market import HumanService, Profile, build_market, human_service
from sources.market.events import TRUTH_TABLE
from sources.online_retail import convert_online_retail
from sources.weekly_panel import convert_weekly_panel

PUBLISHED = Path("../shared/data")
N_MERCHANTS, N_ARTICLES, N_WEEKS, SEED = 20, 200, 156, 7
TODAY = dt.date(2026, 10, 1)
"""After every panel's last day: pages do not depend on the day they were made."""

TRUE_FIGURES = (*(f"human_{name}" for name in HumanService._fields), "demand_seasonality_merchant")
"""Figures that only a market's truth knows."""

FAVORITA = Path("favorita_21_stores/favorita_21stores_weekly.parquet")
ONLINE_RETAIL = Path("online_retail/online_retail_2010-12_2011-12.parquet")
RETURN_PAIRS = Path("online_retail/cancellations_matched_to_last_purchase.parquet")
DOMINICKS = Path("dominicks_orange_juice")
_NEEDED = (FAVORITA, ONLINE_RETAIL, RETURN_PAIRS, DOMINICKS / "oj_yx.parquet")


class Panel(NamedTuple):
    """A panel by its name: what was sold by week, the days from sale to return, and its figures."""

    name: str
    weekly: pl.DataFrame
    return_lag_days: pl.Series
    figures: Figures

    @property
    def is_market(self) -> bool:
        """Whether it is synthetic: then it knows how well its people served the demand."""
        return self.figures["human_fill_rate"] is not None


def check_published(folder: Path) -> None:
    """Refuse a folder without the published data.

    Raises:
        UsageError: Naming each file that is missing.
    """
    missing = [str(folder / file) for file in _NEEDED if not (folder / file).is_file()]
    if missing:
        raise UsageError(
            "the comparison needs published data that is not there",
            got="missing: " + ", ".join(missing),
            wanted="the three data sets that docs/reference/market_comparison.md names",
            remedy="Name their folder: python -m docs.market.generate FOLDER",
        )


def published_panels(folder: Path) -> list[Panel]:
    """The three data sets, converted into the data contract as `replenish convert` does."""
    return [
        _converted(
            "Favorita",
            lambda out: convert_weekly_panel(
                folder / FAVORITA, out=out, merchant="store_idx", article="product_idx", week="week_start_inferred", units="units"
            ),
        ),
        _converted("Online Retail", lambda out: convert_online_retail(folder / ONLINE_RETAIL, out=out)),
        _converted("Dominick's", lambda out: convert_dominicks(folder / DOMINICKS, out=out)),
    ]


def published_return_lags(folder: Path) -> pl.Series:
    """Days from purchase to cancellation of the published pairs, those larger than their purchase left out."""
    pairs = pl.read_parquet(folder / RETURN_PAIRS).filter(pl.col("BuyQty") >= -pl.col("Quantity"))
    return pairs["lag_days"].drop_nulls().sort()


def market_panel(profile: Profile, *, n_merchants: int = N_MERCHANTS, n_articles: int = N_ARTICLES, n_weeks: int = N_WEEKS, seed: int = SEED) -> Panel:
    """The synthetic market of a profile, with what its truth knows: its demand, and how well its people served it."""
    tables = build_market(n_merchants=n_merchants, n_articles=n_articles, n_weeks=n_weeks, seed=seed, profile=profile)
    demand = tables[TRUTH_TABLE]
    service = human_service(tables, demand)._asdict()
    strength = seasonality(demand.rename({"demand_units": "sales_units"}), by=["merchant_id"])
    return panel_of(f"market, {profile}", tables, truth=dict(zip(TRUE_FIGURES, (*service.values(), strength), strict=True)))


def panel_of(name: str, tables: Mapping[str, pl.DataFrame], *, truth: Figures | None = None) -> Panel:
    """A panel from contract tables; absent ones are empty, and `TRUE_FIGURES` are unknown where no truth is."""
    complete = {table: tables.get(table, schema.create_empty()) for table, schema in RAW_TABLES.items()}
    weekly = observed_weeks(complete, today=TODAY)
    figures = describe_panel(weekly, articles=complete["articles"], returned=complete["returns"])
    return Panel(name, weekly, return_lags(complete["returns"]), figures | (truth or dict.fromkeys(TRUE_FIGURES)))


def _converted(name: str, convert: Callable[[Path], object]) -> Panel:
    with tempfile.TemporaryDirectory(prefix="replenish-") as out:
        convert(Path(out))
        return panel_of(name, read_source(out, today=TODAY).frames)
