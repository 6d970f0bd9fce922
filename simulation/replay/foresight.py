"""Orders with perfect information: the bound every other policy is measured against (`simulation.hindsight`).

It knows demand, deliveries and the end of the game. Up to twelve weeks its plan is made once; a longer game is planned again at every epoch,
twelve weeks ahead.
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

from domain.feature_vector import FeatureVector
from domain.settings import Settings
from domain.stage_tables import HORIZON_WEEKS
from domain.vector_chunk import chunk_of
from simulation.kernels.chunks import sku_terms_at
from simulation.kernels.hindsight import plan_in_hindsight
from simulation.replay.world import FloatArray, IntArray, Seen, Shipments, WorldFacts
from simulation.sampling.paths import paths_of
from simulation.sku_terms import chunk_terms

_Rows = TypeVar("_Rows", IntArray, FloatArray)


class Foresight:
    """Decides knowing everything.

    Args:
        facts: The world, as nobody else sees it.
        vectors: The SKUs at epoch 0, for their costs and order terms.
        settings: Those in force, by merchant.
        n_orders: Epochs that may order.
    """

    def __init__(self, facts: WorldFacts, vectors: Sequence[FeatureVector], settings: Mapping[str, Settings], *, n_orders: int) -> None:
        self._facts, self._vectors, self._settings, self._n_orders = facts, vectors, settings, n_orders
        self._sent = [facts.in_transit]
        self._plan: IntArray | None = None

    def __call__(self, seen: Seen, /) -> IntArray:
        """What the plan orders at this epoch."""
        if self._facts.n_weeks > HORIZON_WEEKS:
            units = self._planned(seen)[:, 0]
            sku = np.flatnonzero(units)
            arrival = seen.epoch + self._facts.lead_time_weeks[sku, seen.epoch]
            self._sent.append(Shipments(sku, units[sku], arrival, arrival))
            return units
        if self._plan is None:
            self._plan = self._planned(seen)
        return self._plan[:, seen.epoch]

    def _planned(self, seen: Seen) -> IntArray:
        """Orders by epoch from this one on, `(n_skus, 12)`."""
        facts, epoch, n_weeks = self._facts, seen.epoch, min(self._facts.n_weeks - seen.epoch, HORIZON_WEEKS)
        demand = _padded(facts.demand_units[:, epoch : epoch + n_weeks])
        due = _padded(facts.returns_due_units[:, epoch : epoch + n_weeks])
        arriving, lead = self._arriving(epoch), self._lead_times(epoch)
        plans = np.zeros((len(self._vectors), HORIZON_WEEKS), dtype=np.int64)
        for sku, vector in enumerate(self._vectors):
            here = vector._replace(on_hand_units=int(seen.on_hand_units[sku]), inbound_units=arriving[sku], returns_due_units=due[sku])
            terms = sku_terms_at(chunk_terms(chunk_of([here]), self._settings[vector.merchant_id]), 0)
            counted = np.where(np.arange(HORIZON_WEEKS) < n_weeks, 1.0, 0.0)
            paths = paths_of(demand[[sku]], lead[[sku]], np.floor(facts.return_offset[[sku]] * 256) / 256, arriving[[sku]])
            _, ordered, _ = plan_in_hindsight(paths.blocks, terms._replace(discount_weights=counted))
            plans[sku] = ordered[0]
        return plans

    def _arriving(self, epoch: int) -> IntArray:
        """What is on its way `(n_skus, 12)`, by the week in which it really arrives."""
        arriving = np.zeros((len(self._vectors), HORIZON_WEEKS), dtype=np.int64)
        for shipments in self._sent:
            ahead = shipments.arrival_week - epoch
            due = (ahead >= 0) & (ahead < HORIZON_WEEKS)
            np.add.at(arriving, (shipments.sku[due], ahead[due]), shipments.units[due])
        return arriving

    def _lead_times(self, epoch: int) -> IntArray:
        """Of an order at each epoch from this one on; one that may not be placed never arrives."""
        lead = np.full((len(self._vectors), HORIZON_WEEKS), HORIZON_WEEKS, dtype=np.int64)
        known = self._facts.lead_time_weeks[:, epoch : min(epoch + HORIZON_WEEKS, self._n_orders)]
        lead[:, : known.shape[1]] = np.minimum(known, HORIZON_WEEKS)
        return lead


def _padded(rows: _Rows) -> _Rows:
    """Filled up with zeros to twelve weeks."""
    return np.pad(rows, ((0, 0), (0, HORIZON_WEEKS - rows.shape[1])))
