"""All readings of a decision day."""

from collections.abc import Mapping
from datetime import date

import polars as pl

from domain.calendar import cutoff_for
from domain.settings import Settings
from domain.stage_tables import Readings
from feature_store.assemble import MarketContext
from feature_store.readings import demand, lead_times, life, shipments, stock
from feature_store.shipments import open_shipments
from feature_store.stock import SERIES_KEY
from feature_store.stock import lead_times as stated_lead_times
from feature_store.stock_on_hand import counts_brought_forward
from simulation.sampling.lead_times import FALLBACK_LEAD_TIME_CV


def read_day(
    tables: Mapping[str, pl.DataFrame],
    weekly_demand: pl.DataFrame,
    vectors: pl.DataFrame,
    *,
    decision_date: date,
    settings: Settings,
    market: MarketContext,
    with_merchants: bool = True,
) -> pl.DataFrame:
    """What was read in what the source leaves open, per article, and (once) per merchant.

    Args:
        tables: The nine contract tables of these series; what is dated on or after the day is not looked at.
        weekly_demand: Their series up to the cutoff.
        vectors: `stage_tables.SkuVectors` of the day.
        decision_date: The day.
        settings: For lead times.
        market: What only the whole market shows.
        with_merchants: Whether the lines about whole merchants are wanted; of several shards one has them.

    Returns:
        `stage_tables.Readings`, sorted.
    """
    cutoff = cutoff_for(decision_date)
    counts = counts_brought_forward(tables, decision_date=decision_date, reports=market.facts.reports)
    lead = vectors.select(*SERIES_KEY, "lead_time_weeks", lead_time_cv=pl.col("observed_lead_time_cv").fill_null(FALLBACK_LEAD_TIME_CV))
    in_transit = open_shipments(tables["inbound_shipments"], lead, decision_date=decision_date)
    longest = float(vectors["lead_time_weeks"].max() or 0.0)  # type: ignore[arg-type]
    found = [
        stock.omitted(counts),
        stock.brought_forward(counts),
        stock.below_zero(tables["stock_levels"], decision_date=decision_date),
        shipments.probably_lost(in_transit),
        shipments.without_date(in_transit),
        shipments.contradicting_dates(tables["inbound_shipments"], decision_date=decision_date),
        demand.changed_units(weekly_demand),
        demand.returns_of_others(tables, cutoff=cutoff),
        life.ends_ahead(vectors.select(SERIES_KEY), tables["articles"], cutoff=cutoff),
        life.undecided_launches(vectors.select(SERIES_KEY), tables["articles"], decision_date=decision_date, lead_weeks=longest),
    ]
    if with_merchants:
        found += _of_merchants(tables, market=market, settings=settings)
    rows = pl.concat([Readings.create_empty(), *found])
    return Readings.validate(rows.sort("merchant_id", "article_id", "reading", "table", "column", "evidence", nulls_last=False))


def _of_merchants(tables: Mapping[str, pl.DataFrame], *, market: MarketContext, settings: Settings) -> list[pl.DataFrame]:
    reports = market.facts.reports
    merchants = market.lead_times["merchant_id"].unique().sort()
    stated = stated_lead_times(tables, merchants, settings=settings).select(
        "merchant_id", stated_weeks="lead_time_weeks", is_stated=~pl.col("lead_time_is_default")
    )
    guessed = [] if settings.reading.stock_reports else [stock.guessed_snapshots(reports)]
    return [stock.stopped(reports), demand.silent_weeks(market.facts.silence), lead_times.differing(market.lead_times, stated), *guessed]
