"""Brand-new articles without a sale: what articles like them sold in their first weeks.

Analogues share merchant, category and price band. Each group's launch weeks are counted by units sold (`launches.py`):
their empirical quantiles need no model. A forecast mixes its groups from fine to coarse; a
group of n analogues takes n / (n + 4) of what the finer ones left, so few analogues are never taken at their word.
"""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from domain.quantiles import QUANTILE_COLUMNS, QUANTILE_LEVELS, mean_of_quantiles
from domain.stage_tables import Forecasts
from ml.forecasting.empirical import empirical_quantiles
from ml.forecasting.launches import ANALOGUE_KINDS, ANALOGUES, LAUNCH_WEEKS, WEEKS, attributes_of, group_id_of
from ml.preprocessing.visible import SERIES_KEY

FloatArray = npt.NDArray[np.float64]

PRIOR_ANALOGUES = 4.0
MODEL, SEGMENT = "analogue", "new"


def unsold_articles(articles: pl.DataFrame, weekly_demand: pl.DataFrame, *, cutoff: date, horizon_weeks: int) -> pl.DataFrame:
    """Articles on sale within the horizon that never sold; one without a launch date is not known to be on sale."""
    next_week = cutoff + timedelta(weeks=1)
    lives_on = (pl.col("end_of_life_date") > pl.max_horizontal(pl.col("launch_date"), pl.lit(next_week))).fill_null(value=True)
    on_sale = (pl.col("launch_date") < next_week + timedelta(weeks=horizon_weeks)) & lives_on
    seen = weekly_demand.filter(pl.col("week") == cutoff).select(SERIES_KEY)  # every series known at the cutoff reaches it
    return articles.filter(on_sale).join(seen, on=SERIES_KEY, how="anti").sort(SERIES_KEY)


