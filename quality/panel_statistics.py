"""What a panel of weekly sales looks like, in figures that can be compared between panels.

Everything is computed from what was *sold*, stock left aside: published panels hold no stock, so a market that does is
looked at with the same eyes. Weeks run from a series' first sale to the panel's last complete week; weeks without a
figure (`weekly_sales` without a row) are unknown and count nowhere. A figure that a panel cannot give is `None`.
"""

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from domain.calendar import newest_complete_week, weeks_between
from domain.tables import RAW_TABLES
from ml.forecasting.segments import describe_series
from ml.preprocessing import build_weekly_demand
from quality.source_checks import data_span

SERIES_KEY = ["merchant_id", "article_id"]
DEMAND_CLASSES = ("smooth", "erratic", "intermittent", "lumpy")
AUTOCORRELATION_LAGS = (1, 4, 52)
LAG_QUANTILES = (0.10, 0.25, 0.50, 0.75, 0.90, 0.99)
FEWEST_PAIRS = 26
"""Pairs of weeks below which a series has no autocorrelation worth the name."""
FEWEST_SEASON_WEEKS = 104
"""Two years: with less, a week of the year has no second observation and season cannot be told from chance."""
BIRTH_WEEKS = 13
"""A first sale this long after the panel's start is a launch, a last sale this long before its end is an end."""
PRICE_CUT = 0.9
"""A week sold at or below this share of the article's median weekly price is a week with a price cut."""

_TREND_DEGREE = 3
"""A cubic follows growth and decline; more would follow the season in a panel of two years."""

Figures = dict[str, float | None]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def observed_weeks(tables: Mapping[str, pl.DataFrame], *, today: date) -> pl.DataFrame:
    """The panel as `stage_tables.WeeklyDemand`, its stock left aside, up to its last complete week.

    Args:
        tables: The contract tables.
        today: Nothing after this day is looked at.

    Raises:
        DataError: There is no sale.
    """
    sold = dict(tables) | {"stock_levels": RAW_TABLES["stock_levels"].create_empty()}
    sold["weekly_sales"] = sold["weekly_sales"].with_columns(available_share=pl.lit(None, pl.Float64))
    first, last = data_span(sold, today=today)
    cutoff = newest_complete_week(last)
    return build_weekly_demand(sold, cutoff=cutoff, history_weeks=weeks_between(first, cutoff) + 1)


def describe_panel(weekly: pl.DataFrame, *, articles: pl.DataFrame, returned: pl.DataFrame) -> Figures:
    """Every figure of this module for one panel, by name.

    Args:
        weekly: The panel, of `observed_weeks`.
        articles: Contract table, for the categories.
        returned: Contract table `returns`.
    """
    cutoff: date = weekly.select(pl.col("week").max()).item()
    size: Figures = {"n_merchants": weekly["merchant_id"].n_unique(), "n_series": weekly.select(SERIES_KEY).n_unique(), "n_weeks": weekly["week"].n_unique()}
    by_category = weekly.join(articles.select(*SERIES_KEY, "category"), on=SERIES_KEY, how="left").drop_nulls("category")
    return (
        size
        | {"zero_share": zero_share(weekly)}
        | demand_classes(weekly, cutoff=cutoff)
        | volumes(weekly)
        | {f"autocorrelation_{lag}": _median(autocorrelation(weekly, lag=lag)["autocorrelation"]) for lag in AUTOCORRELATION_LAGS}
        | {"seasonality_merchant": seasonality(weekly, by=["merchant_id"]), "seasonality_category": seasonality(by_category, by=["merchant_id", "category"])}
        | life_cycles(weekly, cutoff=cutoff)
        | price_cuts(weekly)
        | promotions(weekly)
        | returns(weekly, returned)
    )


def zero_share(weekly: pl.DataFrame) -> float | None:
    """Share of the known weeks in which nothing was sold."""
    known = weekly["sales_units"].drop_nulls()
    return float((known == 0).mean()) if known.len() else None  # type: ignore[arg-type]


def demand_classes(weekly: pl.DataFrame, *, cutoff: date) -> Figures:
    """Shares of the four classes of Syntetos and Boylan, and the medians behind them.

    Average demand interval [ADI] and squared coefficient of variation [CV²] are the engine's own
    (`ml.forecasting.segments`), over the last 52 weeks. Series without a sale in these weeks and those known for fewer
    than four are left out.
    """
    described = describe_series(weekly, cutoff=cutoff).filter(pl.col("segment").is_in(DEMAND_CLASSES), pl.col("average_demand_interval").is_finite())
    shares = {f"{name}_share": _share(described["segment"] == name) for name in DEMAND_CLASSES}
    return {"adi_median": _median(described["average_demand_interval"]), "cv2_median": _median(described["squared_cv"])} | shares


