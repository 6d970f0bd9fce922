"""The engine's side of a replay: at each epoch forecast what was observed, optimise, order. It sees `Seen` and the source cut at the week, no more."""

from collections.abc import Callable, Mapping
from datetime import date

import numpy as np
import polars as pl

from assets.replay.forecasts import Forecaster, quantile_matrix
from assets.replay.opening import Opening, at_decision
from assets.replay.terms import ReplayTerms
from domain.calendar import ONE_DAY, ONE_WEEK, share_of_week_left
from domain.feature_vector import FeatureVector
from domain.quantiles import mean_of_quantiles
from domain.settings import Settings
from domain.stage_tables import HORIZON_WEEKS
from feature_store.stock import SERIES_KEY, returns_due_units
from ml.preprocessing import build_weekly_demand
from simulation.replay.decisions import orders_by_calendar, orders_today
from simulation.replay.known_end import End
from simulation.replay.world import NEVER, IntArray, Seen
from simulation.sampling.paths import FloatArray

View = Callable[[date], Mapping[str, pl.DataFrame]]
"""Monday of a week → the source as it stood at its end."""


class ObservedForecasts:
    """Quantiles at each decision, from the source's past and what the game has shown since.

    Args:
        view: The source, cut.
        opening: The SKUs.
        terms: The game.
        forecaster: Whoever forecasts.
        history_weeks: Length of the window.
    """

    def __init__(self, view: View, opening: Opening, terms: ReplayTerms, forecaster: Forecaster, *, history_weeks: int) -> None:
        self._view, self._opening, self._terms, self._forecaster, self._history_weeks = view, opening, terms, forecaster, history_weeks
        self._known: dict[int, FloatArray] = {}

    def __call__(self, seen: Seen) -> FloatArray:
        """`(n_skus, 12, 39)`. Where true demand is shown, and at the start, every policy sees the same weeks: forecast once."""
        is_shared = self._terms.observe == "demand" or seen.epoch == 0
        if is_shared and seen.epoch in self._known:
            return self._known[seen.epoch]
        cutoff = self._terms.start + seen.epoch * ONE_WEEK
        quantiles = quantile_matrix(self._forecaster(self._demand(seen, cutoff), cutoff))
        if is_shared:
            self._known[seen.epoch] = quantiles
        return quantiles

    def _demand(self, seen: Seen, cutoff: date) -> pl.DataFrame:
        """The weekly series at a cutoff: prices and promotions as they came, units as this game showed them."""
        weekly = build_weekly_demand(self._view(cutoff), cutoff=cutoff, history_weeks=self._history_weeks)
        weekly = weekly.join(self._opening.keys, on=SERIES_KEY, how="semi")
        if seen.epoch == 0:
            return weekly
        shown = self._shown(seen)
        joined = weekly.join(shown, on=[*SERIES_KEY, "week"], how="left", maintain_order="left")
        in_game = pl.col("week") > self._terms.start
        return joined.with_columns(
            *(pl.when(in_game).then(f"shown_{name}").otherwise(name).alias(name) for name in ("sales_units", "is_censored", "returned_units")),
        ).select(weekly.columns)

    def _shown(self, seen: Seen) -> pl.DataFrame:
        """Units of the weeks played. Sales that emptied the shelf are a lower bound; none at all on an empty shelf say nothing."""
        journal, n_skus = seen.journal, self._opening.keys.height
        hides = self._terms.observe == "sales"
        emptied = journal.shelf_was_emptied.T.ravel() & hides
        units = journal.demand_units.T.ravel()
        weeks = pl.Series("week", self._terms.weeks[: seen.epoch] * n_skus, dtype=pl.Date)
        keys = self._opening.keys.select(pl.all().repeat_by(seen.epoch)).explode(SERIES_KEY)
        shown = pl.DataFrame({"units": units, "emptied": emptied, "shown_returned_units": journal.returned_units.T.ravel()})
        return (
            keys.with_columns(weeks)
            .hstack(shown)
            .with_columns(shown_sales_units=pl.when(~(pl.col("emptied") & (pl.col("units") == 0))).then("units"), shown_is_censored="emptied")
        )


