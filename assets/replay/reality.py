"""The world's side of a source: demand, deliveries and returns as they came. Nothing of this ever reaches the engine.

The lead time of an order is a keyed draw, the same under every policy: Gamma with the merchant's mean and dispersion (its
setting, else what all its received shipments show, else 0.4), rounded to weeks. A supplier's delay is a process
(`delays.py`): it changes slowly, all its articles share it, and no order overtakes an earlier one. Demand: `demand.py`.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from typing import NamedTuple

import numpy as np
import polars as pl
from scipy.stats import gamma

from assets.replay.delays import in_sequence, supplier_delays
from assets.replay.demand import recorded_demand, true_demand
from assets.replay.opening import Opening
from assets.replay.terms import ReplayTerms, whole_weeks
from domain.randomness import stable_hash
from domain.settings import Settings
from domain.stage_tables import ALL_CATEGORIES
from domain.vector_chunk import chunk_of
from feature_store.stock import SERIES_KEY, returns_due_units
from ml.preprocessing import estimate_merchant_profiles
from simulation.replay.days import N_DAYS, DayFacts
from simulation.replay.world import NO_SHIPMENTS, FloatArray, IntArray, Shipments, WorldFacts
from simulation.sampling.lead_times import fallback_cv
from simulation.sku_terms import chunk_terms

Tables = Mapping[str, pl.DataFrame]


class Reality(NamedTuple):
    """A game's world, and what people did in it."""

    facts: WorldFacts
    recorded: Sequence[Shipments]
    """Orders on record by epoch, as they arrived. Those of the start week are in transit for everybody: epoch 0 is empty."""
    drawn_demand_share: float
    has_truth: bool


def reality_of(tables: Tables, truth: pl.DataFrame | None, opening: Opening, terms: ReplayTerms, *, settings: Mapping[str, Settings], seed: int) -> Reality:
    """Everything that is true of a game.

    Args:
        tables: The nine contract tables, whole.
        truth: Demand known to a synthetic world; `None` = it is read from the sales.
        opening: The SKUs.
        terms: The game.
        settings: In force, by merchant.
        seed: Of the draws.
    """
    keys = opening.keys.with_row_index("sku").with_columns(pl.col("sku").cast(pl.Int64))
    demand = recorded_demand(tables, keys, terms, seed=seed) if truth is None else true_demand(truth, keys, terms)
    profiles = estimate_merchant_profiles(tables, cutoff=terms.last_week).filter(pl.col("category") == ALL_CATEGORIES)
    shipments = _placed(tables["inbound_shipments"], keys, terms, settings=settings)
    rate, weights, due = _returns(tables, opening, keys, terms, profiles=profiles)
    means = _lead_time_means(keys, tables["articles"], settings)
    in_transit = _in_transit(shipments)
    facts = WorldFacts(
        demand_units=demand.units,
        on_hand_units=np.array([vector.on_hand_units for vector in opening.vectors], dtype=np.int64),
        in_transit=in_transit,
        lead_time_weeks=_lead_times(opening, terms, in_transit, means=means, settings=settings, profiles=profiles, seed=seed),
        announced_lead_time_weeks=np.array([whole_weeks(mean) for mean in means], dtype=np.int64),
        returns_due_units=due,
        return_weights=rate[:, None] * weights,
        return_offset=np.array([stable_hash("returns", *key, seed) % 256 / 256 for key in opening.keys.rows()]),
        inbound_share_before_demand=np.array([round(settings[v.merchant_id].inventory.inbound_share_before_demand * 64) / 64 for v in opening.vectors]),
        cost_rates_eur=_cost_rates(opening, settings),
    )
    return Reality(facts, _recorded(shipments, terms), demand.drawn_share, truth is not None)