def volumes(weekly: pl.DataFrame) -> Figures:
    """Mean weekly units of a series (mean, P10, P50, P90 over the series) and the share of all units that the top 20 % sell."""
    series = weekly.drop_nulls("sales_units").group_by(SERIES_KEY).agg(mean=pl.col("sales_units").mean(), total=pl.col("sales_units").sum())
    means, totals = series["mean"].sort(), series["total"].sort(descending=True)
    n_top = -(-totals.len() // 5)
    quantiles = {f"units_p{level}": _quantile(means, level / 100) for level in (10, 50, 90)}
    return {"units_mean": float(np.mean(means.to_numpy()))} | quantiles | {"top_fifth_share": int(totals.head(n_top).sum()) / int(totals.sum())}


def autocorrelation(weekly: pl.DataFrame, *, lag: int) -> pl.DataFrame:
    """Pearson correlation of a series' weekly units with those `lag` weeks before, one row per series.

    Series with fewer than 26 pairs of known weeks, or without any change in them, have none and no row.
    """
    earlier = pl.col("sales_units").shift(lag).over(SERIES_KEY)
    pairs = weekly.sort(*SERIES_KEY, "week").with_columns(earlier=earlier).drop_nulls(["sales_units", "earlier"])
    correlated = pairs.group_by(SERIES_KEY).agg(
        n_pairs=pl.len(), autocorrelation=pl.corr(pl.col("sales_units").cast(pl.Float64), pl.col("earlier").cast(pl.Float64))
    )
    return correlated.filter(pl.col("n_pairs") >= FEWEST_PAIRS, pl.col("autocorrelation").is_finite()).select(*SERIES_KEY, "autocorrelation").sort(SERIES_KEY)


def seasonality(weekly: pl.DataFrame, *, by: list[str]) -> float | None:
    """Strength of the yearly season: median over the groups of `season_strength` of their total weekly units."""
    totals = weekly.drop_nulls("sales_units").group_by(*by, "week").agg(pl.col("sales_units").sum()).sort(*by, "week")
    strengths = [season_strength(group) for _, group in totals.group_by(by, maintain_order=True)]
    return _median(pl.Series([strength for strength in strengths if strength is not None], dtype=pl.Float64))


def season_strength(totals: pl.DataFrame) -> float | None:
    """How much of a series' movement the week of the year explains.

    1 − var(remainder) / var(season + remainder) of log(1 + units) without its cubic trend, the season being the mean
    of each ISO week (week 53 joins week 52); season and trend are fitted together. Both variances are divided by their
    degrees of freedom, so that pure noise has strength 0 on average however few years there are. At least 0; needs
    two years.

    Args:
        totals: `week` and `sales_units`, one row per week, sorted.
    """
    if totals.height < FEWEST_SEASON_WEEKS:
        return None
    detrended = _detrended(totals)
    season = pl.col("movement").mean().over("week_of_year")
    squares = detrended.select(remainder=((pl.col("movement") - season) ** 2).sum(), total=(pl.col("movement") ** 2).sum())
    remainder, total = squares.row(0)
    n_free = totals.height - _TREND_DEGREE - 1
    n_free_of_season = n_free + 1 - detrended["week_of_year"].n_unique()
    if n_free_of_season < 1 or total <= 1e-12 * totals.height:
        return None
    return max(0.0, 1.0 - float((remainder / n_free_of_season) / (total / n_free)))


def season_profile(totals: pl.DataFrame) -> pl.DataFrame:
    """`week_of_year` and `index`: the season of `season_strength` as a factor around 1; empty below two years."""
    profile = _detrended(totals).group_by("week_of_year").agg(index=pl.col("movement").mean().exp()).sort("week_of_year")
    return profile if totals.height >= FEWEST_SEASON_WEEKS else profile.clear()


def _detrended(totals: pl.DataFrame) -> pl.DataFrame:
    """log(1 + units) without its trend and around its mean, `movement`, by week, with its ISO week.

    The trend is measured between the same weeks of different years: a season that ends higher than it begins is none.
    """
    weeks = totals.select(week_of_year=pl.col("week").dt.week().clip(upper_bound=52))
    of_year = weeks["week_of_year"].to_numpy()
    units = np.log1p(totals["sales_units"].to_numpy().astype(np.float64))
    powers: FloatArray = np.asarray(np.polynomial.legendre.legvander(np.linspace(-1, 1, units.size), _TREND_DEGREE)[:, 1:], dtype=np.float64)
    _, position = np.unique(of_year, return_inverse=True)
    slopes, *_ = np.linalg.lstsq(_within(powers, position), _within(units[:, None], position)[:, 0])
    movement = units - powers @ slopes
    return weeks.with_columns(movement=pl.Series(movement - movement.mean()))


def _within(columns: FloatArray, position: IntArray) -> FloatArray:
    """Columns less their mean over the rows of the same position."""
    sums = np.zeros((position.max() + 1, columns.shape[1]))
    np.add.at(sums, position, columns)
    return np.asarray(columns - (sums / np.bincount(position)[:, None])[position])


def life_cycles(weekly: pl.DataFrame, *, cutoff: date) -> Figures:
    """Launches and ends per year of panel as shares of the series, and the median life as a share of the panel.

    A series is launched when its first sale comes more than 13 weeks after the panel's first week, ended when its last
    one comes more than 13 weeks before the cutoff; its life runs from first to last sale.
    """
    sold = weekly.filter(pl.col("sales_units") > 0).group_by(SERIES_KEY).agg(first=pl.col("week").min(), last=pl.col("week").max())
    start: date = weekly.select(pl.col("week").min()).item()
    margin = timedelta(weeks=BIRTH_WEEKS)
    n_weeks = weeks_between(start, cutoff) + 1
    years = (n_weeks - BIRTH_WEEKS) / 52
    life_weeks = sold.select((pl.col("last") - pl.col("first")).dt.total_days() / 7 + 1).to_series()
    launched, ended = _share(sold["first"] > start + margin), _share(sold["last"] < cutoff - margin)
    rates = {"launches_per_year": launched, "ends_per_year": ended}
    return {name: share / years if share is not None and years > 0 else None for name, share in rates.items()} | {
        "life_share": (_median(life_weeks) or 0.0) / n_weeks
    }


def price_cuts(weekly: pl.DataFrame) -> Figures:
    """Share of the weeks with sales and a price in which the price was cut by 10 % or more, and their uplift."""
    priced = weekly.filter(pl.col("sales_units") > 0).drop_nulls("unit_price_eur")
    usual = pl.col("unit_price_eur").median().over(SERIES_KEY)
    marked = priced.with_columns(marked=pl.col("unit_price_eur") <= PRICE_CUT * usual)
    return {"price_cut_share": _share(marked["marked"]), "price_cut_uplift": _uplift(marked)}


def promotions(weekly: pl.DataFrame) -> Figures:
    """Share of the weeks marked as promoted (strength ½ or more) where the panel says so, and their uplift."""
    known = weekly.drop_nulls(["promotion", "sales_units"]).with_columns(marked=pl.col("promotion") >= 0.5)
    return {"promotion_share": _share(known["marked"]), "promotion_uplift": _uplift(known)}


def returns(weekly: pl.DataFrame, returned: pl.DataFrame) -> Figures:
    """Units returned over units sold, and quantiles of the days from sale to return, over returns whose sale is known."""
    units = int(returned["quantity_units"].sum())
    lags = return_lags(returned)
    quantiles = {f"return_lag_p{level:.0%}".rstrip("%"): _quantile(lags, level) for level in LAG_QUANTILES}
    return {"return_rate": units / int(weekly["sales_units"].sum()) if units else None} | quantiles


def return_lags(returned: pl.DataFrame) -> pl.Series:
    """Days from sale to return, sorted, one per return whose sale is known."""
    lags = returned.drop_nulls("sold_at").select((pl.col("returned_at") - pl.col("sold_at")).dt.total_seconds() / 86_400)
    return lags.to_series().alias("lag_days").sort()


def _uplift(marked: pl.DataFrame) -> float | None:
    """Median over series of mean units in marked weeks over mean units in the others; needs four of either."""
    units, is_marked = pl.col("sales_units"), pl.col("marked")
    series = marked.group_by(SERIES_KEY).agg(
        n_marked=is_marked.sum(), n_other=(~is_marked).sum(), uplift=units.filter(is_marked).mean() / units.filter(~is_marked).mean()
    )
    return _median(series.filter(pl.col("n_marked") >= 4, pl.col("n_other") >= 4, pl.col("uplift").is_finite())["uplift"])


def _share(marks: pl.Series) -> float | None:
    return float(marks.sum() / marks.len()) if marks.len() else None


def _median(values: pl.Series) -> float | None:
    return _quantile(values, 0.5)


def _quantile(values: pl.Series, level: float) -> float | None:
    return float(values.quantile(level, interpolation="linear")) if values.len() else None  # type: ignore[arg-type]