def forecast_unsold(unsold: pl.DataFrame, counts: pl.DataFrame, *, cutoff: date, horizon_weeks: int) -> pl.DataFrame:
    """`horizon_weeks` rows for every article that never sold.

    Args:
        unsold: Rows of `unsold_articles`.
        counts: The merged counts of all shards.
        cutoff: Monday of the last week that may be seen.
        horizon_weeks: Weeks ahead.

    Returns:
        `stage_tables.Forecasts`, sorted by series and week. Where nothing was ever launched, or an article has been on
        sale for longer than a launch without selling, the weeks since its launch count as zeros (`empirical.py`). Before its launch nobody buys an
        article: those weeks are zero, the week of the launch has a share of a whole one.
    """
    waited = ((pl.lit(cutoff) - pl.col("launch_date").dt.truncate("1w")).dt.total_days() // 7 + 1).clip(0, 52)
    weeks_on_sale = unsold.select(waited.alias("n")).to_series()
    of_analogues = analogue_quantiles(unsold, counts)
    nothing_sold = pl.DataFrame({"n_observed_weeks": weeks_on_sale}).with_columns(mean_units=pl.lit(0.0), variance_units=pl.lit(0.0))
    has_analogues = ~np.isnan(of_analogues[:, 0]) & (weeks_on_sale <= LAUNCH_WEEKS).to_numpy()
    quantiles = np.where(has_analogues[:, None], of_analogues, empirical_quantiles(nothing_sold))
    share = _share_on_sale(unsold["launch_date"], cutoff=cutoff, horizon_weeks=horizon_weeks)
    repeated = np.floor(np.repeat(quantiles, horizon_weeks, axis=0) * share[:, None] + 0.5)
    ahead = pl.DataFrame({"horizon_week": range(1, horizon_weeks + 1)}, schema={"horizon_week": pl.Int64})
    rows = unsold.select(SERIES_KEY).join(ahead, how="cross").sort(*SERIES_KEY, "horizon_week")
    whole = rows.with_columns(
        cutoff=pl.lit(cutoff),
        week=pl.lit(cutoff) + pl.duration(weeks=pl.col("horizon_week")),
        demand_mean_units=pl.Series(np.repeat(mean_of_quantiles(quantiles), horizon_weeks) * share),
        **{name: pl.Series(repeated[:, position]) for position, name in enumerate(QUANTILE_COLUMNS)},
        model=pl.Series(np.repeat(np.where(has_analogues, MODEL, "empirical"), horizon_weeks), dtype=pl.String),
        segment=pl.lit(SEGMENT),
    )
    return Forecasts.validate(whole.select(Forecasts.column_names()))


def _share_on_sale(launches: pl.Series, *, cutoff: date, horizon_weeks: int) -> FloatArray:
    """Days of each week from the launch on, over seven: article after article, week after week `(n · horizon_weeks,)`."""
    launch = (launches - (cutoff + timedelta(weeks=1))).dt.total_days().cast(pl.Float64).to_numpy()[:, None]
    end = 7 * np.arange(1, horizon_weeks + 1)[None, :]
    return np.asarray(np.clip((end - launch) / 7, 0.0, 1.0).ravel())


def with_unsold(
    forecast: pl.DataFrame, weekly_demand: pl.DataFrame, articles: pl.DataFrame, counts: pl.DataFrame, *, cutoff: date, horizon_weeks: int
) -> pl.DataFrame:
    """The forecast with the rows of articles on sale that never sold, of one shard or of all.

    Args:
        forecast: `stage_tables.Forecasts` of the series with a sale.
        weekly_demand: The same series; rows after the cutoff are not looked at.
        articles: The contract's table, of the same shard.
        counts: The merged counts of all shards.
        cutoff: Monday of the last week that may be seen.
        horizon_weeks: Weeks ahead in `forecast`.

    Returns:
        `stage_tables.Forecasts`, sorted by series and week.
    """
    unsold = unsold_articles(articles, weekly_demand, cutoff=cutoff, horizon_weeks=horizon_weeks)
    if unsold.is_empty():
        return forecast
    brand_new = forecast_unsold(unsold, counts, cutoff=cutoff, horizon_weeks=horizon_weeks)
    return pl.concat([forecast, brand_new]).sort(*SERIES_KEY, "horizon_week")


def analogue_quantiles(articles: pl.DataFrame, counts: pl.DataFrame) -> FloatArray:
    """39 quantiles `(n, 39)` in units of a launch week of each article; NaN where no group has an analogue."""
    attributes = attributes_of(articles)
    groups = {kind: dict(_group_distributions(counts.filter(pl.col("kind") == kind))) for kind in ANALOGUE_KINDS}
    ids = attributes.with_columns(group_id_of(names).alias(kind) for kind, names in ANALOGUE_KINDS.items()).select(list(ANALOGUE_KINDS))
    answers: dict[tuple[str | None, ...], FloatArray] = {}
    for row in ids.unique().iter_rows():
        found = [groups[kind][group_id] for kind, group_id in zip(ANALOGUE_KINDS, row, strict=True) if group_id in groups[kind]]
        answers[row] = _mixed(found)
    return np.array([answers[row] for row in ids.iter_rows()]).reshape(-1, len(QUANTILE_LEVELS))


def _group_distributions(counts: pl.DataFrame) -> list[tuple[str, tuple[float, FloatArray, FloatArray]]]:
    """Of each group: its id, number of analogues, units by rising number, and the share of weeks that sold them."""
    found = []
    for (group_id,), rows in counts.group_by("group_id", maintain_order=True):
        n_analogues = rows.filter(pl.col("counted") == ANALOGUES)["n_counted"].sum()
        weeks = rows.filter(pl.col("counted") == WEEKS).sort("sales_units")
        if weeks.height:
            share = weeks["n_counted"].to_numpy() / weeks["n_counted"].sum()
            found.append((str(group_id), (float(n_analogues), weeks["sales_units"].cast(pl.Float64).to_numpy(), share)))
    return found


def _mixed(groups: Sequence[tuple[float, FloatArray, FloatArray]]) -> FloatArray:
    """Quantiles of the mixture; the coarsest group takes all that is left."""
    if not groups:
        return np.full(len(QUANTILE_LEVELS), np.nan)
    left, units, mass = 1.0, [], []
    for position, (n_analogues, values, share) in enumerate(groups):
        own = left if position == len(groups) - 1 else left * n_analogues / (n_analogues + PRIOR_ANALOGUES)
        left -= own
        units.append(values)
        mass.append(own * share)
    values, weights = np.concatenate(units), np.concatenate(mass)
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    at = np.minimum(np.searchsorted(reached, QUANTILE_LEVELS - 1e-12), len(order) - 1)
    return np.asarray(values[order][at])