def _placed(shipments: pl.DataFrame, keys: pl.DataFrame, terms: ReplayTerms, *, settings: Mapping[str, Settings]) -> pl.DataFrame:
    """Shipments not yet received at the start: sku, units, order week, and weeks of the game in which they were expected and arrived.

    A missing date is inferred as the engine does; a shipment that was never received comes when expected; one that is overdue comes in week 0.
    """
    lead = pl.DataFrame(
        {"merchant_id": list(settings), "lead_time_weeks": [own.inventory.lead_time_weeks for own in settings.values()]},
        schema={"merchant_id": pl.String, "lead_time_weeks": pl.Float64},
    )
    on_the_way = pl.duration(weeks=pl.col("lead_time_weeks").round().cast(pl.Int64))
    opening = datetime.combine(terms.first_week, time(), tzinfo=UTC)
    dated = (
        shipments.join(lead, on="merchant_id")
        .join(keys, on=SERIES_KEY)
        .with_columns(
            ordered=pl.coalesce("ordered_at", pl.col("expected_at") - on_the_way), expected=pl.coalesce("expected_at", pl.col("ordered_at") + on_the_way)
        )
        .filter(pl.col("ordered").is_not_null(), pl.col("received_at").is_null() | (pl.col("received_at") >= opening), pl.col("quantity_units") > 0)
        .with_columns(arrived=pl.coalesce("received_at", "expected"))
    )
    week = {name: (pl.col(name).cast(pl.Date).dt.truncate("1w") - terms.first_week).dt.total_days() // 7 for name in ("ordered", "expected", "arrived")}
    return dated.select("sku", units="quantity_units", order_week=week["ordered"], expected_week=week["expected"], arrival_week=week["arrived"]).sort(pl.all())


def _in_transit(placed: pl.DataFrame) -> Shipments:
    return _as_shipments(placed.filter(pl.col("order_week") < 0), epoch=0)


def _recorded(placed: pl.DataFrame, terms: ReplayTerms) -> list[Shipments]:
    """By the epoch at whose week's end they count as placed: what people order in week t is their decision of week t."""
    later = [_as_shipments(placed.filter(pl.col("order_week") == epoch - 1), epoch=epoch) for epoch in range(1, terms.n_orders)]
    return [NO_SHIPMENTS, *later]


def _as_shipments(rows: pl.DataFrame, *, epoch: int) -> Shipments:
    columns = (rows[name].to_numpy().astype(np.int64) for name in ("sku", "units", "expected_week", "arrival_week"))
    sku, units, expected, arrival = columns
    return Shipments(sku, units, np.maximum(expected, epoch), np.maximum(arrival, epoch))


def _lead_time_means(keys: pl.DataFrame, articles: pl.DataFrame, settings: Mapping[str, Settings]) -> list[float]:
    """Mean full weeks as articles, else their merchants state them: what the engine has learnt is its own business."""
    stated = keys.join(articles.select(*SERIES_KEY, "lead_time_weeks"), on=SERIES_KEY, how="left", maintain_order="left")
    return [
        settings[merchant].inventory.lead_time_weeks if own is None else own for merchant, own in stated.select("merchant_id", "lead_time_weeks").iter_rows()
    ]


def _lead_times(
    opening: Opening, terms: ReplayTerms, in_transit: Shipments, *, means: Sequence[float], settings: Mapping[str, Settings], profiles: pl.DataFrame, seed: int
) -> IntArray:
    """`(n_skus, n_orders)` of an order at each epoch: a supplier's delay changes slowly, and no order overtakes another."""
    observed = dict(profiles.select("merchant_id", "observed_lead_time_cv").iter_rows())
    lead = np.empty((len(opening.vectors), terms.n_orders), dtype=np.int64)
    for sku, vector in enumerate(opening.vectors):
        mean = means[sku]
        cvs = (settings[vector.merchant_id].inventory.lead_time_cv, observed.get(vector.merchant_id), fallback_cv(mean))
        cv = next(cv for cv in cvs if cv is not None)
        if cv == 0 or mean == 0:
            lead[sku] = whole_weeks(mean)
            continue
        supplier = (vector.merchant_id, vector.article_id) if vector.supplier_id is None else (vector.merchant_id, "supplier", vector.supplier_id)
        delay = supplier_delays(supplier, terms.start, terms.n_orders, seed=seed)
        drawn = np.floor(gamma.ppf(delay, 1 / cv**2, scale=mean * cv**2) + 0.5).astype(np.int64)
        ahead = in_transit.arrival_week[(in_transit.sku == sku) & (in_transit.expected_week <= whole_weeks(mean))]
        lead[sku] = in_sequence(drawn, ahead.max(initial=-1))
    return lead


def day_facts(opening: Opening, terms: ReplayTerms, *, seed: int) -> DayFacts:
    """What is true within the weeks of a game: keyed, the same for every policy and rhythm."""
    keys, weeks = opening.keys.rows(), terms.weeks
    offset = [stable_hash("demand of a day", *key, seed) % 256 / 256 for key in keys]
    arrival = [[stable_hash("day of arrival", *key, week, seed) % N_DAYS for week in weeks] for key in keys]
    return DayFacts(np.array(offset), np.array(arrival, dtype=np.int64))


def _returns(tables: Tables, opening: Opening, keys: pl.DataFrame, terms: ReplayTerms, *, profiles: pl.DataFrame) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return rate `(n_skus,)`, share by weeks since the sale from week 1 on `(n_skus, n_lags)`, and what is due of sales before the start `(n_skus, n_weeks)`.

    Due are the returns on record whose sale is dated; where none is, those to be expected. What is sold in the game comes back at the merchant's rate.
    """
    rows = keys.join(profiles, on="merchant_id", how="left", maintain_order="left")
    rate, lags = rows["return_rate"].fill_null(0.0).to_numpy(), max(rows["return_lag_weights"].list.len().drop_nulls().to_list(), default=1)
    weights = np.column_stack([rows["return_lag_weights"].list.get(lag, null_on_oob=True).fill_null(0.0).to_numpy() for lag in range(lags)])
    dated = tables["returns"].filter(pl.col("sold_at").is_not_null())
    due = np.zeros((keys.height, terms.n_weeks))
    if dated.is_empty():
        expected = returns_due_units(opening.recent_sales_units, rate, weights)[:, : terms.n_weeks]
        due[:, : expected.shape[1]] = expected
    else:
        opens = datetime.combine(terms.first_week, time(), tzinfo=UTC)
        week = ((pl.col("returned_at").cast(pl.Date).dt.truncate("1w") - terms.first_week).dt.total_days() // 7).alias("index")
        back = dated.filter(pl.col("sold_at") < opens, pl.col("returned_at") >= opens).join(keys, on=SERIES_KEY).with_columns(week)
        back = back.filter(pl.col("index") < terms.n_weeks)
        np.add.at(due, (back["sku"].to_numpy(), back["index"].to_numpy()), back["quantity_units"].to_numpy())
    later = np.zeros((keys.height, max(lags - 1, 1)))
    later[:, : lags - 1] = weights[:, 1:]
    later[:, 0] += weights[:, 0]  # lag 0 counts as 1, as in the engine
    return rate, later, due


def _cost_rates(opening: Opening, settings: Mapping[str, Settings]) -> FloatArray:
    """`(n_skus, 7)`, the engine's own: cost is agreed, not discovered."""
    rates = np.empty((len(opening.vectors), 7))
    merchants = np.array([vector.merchant_id for vector in opening.vectors])
    for merchant_id, own in settings.items():
        skus = np.flatnonzero(merchants == merchant_id)
        if skus.size:
            rates[skus] = chunk_terms(chunk_of([opening.vectors[sku] for sku in skus.tolist()]), own).cost_rates_eur
    return rates
