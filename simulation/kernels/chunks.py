"""Many SKUs per call: a chunk's arrays have a leading SKU axis, and each kernel here walks along it.

A call from Python costs as much as drawing a SKU's paths, and one that returns has to wait for the interpreter lock. So the hot
path makes three calls per chunk: draw the paths, total their demand, search the parameters. Every SKU is computed by the kernels for
one SKU, so its numbers do not depend on its company.
"""

from typing import NamedTuple

import numpy as np

from simulation.kernels import kernel
from simulation.kernels.demand_totals import total_demand, total_quantiles
from simulation.kernels.draws import DrawTerms, draw_paths
from simulation.kernels.objectives import ObjectiveTerms
from simulation.kernels.order_plans import Floats, IntArray, OrderTerms, PolicyForm
from simulation.kernels.search import new_search_room, search_in
from simulation.kernels.search_state import SearchBox
from simulation.kernels.vector_checks import find_fault
from simulation.kernels.weekly_simulation import Doubles, Masks, PathBlocks, SkuTerms, Words


class ChunkPaths(NamedTuple):
    """`PathBlocks` of many SKUs."""

    demand_units: Floats
    """`(n_skus, n_blocks, n_weeks, BLOCK_PATHS)`, and so on."""
    arrivals: Masks
    inbound_units: Floats
    return_offset: Floats
    """`(n_skus, n_blocks, BLOCK_PATHS)`"""
    longest_lead_weeks: IntArray
    """`(n_skus,)`"""
    n_paths: int


class ChunkTerms(NamedTuple):
    """`SkuTerms` of many SKUs of one merchant: `(n_skus,)` or with the shape of the field behind it."""

    on_hand_units: Floats
    in_transit_units: Floats
    returns_due_units: Floats
    return_weights: Floats
    n_lags: IntArray
    inbound_share_before_demand: np.float32
    minimum_units: Floats
    pack_units: Floats
    orders: OrderTerms
    """Of the first SKU; minimum and pack are each SKU's own."""
    week_rates_eur: Floats
    cost_rates_eur: Doubles
    discount_weights: Doubles


class ChunkDraws(NamedTuple):
    """`DrawTerms` of many SKUs of one merchant."""

    dimension: IntArray
    """`(n_skus, n_dimensions)` see `DrawTerms`."""
    shift: Words
    """`(n_skus, n_dimensions)`"""
    dependence: IntArray
    """`(n_skus,)` which of the mixing weights below are the SKU's."""
    mixing: Floats
    """`(n_dependences, n_weeks, 1 + n_weeks)`"""
    quantiles: Doubles
    """`(n_skus, n_weeks, n_levels)`"""
    lower_edge: float
    tail_scale: Doubles
    """`(n_skus, n_weeks)`"""
    spread: IntArray
    """`(n_skus,)` which of the lead-time distributions below is the SKU's."""
    lead_time: Words
    """`(n_spreads, n_weeks)`"""
    n_lead_times: IntArray
    """`(n_spreads,)` how many of these count."""
    announced_weeks: int
    punctual: IntArray
    """`(n_skus, n_weeks)`"""
    shipments: IntArray
    """`(n_skus, n_weeks)`"""
    shipment_delay: Words
    """`(n_spreads, n_weeks, n)`"""


def sku_terms_at(terms: ChunkTerms, sku: int) -> SkuTerms:
    """One SKU's terms. Plain Python, for numbers that leave compiled code become double precision."""
    shared = terms.orders
    orders = OrderTerms(
        terms.minimum_units[sku],
        terms.pack_units[sku],
        shared.maximum_units,
        shared.storage_units,
        shared.review_period_weeks,
        shared.first_decision_epoch,
    )
    return SkuTerms(
        terms.on_hand_units[sku],
        terms.in_transit_units[sku],
        terms.returns_due_units[sku],
        terms.return_weights[sku],
        terms.n_lags[sku],
        terms.inbound_share_before_demand,
        orders,
        terms.week_rates_eur[sku],
        terms.cost_rates_eur[sku],
        terms.discount_weights,
    )


_terms_at = kernel(sku_terms_at)


@kernel
def sku_paths_at(paths: ChunkPaths, sku: int) -> PathBlocks:
    """One SKU's paths."""
    return PathBlocks(
        paths.demand_units[sku], paths.arrivals[sku], paths.inbound_units[sku], paths.return_offset[sku], paths.longest_lead_weeks[sku], paths.n_paths
    )


