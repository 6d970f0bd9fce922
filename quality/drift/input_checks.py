"""Drift of what arrives: distributions, levels, series that come and go, and feeds that break. Read from tallies only."""

from collections.abc import Iterator, Sequence
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from domain.calendar import ONE_WEEK
from domain.drift_tables import MARKET
from domain.settings import DriftSettings
from quality.drift.distributions import kolmogorov_smirnov, noise_of_index, population_stability_index
from quality.drift.history import DriftCheck, Figures, judge
from quality.drift.input_tallies import add_tallies

FloatArray = npt.NDArray[np.float64]

FEATURES = ("sales_units", "unit_price_eur", "quantity_units", "on_hand_units", "returned_units")
_POOLED_WEEKS = 8
_STEADY_WEEKS = 4
_SIGNIFICANCE = 1e-4
_FEWEST_SALES = 40
_LEVEL_WEEKS = 2
_FEWEST, _FEWEST_RESTLESS = 5, 30
_RESTLESS = ("series_fell_silent", "series_churn")
_YEAR, _SEASON = 52 * ONE_WEEK, 3 * ONE_WEEK
_KIND = pl.col("scope").str.split(" ").list.first()


def judge_input(tallies: Sequence[pl.DataFrame], *, week: date, settings: DriftSettings) -> pl.DataFrame:
    """Verdicts on one week's input.

    Args:
        tallies: `drift_tables.InputTallies` of all shards at this or a later cutoff.
        week: Monday of the week.
        settings: Thresholds.

    Returns:
        `drift_tables.DriftChecks`, sorted; no rows where history is too short.
    """
    whole = add_tallies(list(tallies)).filter(pl.col("week") <= week)
    found = [*_shares(whole, settings), *_levels(whole, settings), *_distributions(whole, settings), *_categories(whole, settings)]
    return judge((figures for last, figures in found if last == week), on=week, settings=settings)


_Found = Iterator[tuple[date, Figures]]


def _share_checks(settings: DriftSettings) -> list[tuple[DriftCheck, str, str, tuple[str, ...]]]:
    """Check, numerator, denominator, kinds of scopes."""
    feed, all_kinds = ("merchant",), ("market", "merchant")
    return [
        (
            DriftCheck("prices_jumped", settings.price_jump_share, "share of articles at five times their price, or a fifth", is_blocking=True),
            "n_price_jumps",
            "n_priced",
            feed,
        ),
        (
            DriftCheck("series_fell_silent", settings.silent_share, "share of steady series without a sale", is_blocking=True),
            "n_silent",
            "n_regular",
            all_kinds,
        ),
        (
            DriftCheck("stock_not_counted", settings.uncounted_share, "share of series without a stock count", is_blocking=True),
            "n_uncounted",
            "n_counted_before",
            all_kinds,
        ),
        (
            DriftCheck("sales_repeated", settings.repeated_share, "share of sales that repeat another row", is_blocking=True),
            "n_repeated_sales",
            "n_sales",
            feed,
        ),
        (DriftCheck("stock_frozen", settings.frozen_share, "share of series whose stock should have changed and did not"), "n_frozen", "n_moved", feed),
        (
            DriftCheck("stock_unexplained", settings.unexplained_share, "stock changes that no record explains, over units moved"),
            "unexplained_units",
            "moved_units",
            feed,
        ),
        (DriftCheck("censored_share", settings.censored_share, "share of series that stock cut off", side="change"), "n_censored", "n_series", all_kinds),
        (DriftCheck("series_churn", settings.churn_share, "share of series that are new or have ended"), "n_churned", "n_series", ("market",)),
    ]


def _shares(tallies: pl.DataFrame, settings: DriftSettings) -> _Found:
    with_churn = tallies.with_columns(n_churned=pl.col("n_first_sales") + pl.col("n_last_sales"))
    for check, part, whole, kinds in _share_checks(settings):
        enough = with_churn.filter(_KIND.is_in(kinds), pl.col(whole) >= _fewest(check))
        for scope, rows in _by_scope(enough):
            values = (rows[part] / rows[whole]).to_list()
            usual, size = min(max(float(np.median(values[:-1] or [0.0])), 0.0), 1.0), int(rows[whole][-1])
            yield rows["week"][-1], Figures(check, scope, values, f" ({rows[part][-1]:,} of {size:,})", noise=float(np.sqrt(usual * (1 - usual) / size)))


def _fewest(check: DriftCheck) -> int:
    """Shares that are next to nothing while all is well need few cells; those that move by themselves need many."""
    return _FEWEST_RESTLESS if check.side == "change" or check.name in _RESTLESS else _FEWEST


