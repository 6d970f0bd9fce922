"""The lead time of every series: the article's own, else the merchant's with what its shipments have taught."""

from collections.abc import Mapping
from datetime import date

import polars as pl

from domain.settings import Settings
from feature_store.stock import lead_times
from ml.preprocessing.lead_times import learnt_lead_times
from ml.preprocessing.visible import SERIES_KEY
from simulation.sampling.lead_times import FALLBACK_LEAD_TIME_CV


def lead_times_of_series(
    keys: pl.DataFrame, tables: Mapping[str, pl.DataFrame], counts: pl.DataFrame, profiles: pl.DataFrame, *, cutoff: date, settings: Settings
) -> pl.DataFrame:
    """Lead time and dispersion in force, per series, in the order of `keys`.

    Args:
        keys: merchant_id, article_id.
        tables: The contract tables of these series.
        counts: `stage_tables.LeadTimes`.
        profiles: Key and `observed_lead_time_cv` of each series.
        cutoff: The forecast's.
        settings: For what merchants state.

    Returns:
        Key, `supplier_id`, `stated_weeks` (of the merchant), `is_stated`, `learnt_weeks` (null = too few shipments), `own_weeks` (the article's; null = not
        stated), `lead_time_weeks` (in force) and `lead_time_cv` (in force, for what is in transit).
    """
    merchants = lead_times(tables, keys["merchant_id"].unique().sort(), settings=settings)
    stated = merchants.select("merchant_id", stated_weeks="lead_time_weeks", is_stated=~pl.col("lead_time_is_default"), stated_cv="lead_time_cv")
    articles = tables["articles"].select(*SERIES_KEY, "supplier_id", own_weeks="lead_time_weeks")
    series = keys.join(articles, on=SERIES_KEY, how="left", maintain_order="left").join(stated, on="merchant_id", how="left", maintain_order="left")
    learnt = learnt_lead_times(series, counts, tables, cutoff=cutoff)
    both = learnt.join(profiles.select(*SERIES_KEY, "observed_lead_time_cv"), on=SERIES_KEY, how="left", maintain_order="left")
    cv = pl.coalesce("stated_cv", "observed_lead_time_cv", pl.lit(FALLBACK_LEAD_TIME_CV))
    # In quarters of a week: finer is noise, and articles with one lead time are searched together.
    learnt_quarters = (pl.col("learnt_weeks") * 4).round() / 4
    return both.with_columns(lead_time_weeks=pl.coalesce("own_weeks", learnt_quarters, "stated_weeks"), lead_time_cv=cv).drop(
        "stated_cv", "observed_lead_time_cv"
    )