@kernel
def draw_chunk(points: Words, draws: ChunkDraws, paths: ChunkPaths) -> None:
    """Write the futures of each SKU into `paths`. See `draws.draw_paths`."""
    for sku in range(draws.shift.shape[0]):
        spread = draws.spread[sku]
        terms = DrawTerms(
            draws.dimension[sku],
            draws.shift[sku],
            draws.mixing[draws.dependence[sku]],
            draws.quantiles[sku],
            draws.lower_edge,
            draws.tail_scale[sku],
            draws.lead_time[spread, : draws.n_lead_times[spread]],
            draws.announced_weeks,
            draws.punctual[sku],
            draws.shipments[sku],
            draws.shipment_delay[spread],
        )
        paths.longest_lead_weeks[sku] = draw_paths(
            points, terms, paths.demand_units[sku], paths.arrivals[sku], paths.inbound_units[sku], paths.return_offset[sku]
        )


@kernel
def total_quantiles_of_chunk(paths: ChunkPaths, first_week: IntArray, n_weeks: int, levels: Doubles) -> IntArray:
    """`demand_totals.total_quantiles` of each SKU at its own levels `(n_skus, n_levels)`: `(n_skus, n_levels, n_windows)`."""
    found = np.empty((paths.demand_units.shape[0], levels.shape[1], first_week.shape[0]), np.int64)
    for sku in range(found.shape[0]):
        found[sku] = total_quantiles(sku_paths_at(paths, sku), first_week, n_weeks, levels[sku])
    return found


@kernel
def total_demand_of_chunk(paths: ChunkPaths) -> Doubles:
    """`demand_totals.total_demand` of each SKU, `(n_skus,)`."""
    found = np.empty(paths.demand_units.shape[0])
    for sku in range(found.shape[0]):
        found[sku] = total_demand(sku_paths_at(paths, sku))
    return found


@kernel
def search_chunk(
    form: PolicyForm, box: SearchBox, starts: IntArray, budget: int, objective: ObjectiveTerms, demanded_units: Doubles, paths: ChunkPaths, terms: ChunkTerms
) -> tuple[IntArray, Doubles, IntArray]:
    """`search.search_in` of each SKU.

    Args:
        form: The policy; quantities and levels have a leading SKU axis.
        box: Where to look; corners, pitch and first step have a leading SKU axis.
        starts: `(n_skus, n_starts, n_parameters)`
        budget: Most candidates per SKU.
        objective: What is minimised.
        demanded_units: `(n_skus,)` takes the place of the objective's.
        paths: The futures on which candidates compete.
        terms: The SKUs.

    Returns:
        Parameters `(n_skus, n_parameters)`, their scores and the candidates looked at `(n_skus,)`.
    """
    n_skus = starts.shape[0]
    theta, score, n_done = np.empty((n_skus, starts.shape[2]), np.int64), np.empty(n_skus), np.empty(n_skus, np.int64)
    room = new_search_room(starts.shape[1], budget, sku_paths_at(paths, 0))
    for sku in range(n_skus):
        theta[sku], score[sku], n_done[sku] = search_in(
            room,
            form_at(form, sku),
            SearchBox(box.lower[sku], box.upper[sku], box.pitch[sku], box.first_step[sku], box.directions, box.ridges, box.islands, box.is_rugged),
            starts[sku],
            budget,
            ObjectiveTerms(objective.kind, objective.rank, objective.minimum_fill_rate, demanded_units[sku], objective.race_slack),
            sku_paths_at(paths, sku),
            _terms_at(terms, sku),
        )
    return theta, score, n_done


@kernel
def form_at(form: PolicyForm, sku: int) -> PolicyForm:
    """One SKU's form."""
    return PolicyForm(
        form.kick_start_epoch,
        form.kick_start_units,
        form.last_epoch,
        form.reorder_point,
        form.order_quantity,
        form.order_up_to,
        form.level_row,
        form.uses_on_hand_trigger,
        form.quantity_units[sku],
        form.level_units[sku],
    )


@kernel
def find_faults(quantiles: Doubles, inbound: IntArray, returns_due: Doubles, lag_weights: Doubles, rates: Doubles) -> IntArray:
    """`vector_checks.find_fault` of each SKU, `(n_skus,)`."""
    found = np.empty(quantiles.shape[0], np.int64)
    for sku in range(found.shape[0]):
        found[sku] = find_fault(quantiles[sku], inbound[sku], returns_due[sku], lag_weights[sku], rates[sku])
    return found
