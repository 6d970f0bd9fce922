"""Price, cost and cost rates of every series, and which of them are defaults."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

import polars as pl

from domain.settings import CostSettings, Settings
from domain.stage_tables import ALL_CATEGORIES
from feature_store.stock import lead_times
from simulation.sampling.lead_times import FALLBACK_LEAD_TIME_CV

SERIES_KEY = ["merchant_id", "article_id"]
RATES = (
    "holding_rate_eur_per_unit_week",
    "inbound_rate_eur_per_unit",
    "outbound_rate_eur_per_unit",
    "return_handling_rate_eur_per_unit",
    "fixed_order_cost_eur",
)
_FLAG = "defaulted_"
_PRINTED_SETTINGS = ("review_period_weeks", "policy", "trigger", "objective")
"""Settings of a merchant that shape its orders most; the others stand in docs/reference/settings.md."""


class DefaultUsed(NamedTuple):
    """A value the source does not have, and what stands in for it."""

    name: str
    value: str
    share_of_rows: float
    """Share of the series it fills, in (0, 1]."""


def unit_economics(series: pl.DataFrame, tables: Mapping[str, pl.DataFrame], weekly_demand: pl.DataFrame, *, cutoff: date, costs: CostSettings) -> pl.DataFrame:
    """Price, cost, value and rates per series, each with a `defaulted_…` flag, in the order of `series`.

    Price: the article's list price, else the mean of its weekly prices up to the cutoff (last 12 priced weeks), else the
    setting. Rates: the article's row of `cost_rates`, else its merchant's, else the setting.
    """
    articles = tables["articles"].select(*SERIES_KEY, list_price="unit_price_eur", article_cost="unit_cost_eur")
    joined = series.join(articles, on=SERIES_KEY, how="left", maintain_order="left")
    joined = joined.join(_recent_prices(weekly_demand, cutoff=cutoff), on=SERIES_KEY, how="left", maintain_order="left")
    joined = _with_rates(joined, tables["cost_rates"])
    price, cost = pl.coalesce("list_price", "recent_price"), pl.col("article_cost")
    known_cost = pl.coalesce(cost, pl.lit(costs.unit_cost_eur)) if costs.unit_cost_eur > 0 else cost
    priced = joined.with_columns(
        unit_price_eur=price.fill_null(costs.unit_price_eur),
        unit_cost_eur=cost.fill_null(costs.unit_cost_eur),
        defaulted_unit_price_eur=price.is_null(),
        defaulted_unit_cost_eur=cost.is_null(),
    ).with_columns(unit_value_eur=pl.coalesce(known_cost, "unit_price_eur"))
    return priced.with_columns(
        *(pl.col(name).is_null().alias(_FLAG + name) for name in RATES),
        *(pl.col(name).fill_null(_default_rate(name, costs)) for name in RATES),
    )


def defaults_used(
    tables: Mapping[str, pl.DataFrame], weekly_demand: pl.DataFrame, forecast: pl.DataFrame, profiles: pl.DataFrame, *, decision_date: date, settings: Settings
) -> list[DefaultUsed]:
    """Every default that fills at least one series, so that the doors can print each once.

    Args:
        tables: The nine contract tables.
        weekly_demand: Series up to the forecast's cutoff.
        forecast: `stage_tables.Forecasts`.
        profiles: `stage_tables.MerchantProfiles`.
        decision_date: Day of the decision.
        settings: Where the defaults stand.
    """
    series = forecast.select(SERIES_KEY).unique().sort(SERIES_KEY)
    if series.is_empty():
        return []
    cutoff: date = forecast["cutoff"][0]
    economics = unit_economics(series, tables, weekly_demand, cutoff=cutoff, costs=settings.costs)
    counted = tables["stock_levels"].filter(pl.col("date") < decision_date, pl.col("on_hand_units").is_not_null()).select(SERIES_KEY).unique()
    uncounted = series.join(counted, on=SERIES_KEY, how="anti")
    lead = series.join(lead_times(tables, series["merchant_id"].unique().sort(), settings=settings), on="merchant_id", how="left")
    found = [DefaultUsed(name, _default_text(name, settings.costs), _share(economics[_FLAG + name])) for name in ("unit_price_eur", "unit_cost_eur", *RATES)]
    observed = profiles.filter(pl.col("category") == ALL_CATEGORIES).select("merchant_id", dispersion_is_observed=pl.col("observed_lead_time_cv").is_not_null())
    dispersion = lead.join(observed, on="merchant_id", how="left").select(
        pl.col("lead_time_cv").is_null() & ~pl.col("dispersion_is_observed").fill_null(value=False)
    )
    found += [
        DefaultUsed("lead_time_cv", f"{FALLBACK_LEAD_TIME_CV:g}", _share(dispersion.to_series())),
        DefaultUsed("on_hand_units", "0", uncounted.height / series.height),
        DefaultUsed("lead_time_weeks", f"{settings.inventory.lead_time_weeks:g}", _share(lead["lead_time_is_default"])),
        DefaultUsed("return_rate", "0", float(tables["returns"].is_empty())),
    ]
    found += [_setting_default(name, series, tables["merchants"], settings=settings) for name in _PRINTED_SETTINGS]
    return [default for default in found if default.share_of_rows > 0]


def _setting_default(name: str, series: pl.DataFrame, merchants: pl.DataFrame, *, settings: Settings) -> DefaultUsed:
    """A platform-wide setting, and the share of series whose merchant has not said otherwise."""
    said = {row["merchant_id"] for row in merchants.iter_rows(named=True) if row[name] is not None}
    said |= {merchant_id for merchant_id, own in settings.merchants.items() if name in own}
    return DefaultUsed(name, str(getattr(settings.inventory, name)), _share(~series["merchant_id"].is_in(sorted(said))))


def _share(is_default: pl.Series) -> float:
    return int(is_default.sum()) / len(is_default)


def _recent_prices(weekly_demand: pl.DataFrame, *, cutoff: date) -> pl.DataFrame:
    priced = weekly_demand.filter(pl.col("week") <= cutoff, pl.col("unit_price_eur").is_not_null()).sort(*SERIES_KEY, "week")
    return priced.group_by(SERIES_KEY, maintain_order=True).agg(recent_price=pl.col("unit_price_eur").tail(12).mean())


def _with_rates(series: pl.DataFrame, cost_rates: pl.DataFrame) -> pl.DataFrame:
    """Rates of the article's own row before its merchant's, column by column."""
    own = cost_rates.filter(pl.col("article_id").is_not_null()).select(*SERIES_KEY, *RATES)
    of_merchant = cost_rates.filter(pl.col("article_id").is_null()).select("merchant_id", *RATES)
    joined = series.join(own, on=SERIES_KEY, how="left", maintain_order="left")
    joined = joined.join(of_merchant, on="merchant_id", how="left", suffix="_of_merchant", maintain_order="left")
    return joined.with_columns(pl.coalesce(name, f"{name}_of_merchant").alias(name) for name in RATES)


def _default_rate(name: str, costs: CostSettings) -> pl.Expr:
    if name == "holding_rate_eur_per_unit_week":
        return costs.holding_rate_share_of_price_per_week * pl.col("unit_price_eur")
    return pl.lit(float(getattr(costs, name)))


def _default_text(name: str, costs: CostSettings) -> str:
    if name == "holding_rate_eur_per_unit_week":
        return f"{costs.holding_rate_share_of_price_per_week:g} × unit_price_eur"
    return f"{getattr(costs, name):g}"
