"""What a replay starts from: the SKUs as the engine's feature vectors of the first decision, and each merchant's settings."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from assets.replay.engine_view import tables_visible_at
from assets.replay.forecasts import Forecaster
from assets.replay.terms import ReplayTerms
from domain.feature_vector import NO_UNITS, FeatureVector, vector_from_row
from domain.settings import Settings, Trigger
from feature_store import DefaultUsed, assemble_vectors, defaults_used
from feature_store.stock import SERIES_KEY, recent_sales
from ml.preprocessing import build_weekly_demand, estimate_merchant_profiles
from simulation.sampling.paths import FloatArray, IntArray

Tables = Mapping[str, pl.DataFrame]
_SETTLED_BY_THE_GAME = {"policy", "trigger", "objective"}


class Opening(NamedTuple):
    """Everything here comes from the source as it stood at the end of the start week."""

    keys: pl.DataFrame
    """merchant_id, article_id of every SKU, sorted: those with a sales row by the start."""
    vectors: Sequence[FeatureVector]
    """Of the first decision, in the order of `keys`."""
    recent_sales_units: FloatArray
    """`(n_skus, 12)` oldest first, NaN = unknown."""
    defaults: Sequence[DefaultUsed]
    """What the source does not say."""


def open_game(tables: Tables, terms: ReplayTerms, forecaster: Forecaster, *, settings: Settings) -> Opening:
    """Assemble the SKUs at the start.

    Args:
        tables: The nine contract tables; only what is visible at the start is looked at.
        terms: The game.
        forecaster: Its forecast of the start fills the vectors.
        settings: The platform's.
    """
    visible = tables_visible_at(tables, terms.start)
    demand = build_weekly_demand(visible, cutoff=terms.start, history_weeks=settings.forecast.history_weeks)
    profiles = estimate_merchant_profiles(visible, cutoff=terms.start)
    forecast = forecaster(demand, terms.start)
    rows = assemble_vectors(visible, demand, forecast, profiles, decision_date=terms.first_week, settings=settings)
    keys = rows.select(SERIES_KEY)
    used = defaults_used(visible, demand, forecast, profiles, decision_date=terms.first_week, settings=settings)
    return Opening(
        keys,
        [vector_from_row(row) for row in rows.iter_rows(named=True)],
        recent_sales(keys, demand, cutoff=terms.start),
        [default for default in used if default.name not in _SETTLED_BY_THE_GAME],
    )


def settings_in_force(
    settings: Settings, merchants: pl.DataFrame, merchant_ids: Sequence[str], terms: ReplayTerms, *, trigger: Trigger, objective: str | None
) -> dict[str, Settings]:
    """Each merchant's settings with the game's on top.

    Args:
        settings: The platform's.
        merchants: Contract table `merchants`.
        merchant_ids: Who plays.
        terms: The game.
        trigger: What reorder points are compared with.
        objective: For all; `None` = a merchant's own where its row says one, else the mean.
    """
    rows = {row["merchant_id"]: row for row in merchants.iter_rows(named=True)}
    found = {}
    for merchant_id in merchant_ids:
        own = settings.for_merchant(merchant_id, rows.get(merchant_id))
        said = rows.get(merchant_id, {}).get("objective") or settings.merchants.get(merchant_id, {}).get("objective")
        # An optimiser that may order later postpones every week anew: in a rolling game the kick-start is now (measured, lab §3).
        changes: dict[str, Any] = {"trigger": trigger, "objective": objective or said or "mean", "initial_order_latest_week": 0}
        if terms.inbound_share_before_demand is not None:
            changes["inbound_share_before_demand"] = terms.inbound_share_before_demand
        inventory = type(own.inventory)(**(own.inventory.model_dump() | changes))
        found[merchant_id] = own.model_copy(update={"inventory": inventory})
    return found


def at_decision(
    opening: Opening,
    day: date,
    *,
    cutoff: date,
    quantiles: FloatArray,
    on_hand_units: IntArray,
    inbound_units: IntArray,
    returns_due: FloatArray,
    last_orders: Sequence[date | None],
) -> list[FeatureVector]:
    """The vectors of a later decision: prices, costs and rates as at the start; forecast and stock as they are now."""
    return [
        vector._replace(
            date=day,
            cutoff=cutoff,
            demand_quantiles_units=quantiles[sku],
            on_hand_units=int(on_hand_units[sku]),
            inbound_units=np.asarray(inbound_units[sku], dtype=np.int64),
            inbound_later_units=NO_UNITS,
            returns_due_units=returns_due[sku],
            last_order_date=last_orders[sku] or vector.last_order_date,
        )
        for sku, vector in enumerate(opening.vectors)
    ]