def _levels(tallies: pl.DataFrame, settings: DriftSettings) -> _Found:
    """Demand of series against themselves a few weeks ago, less the same of all others: season and growth of the market fall out."""
    words = "logarithm of demand against 2 to 5 weeks before, all others' taken off"
    checks = {
        "category": DriftCheck("category_level", settings.level_change, words, side="change", deviations_below=settings.category_fall_deviations),
        "merchant": DriftCheck("merchant_level", settings.level_change, words, side="change"),
    }
    now, usual = pl.col("matched_sales_parts"), pl.col("matched_reference_parts")
    columns = ("n_matched", "matched_sales_parts", "matched_reference_parts")
    market = tallies.filter(pl.col("scope") == MARKET).select("week", *(pl.col(name).alias(f"market_{name}") for name in columns))
    ratio, others = _log_ratio(now, usual), _log_ratio(pl.col("market_matched_sales_parts") - now, pl.col("market_matched_reference_parts") - usual)
    market_has_others = pl.col("market_n_matched") - pl.col("n_matched") >= settings.fewest_series_of_level
    rows = tallies.filter(pl.col("scope") != MARKET, pl.col("n_matched") >= settings.fewest_series_of_level).join(market, on="week").sort("scope", "week")
    levels = rows.with_columns(level=ratio - pl.when(market_has_others).then(others).otherwise(0.0))
    for scope, found in _by_scope(levels):
        smooth = found.select("week", "n_matched", level=pl.col("level").rolling_mean(_LEVEL_WEEKS)).drop_nulls()
        if smooth.height:
            last = smooth["week"][-1]
            season = smooth.filter((pl.col("week") - (last - _YEAR)).abs() <= _SEASON)
            yield (
                last,
                Figures(
                    checks[scope.split(" ")[0]],
                    scope,
                    smooth["level"].to_list(),
                    f" ({smooth['n_matched'][-1]:,} series)",
                    a_year_ago=season["level"].to_list(),
                ),
            )


def _log_ratio(now: pl.Expr, usual: pl.Expr) -> pl.Expr:
    return ((now + 1_000) / (usual + 1_000)).log()


def _distributions(tallies: pl.DataFrame, settings: DriftSettings) -> _Found:
    when = {"hour_counts": ("sale_hours", "hours of sales"), "weekday_counts": ("sale_weekdays", "weekdays of sales")}
    for column, (name, words) in when.items():
        check = DriftCheck(name, settings.largest_psi, f"stability index of the {words}")
        yield from _shifted(tallies.filter(_KIND == "merchant", pl.col("n_sales") >= _FEWEST_SALES), column, check)
    for feature in FEATURES:
        enough = pl.col(f"{feature}_counts").list.sum() >= settings.fewest_cells
        of_market = tallies.filter(pl.col("scope") == MARKET, enough).with_columns(scope=pl.lit(f"feature {feature}"))
        yield from _shifted(of_market, f"{feature}_counts", DriftCheck("feature_stability", settings.largest_psi, "stability index of the distribution"))
        yield from _shifted(of_market, f"{feature}_counts", DriftCheck("feature_distance", settings.largest_ks, "Kolmogorov–Smirnov distance"))


def _shifted(tallies: pl.DataFrame, column: str, check: DriftCheck) -> _Found:
    """Each week's histogram against that of the 8 weeks before."""
    for scope, rows in _by_scope(tallies):
        counts = np.array(rows[column].to_list(), dtype=np.float64)
        pairs = [(counts[place], counts[place - _POOLED_WEEKS : place].sum(axis=0)) for place in range(_POOLED_WEEKS, len(counts))]
        if not pairs:
            continue
        if check.name == "feature_distance":
            found = [kolmogorov_smirnov(*pair) for pair in pairs]
            values, chance = [distance if p < _SIGNIFICANCE else 0.0 for distance, p in found], f" (p = {found[-1][1]:.2g})"
        else:
            values, chance = [population_stability_index(*pair) for pair in pairs], f" ({int(pairs[-1][0].sum()):,} rows)"
        noise = 0.0 if check.name == "feature_distance" else noise_of_index(*pairs[-1])
        yield rows["week"][-1], Figures(check, scope, values, chance, noise=noise)


def _categories(tallies: pl.DataFrame, settings: DriftSettings) -> _Found:
    """Units in categories that had none in the 26 weeks before, and those that have none any more, by the least they had in the 4 weeks before."""
    rows = tallies.filter(_KIND == "category")
    weeks = sorted(tallies["week"].unique())
    if rows.is_empty():
        return
    sold = rows.pivot(on="week", index="scope", values="sold_units").select(
        pl.col(str(week)) if str(week) in rows["week"].cast(pl.String) else pl.lit(0).alias(str(week)) for week in weeks
    )
    units = sold.fill_null(0).to_numpy().astype(np.float64)
    appeared, vanished = [], []
    for place in range(_POOLED_WEEKS, len(weeks)):
        now, usual = units[:, place], units[:, place - _STEADY_WEEKS : place].min(axis=1)
        appeared.append(float(now[units[:, :place].sum(axis=1) == 0].sum() / max(now.sum(), 1.0)))
        vanished.append(float(usual[now == 0].sum() / max(usual.sum(), 1.0)))
    for name, words, values in (
        ("categories_appeared", "share of units in new categories", appeared),
        ("categories_vanished", "usual share of categories without a sale", vanished),
    ):
        if values:
            yield weeks[-1], Figures(DriftCheck(name, settings.category_share, words), MARKET, values)


def _by_scope(tallies: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """Rows of each scope, oldest first, without gaps up to their last week."""
    for (scope,), rows in tallies.sort("scope", "week").group_by("scope", maintain_order=True):
        apart = (rows["week"].diff() > ONE_WEEK).fill_null(value=False).cum_sum()
        yield str(scope), rows.filter(apart == apart[-1])