class Sight:
    """The SKUs as the engine sees them at an epoch.

    Args:
        opening: The SKUs at the start.
        terms: The game.
        forecasts: Of its decisions.
        as_point: Put the mean in place of the distribution: what a point forecast would lead to.
    """

    def __init__(self, opening: Opening, terms: ReplayTerms, forecasts: ObservedForecasts, *, as_point: bool) -> None:
        self._opening, self._terms, self._forecasts, self._as_point = opening, terms, forecasts, as_point

    def __call__(self, seen: Seen, /) -> list[FeatureVector]:
        """In the order of the keys."""
        cutoff = self._terms.start + seen.epoch * ONE_WEEK
        day = cutoff + ONE_WEEK + seen.weekday * ONE_DAY
        quantiles = self._forecasts(seen)
        if seen.weekday:
            quantiles = quantiles.copy()
            quantiles[:, 0] = np.floor(quantiles[:, 0] * share_of_week_left(day) + 0.5)
        if self._as_point:
            quantiles = np.broadcast_to(mean_of_quantiles(quantiles)[..., None], quantiles.shape)
        return at_decision(
            self._opening,
            day,
            cutoff=cutoff,
            quantiles=quantiles,
            on_hand_units=seen.on_hand_units,
            inbound_units=seen.inbound_units,
            returns_due=self._returns_due(seen),
            last_orders=[None if order == NEVER else self._terms.first_week + int(order) * ONE_DAY for order in seen.last_order_day],
        )

    def _returns_due(self, seen: Seen) -> FloatArray:
        """To be expected of what was sold before, `(n_skus, 12)`."""
        sold = np.concatenate((self._opening.recent_sales_units, seen.journal.sold_units.T.astype(np.float64)), axis=1)[:, -HORIZON_WEEKS:]
        rate = np.array([vector.return_rate for vector in self._opening.vectors])
        n_lags = max(vector.return_lag_weights.size for vector in self._opening.vectors)
        weights = np.array([np.pad(vector.return_lag_weights, (0, n_lags - vector.return_lag_weights.size)) for vector in self._opening.vectors])
        return returns_due_units(sold, rate, weights)


class Engine:
    """Decides as the product does, on what it may see.

    Args:
        sight: What it sees.
        terms: The game.
        settings: In force, by merchant.
        policy: A name of `simulation.policies.registry.POLICIES`.
        n_threads: Chunks of SKUs at a time.
    """

    def __init__(self, sight: Sight, terms: ReplayTerms, *, settings: Mapping[str, Settings], policy: str, n_threads: int) -> None:
        self._sight, self._terms, self._settings, self._policy, self._n_threads = sight, terms, settings, policy, n_threads

    def __call__(self, seen: Seen, /) -> IntArray:
        """Today's orders. At the end of weeks: between two reviews of a merchant there are none. Every day: as its calendar says."""
        vectors = self._sight(seen)
        if self._terms.rhythm == "daily":
            end = end_of(self._terms, seen.epoch)
            return orders_by_calendar(vectors, self._settings, policy=self._policy, end=end, n_threads=self._n_threads)
        reviewed = [sku for sku, vector in enumerate(vectors) if seen.epoch % self._settings[vector.merchant_id].inventory.review_period_weeks == 0]
        orders = np.zeros(len(vectors), dtype=np.int64)
        asked = [vectors[sku] for sku in reviewed]
        orders[reviewed] = orders_today(asked, self._settings, policy=self._policy, end=end_of(self._terms, seen.epoch), n_threads=self._n_threads)
        return orders


def end_of(terms: ReplayTerms, epoch: int) -> End | None:
    """What an engine is told of the end at an epoch; `None` = nothing."""
    return End(terms.n_orders - epoch, terms.n_weeks - epoch) if terms.end == "known" else None
