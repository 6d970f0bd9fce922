"""Paths: sampled futures of one SKU. Demand per week, lead time per order epoch, arrivals of shipments, where returns round.

Randomness comes from `domain.randomness.keyed_words` alone: it gives the SKU's shift of the common points, so the
same SKU, day, purpose and seed give the same bits on every route.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from domain.calendar import first_horizon_week
from domain.feature_vector import FeatureVector
from domain.quantiles import LOWER_EDGE_UNITS, tail_scale
from domain.randomness import Purpose, keyed_words
from domain.settings import Settings
from domain.stage_tables import HORIZON_WEEKS
from domain.vector_chunk import VectorChunk, chunk_of
from simulation.horizon import horizon_weeks, to_horizon
from simulation.kernels.chunks import ChunkDraws, ChunkPaths, draw_chunk, sku_paths_at
from simulation.kernels.order_plans import BLOCK_PATHS
from simulation.kernels.weekly_simulation import PathBlocks, Words
from simulation.sampling.dependence import dependences
from simulation.sampling.lead_times import arrival_levels, lead_time_cvs, lead_time_levels, whole_weeks
from simulation.sampling.points import DELAY, common_points, dimensions_of, n_dimensions

FloatArray = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
_Value = TypeVar("_Value")


class Paths(NamedTuple):
    """Futures of one SKU as the kernels read them; the properties are for people."""

    blocks: PathBlocks

    @property
    def n_paths(self) -> int:
        """How many."""
        return self.blocks.n_paths

    @property
    def n_weeks(self) -> int:
        """Simulated."""
        return int(self.blocks.demand_units.shape[1])

    @property
    def demand_units(self) -> IntArray:
        """Whole units `(n_paths, n_weeks)`."""
        return self._by_path(self.blocks.demand_units).astype(np.int64)

    @property
    def inbound_units(self) -> IntArray:
        """`(n_paths, n_weeks)` shipments in transit at epoch 0, by week of arrival."""
        return self._by_path(self.blocks.inbound_units).astype(np.int64)

    @property
    def lead_time_weeks(self) -> IntArray:
        """`(n_paths, n_weeks)` of an order placed at each epoch; one that arrives beyond the horizon counts as the horizon."""
        arrivals = self._by_path(self.blocks.arrivals)
        n_weeks = arrivals.shape[1]
        lead_time = np.full(arrivals.shape, n_weeks)
        for lead in range(n_weeks):
            epochs = np.arange(n_weeks - lead)
            lead_time[:, epochs] = np.where(arrivals[:, epochs + lead] >> lead & 1, lead, lead_time[:, epochs])
        return lead_time

    def _by_path(self, blocks: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return blocks.transpose(0, 2, 1).reshape(-1, blocks.shape[1])[: self.n_paths]


def sample_paths(vector: FeatureVector, settings: Settings, *, n_paths: int, purpose: Purpose, seed: int) -> Paths:
    """Draw `n_paths` futures of one SKU; see `sample_chunk`."""
    return Paths(sku_paths_at(sample_chunk(chunk_of([vector]), settings, n_paths=n_paths, purpose=purpose, seed=seed), 0))


def sample_chunk(chunk: VectorChunk, settings: Settings, *, n_paths: int, purpose: Purpose, seed: int) -> ChunkPaths:
    """Draw `n_paths` futures of each SKU (method §2).

    Args:
        chunk: SKUs of one merchant on their decision day.
        settings: In force for the merchant.
        n_paths: How many.
        purpose: What for; different purposes get independent futures.
        seed: Seed of all keyed randomness.
    """
    inventory = settings.for_article(chunk.vectors[0].lead_time_weeks).inventory
    n_weeks, mean = horizon_weeks(inventory), inventory.lead_time_weeks
    chunk, points, n_skus = to_horizon(chunk, n_weeks), common_points(n_paths, n_weeks), len(chunk.vectors)
    shape = (n_skus, points.shape[1], n_weeks, BLOCK_PATHS)
    n_longest = np.empty(n_skus, np.int64)
    paths = ChunkPaths(_room(shape), _room(shape).view(np.int32), _room(shape), _room((*shape[:2], BLOCK_PATHS)), n_longest, n_paths)
    spreads, spread = _distinct(lead_time_cvs(chunk, inventory))
    is_punctual = (np.array(spreads)[spread] == 0) | (mean == 0) | (not settings.simulation.random_shipment_delays)
    levels = [lead_time_levels(mean, cv, n_weeks) for cv in spreads]
    pairs, pair = _distinct(dependences(chunk, settings))
    draws = ChunkDraws(
        dimension=np.array([dimensions_of(first_horizon_week(vector.cutoff), n_weeks) for vector in chunk.vectors]),
        shift=_shifts(chunk, n_weeks, purpose=purpose, seed=seed),
        dependence=pair,
        mixing=np.array([_mixing(*parameters, n_weeks) for parameters in pairs]),
        quantiles=chunk.demand_quantiles_units,
        lower_edge=LOWER_EDGE_UNITS,
        tail_scale=tail_scale(chunk.demand_quantiles_units),
        spread=spread,
        lead_time=np.array([np.resize(level, n_weeks) for level in levels]),
        n_lead_times=np.array([level.size for level in levels]),
        announced_weeks=whole_weeks(mean),
        punctual=np.where(is_punctual[:, None], chunk.inbound_units, 0),
        shipments=np.where(is_punctual[:, None], 0, chunk.inbound_units),
        shipment_delay=np.array([arrival_levels(mean, cv, n_weeks) for cv in spreads]),
    )
    draw_chunk(points, draws, paths)
    return paths


def _shifts(chunk: VectorChunk, n_weeks: int, *, purpose: Purpose, seed: int) -> Words:
    """`(n_skus, n_weeks + 3)` by dimension. Articles of one supplier share its delay, path by path; without a supplier each has its own."""
    shift = keyed_words(n_dimensions(n_weeks), ((vector.merchant_id, vector.article_id) for vector in chunk.vectors), purpose=purpose, seed=seed)
    supplied = [sku for sku, vector in enumerate(chunk.vectors) if vector.supplier_id is not None]
    if supplied:
        suppliers, place = _distinct([(chunk.vectors[sku].merchant_id, "supplier", chunk.vectors[sku].supplier_id or "") for sku in supplied])
        shift = shift.copy()
        shift[supplied, DELAY] = keyed_words(1, suppliers, purpose=purpose, seed=seed)[place, 0]
    return shift


def _distinct(values: Sequence[_Value]) -> tuple[list[_Value], IntArray]:
    """Each value once, and which of them each was; `np.unique` takes as long as the paths of two SKUs."""
    place: dict[_Value, int] = {}
    places = [place.setdefault(value, len(place)) for value in values]
    return list(place), np.array(places)


def _room(shape: tuple[int, ...]) -> Floats:
    """Any numbers, to be overwritten; they begin on a cache line: vectors across two lines are read twice."""
    room = np.empty(math.prod(shape) + 16, np.float32)
    first = -room.ctypes.data % 64 // 4
    return room[first : first + math.prod(shape)].reshape(shape)


@lru_cache(maxsize=64)
def _mixing(common_share: float, autocorrelation: float, n_weeks: int) -> Floats:
    """Weights [A] with A·Aᵀ = the weeks' correlation, as float32 `(n_weeks, 1 + n_weeks)`; see `week_correlation`.

    The first column is the factor common to all weeks: the most even dimension of the points carries most of the spread of a
    12-week total. Column 1 + v is what is new in week v, so that a week keeps its own part of chance while days go by.
    """
    own = np.linalg.cholesky((1 - common_share) * _of_autoregression(autocorrelation, n_weeks)) if common_share < 1 else np.zeros((n_weeks, n_weeks))
    return np.ascontiguousarray(np.column_stack((np.full(n_weeks, math.sqrt(common_share)), own)), dtype=np.float32)


def week_correlation(common_share: float, autocorrelation: float, n_weeks: int = HORIZON_WEEKS) -> FloatArray:
    """Correlation `(n_weeks, n_weeks)` of the weeks' normals: g + (1 − g)·ρ^|i − j|, that of z = √g·f + √(1−g)·AR1(ρ) (lab §2).

    Forecast errors of a series persist, slowly; independent weeks would understate the spread of a 12-week total.
    """
    return np.asarray(common_share + (1 - common_share) * _of_autoregression(autocorrelation, n_weeks))


def _of_autoregression(autocorrelation: float, n_weeks: int) -> FloatArray:
    apart = np.abs(np.subtract.outer(np.arange(n_weeks), np.arange(n_weeks)))
    return np.asarray(np.power(float(autocorrelation), apart))


def paths_of(demand_units: IntArray, lead_time_weeks: IntArray, return_offset: FloatArray, inbound_units: IntArray | None = None) -> Paths:
    """Given futures instead of sampled ones.

    Args:
        demand_units: `(n_paths, n_weeks)`.
        lead_time_weeks: `(n_paths, n_weeks)` of an order placed at each epoch.
        return_offset: `(n_paths,)` in [0, 1), multiples of 1/256.
        inbound_units: `(n_paths, n_weeks)` shipments in transit at epoch 0, by week of arrival; `None` = none.
    """
    n_paths, n_weeks = demand_units.shape
    arrivals = np.zeros((n_paths, n_weeks), np.int32)
    for epoch in range(n_weeks):
        for lead in range(n_weeks - epoch):
            arrivals[:, epoch + lead] |= np.where(lead_time_weeks[:, epoch] == lead, 1 << lead, 0).astype(np.int32)
    inbound = np.zeros((n_paths, n_weeks)) if inbound_units is None else inbound_units
    longest = int(min(lead_time_weeks.max(initial=0), n_weeks - 1))
    bits = _blocks_of(arrivals).astype(np.int32)  # at most 2¹¹: exact in float32
    return Paths(PathBlocks(_blocks_of(demand_units), bits, _blocks_of(inbound), _blocks_of(return_offset[:, None])[:, 0], longest, n_paths))


def with_shipments(paths: Paths, arriving_units: IntArray) -> Paths:
    """The same futures with more arriving in each week `(n_paths, n_weeks)`."""
    inbound = _room(paths.blocks.inbound_units.shape)
    np.add(paths.blocks.inbound_units, _blocks_of(arriving_units), out=inbound)
    return Paths(paths.blocks._replace(inbound_units=inbound))


def _blocks_of(by_path: npt.NDArray[Any]) -> Floats:
    """Values `(n_paths, n_weeks)` as blocks, the last filled up with zeros."""
    n_paths, n_blocks = len(by_path), -(-len(by_path) // BLOCK_PATHS)
    filled = np.zeros((n_blocks * BLOCK_PATHS, by_path.shape[1]), np.float32)
    filled[:n_paths] = by_path
    blocks = _room((n_blocks, by_path.shape[1], BLOCK_PATHS))
    blocks[...] = filled.reshape(n_blocks, BLOCK_PATHS, -1).transpose(0, 2, 1)
    return blocks
