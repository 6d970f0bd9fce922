"""Forecast + stock + economics → one feature vector per SKU for one decision day (`stage_tables.SkuVectors`)."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from domain.calendar import cutoff_for
from domain.errors import StaleInputError
from domain.feature_vector import SCHEMA_VERSION, hash_vector_row
from domain.quantiles import QUANTILE_COLUMNS
from domain.settings import Settings
from domain.stage_tables import ALL_CATEGORIES, HORIZON_WEEKS, SkuVectors
from feature_store.economics import unit_economics
from feature_store.lead_times import lead_times_of_series
from feature_store.life import share_of_weeks_left
from feature_store.shipments import inbound_units, open_shipments
from feature_store.stock import SERIES_KEY, last_orders, recent_sales, returns_due_units
from feature_store.stock_on_hand import on_hand_units
from ml.forecasting import forecast_newcomers
from ml.preprocessing import MarketFacts, count_lead_times, default_profiles, market_facts_of, without_unit_errors
from simulation.sampling.dependence_by_segment import estimate_dependence, of_segments

FloatArray = npt.NDArray[np.float64]
_HASHED = [name for name in SkuVectors.column_names() if name != "vector_hash"]


class MarketContext(NamedTuple):
    """What only the whole market shows, whatever shard a series is in."""

    facts: MarketFacts
    """As known before the decision day."""
    lead_times: pl.DataFrame
    """`stage_tables.LeadTimes` of the cutoff."""


def market_context_of(tables: Mapping[str, pl.DataFrame], *, decision_date: date, settings: Settings) -> MarketContext:
    """The context of tables that hold the whole market."""
    facts = market_facts_of(tables, before=decision_date, reading=settings.reading)
    return MarketContext(facts, count_lead_times(tables, cutoff=cutoff_for(decision_date)))


def assemble_vectors(
    tables: Mapping[str, pl.DataFrame],
    weekly_demand: pl.DataFrame,
    forecast: pl.DataFrame,
    profiles: pl.DataFrame,
    *,
    decision_date: date,
    settings: Settings,
    dependence: pl.DataFrame | None = None,
    market: MarketContext | None = None,
) -> pl.DataFrame:
    """One vector per series of the forecast, as it stands on the morning of the decision day.

    Series first sold between the cutoff and the decision day get one too, with the prior as their forecast.

    Args:
        tables: The nine contract tables; stock and shipments from the decision day on are not looked at.
        weekly_demand: Series up to the forecast's cutoff (later rows are not looked at).
        forecast: `stage_tables.Forecasts` of the newest cutoff before the decision day.
        profiles: `stage_tables.MerchantProfiles`.
        decision_date: Day of the decision. Mid-week, week 0 holds the demand of the days left, this one included.
        settings: Defaults for what the source does not say.
        dependence: `forecast_tables.WeekDependence` of the cutoff; `None` = no past forecasts, so the default.
        market: What only the whole market shows; `None` = `tables` are the whole market.

    Raises:
        StaleInputError: The forecast is of another cutoff or horizon, or a merchant has no profile.
    """
    cutoff = cutoff_for(decision_date)
    _refuse_stale(forecast, profiles, cutoff=cutoff, decision_date=decision_date)
    newcomers = forecast_newcomers(tables, forecast, cutoff=cutoff, decision_date=decision_date)
    unknown_merchants = newcomers.join(profiles, on="merchant_id", how="anti")["merchant_id"].unique().sort()
    profiles = pl.concat([profiles, default_profiles(unknown_merchants)])
    ordered = pl.concat([forecast.select(newcomers.columns), newcomers]).sort(*SERIES_KEY, "horizon_week")
    series = ordered.select(*SERIES_KEY, "model", "segment").unique(SERIES_KEY, keep="first", maintain_order=True)
    keys = series.select(SERIES_KEY)
    context = market or market_context_of(tables, decision_date=decision_date, settings=settings)
    own_profiles = _profiles_of(keys, tables["articles"], profiles)
    lead = lead_times_of_series(keys, tables, context.lead_times, own_profiles, cutoff=cutoff, settings=settings)
    shares = share_of_weeks_left(keys, tables["articles"], decision_date=decision_date, cutoff=cutoff)
    sales = recent_sales(keys, without_unit_errors(weekly_demand), cutoff=cutoff)
    rows = (
        unit_economics(series, tables, weekly_demand, cutoff=cutoff, costs=settings.costs)
        .join(_packaging(tables), on=SERIES_KEY, how="left", maintain_order="left")
        .join(own_profiles, on=SERIES_KEY, how="left", maintain_order="left")
        .join(_stock(tables, lead, context, decision_date=decision_date, cutoff=cutoff), on=SERIES_KEY, how="left", maintain_order="left")
    )
    due = returns_due_units(sales, rows["return_rate"].to_numpy(), _padded(rows["return_lag_weights"]))
    rows = rows.with_columns(
        date=pl.lit(decision_date),
        cutoff=pl.lit(cutoff),
        schema_version=pl.lit(SCHEMA_VERSION, pl.Int64),
        demand_quantiles_units=_lists(_demand_left(ordered, shares)),
        returns_due_units=_lists(due),
        sales_history_units=_lists(sales).list.eval(pl.element().fill_nan(None).cast(pl.Int64)),
        **of_segments(rows["segment"], estimate_dependence([]) if dependence is None else dependence).to_dict(),
    ).select(_HASHED)
    hashes = [hash_vector_row(row) for row in rows.iter_rows(named=True)]
    return SkuVectors.validate(rows.with_columns(vector_hash=pl.Series(hashes, dtype=pl.String)))


def _demand_left(ordered: pl.DataFrame, shares: FloatArray) -> FloatArray:
    """Quantiles `(n_series, 12 · 39)`; those of a week that is not whole scaled to the share of it that is left, in whole units.

    Rounding keeps the order of the levels. The quantiles of part of a week are more dispersed than that share of the week's quantiles;
    the error is smaller than counting days that have passed, or that come after the last day on sale.

    Args:
        ordered: The forecast, in the order of the series and weeks.
        shares: Of `share_of_weeks_left`.
    """
    quantiles = ordered.select(QUANTILE_COLUMNS).to_numpy().reshape(-1, HORIZON_WEEKS, len(QUANTILE_COLUMNS))
    scaled = np.where(shares[:, :, None] < 1, np.floor(quantiles * shares[:, :, None] + 0.5), quantiles)
    return scaled.reshape(len(quantiles), HORIZON_WEEKS * len(QUANTILE_COLUMNS))


def _stock(tables: Mapping[str, pl.DataFrame], lead: pl.DataFrame, context: MarketContext, *, decision_date: date, cutoff: date) -> pl.DataFrame:
    """Stock, shipments and lead time of every series; nothing known = nothing there."""
    in_transit = open_shipments(tables["inbound_shipments"], lead.select(*SERIES_KEY, "lead_time_weeks", "lead_time_cv"), decision_date=decision_date)
    on_hand = on_hand_units(tables, decision_date=decision_date, reports=context.facts.reports)
    joined = lead.select(*SERIES_KEY, "lead_time_weeks").join(on_hand, on=SERIES_KEY, how="left", maintain_order="left")
    joined = joined.join(inbound_units(in_transit, cutoff=cutoff), on=SERIES_KEY, how="left", maintain_order="left")
    nothing = pl.lit([0] * HORIZON_WEEKS, pl.List(pl.Int64))
    joined = joined.join(last_orders(tables, decision_date=decision_date), on=SERIES_KEY, how="left", maintain_order="left")
    none_later = pl.lit([], pl.List(pl.Int64))
    return joined.with_columns(
        pl.col("on_hand_units").fill_null(0), pl.col("inbound_units").fill_null(nothing), pl.col("inbound_later_units").fill_null(none_later)
    )


def _profiles_of(keys: pl.DataFrame, articles: pl.DataFrame, profiles: pl.DataFrame) -> pl.DataFrame:
    """Returns and lead-time dispersion of each series: of its merchant's category, of all of the merchant's articles where that has no row."""
    figures = ["return_rate", "return_lag_weights", "observed_lead_time_cv"]
    of_merchant = profiles.filter(pl.col("category") == ALL_CATEGORIES).select("merchant_id", *figures)
    with_category = keys.join(articles.select(*SERIES_KEY, "category"), on=SERIES_KEY, how="left", maintain_order="left")
    joined = with_category.join(of_merchant, on="merchant_id", how="left", suffix="_of_all", maintain_order="left").join(
        profiles.select("merchant_id", "category", *figures), on=["merchant_id", "category"], how="left", suffix="_own", maintain_order="left"
    )
    return joined.select(*SERIES_KEY, *(pl.coalesce(f"{name}_own", name).alias(name) for name in figures))


def _packaging(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    return tables["articles"].select(*SERIES_KEY, "minimum_order_quantity_units", "pack_size_units", "supplier_id")


def _padded(weights: pl.Series) -> FloatArray:
    """Lists of weights as a matrix, short ones filled up with zeros."""
    n_lags = int(weights.list.len().max() or 0)  # type: ignore[arg-type]
    return np.column_stack([weights.list.get(lag, null_on_oob=True).fill_null(0.0).to_numpy() for lag in range(n_lags)]) if n_lags else np.zeros((0, 0))


def _lists(matrix: FloatArray) -> pl.Series:
    return pl.Series(np.ascontiguousarray(matrix)).cast(pl.List(pl.Float64))


def _refuse_stale(forecast: pl.DataFrame, profiles: pl.DataFrame, *, cutoff: date, decision_date: date) -> None:
    """Name everything that does not fit at once."""
    cutoffs = sorted(forecast["cutoff"].unique().to_list())
    horizons = forecast.group_by(SERIES_KEY).agg(pl.col("horizon_week").sort())["horizon_week"].to_list()
    n_wrong = sum(weeks != list(range(1, HORIZON_WEEKS + 1)) for weeks in horizons)
    without_profile = sorted(set(forecast["merchant_id"]) - set(profiles.filter(pl.col("category") == ALL_CATEGORIES)["merchant_id"]))
    found = [f"the forecast's cutoff is {', '.join(map(str, cutoffs))} (need {cutoff})"] if cutoffs not in ([], [cutoff]) else []
    found += [f"{n_wrong} series without exactly the horizon weeks 1 … {HORIZON_WEEKS}"] if n_wrong else []
    found += [f"merchants without a profile: {', '.join(without_profile[:5])}"] if without_profile else []
    if found:
        raise StaleInputError(
            f"the inputs do not fit the decision of {decision_date}",
            got="; ".join(found),
            wanted=f"a forecast and profiles of the cutoff {cutoff} with {HORIZON_WEEKS} weeks per series",
            remedy=f"Materialise series/merchant_profiles and forecast/quantiles for the week {cutoff}.",
        )
