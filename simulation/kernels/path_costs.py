"""What the simulated weeks cost, per path; and the loop that scores many candidate policies on the same paths.

Each term is rate × discounted units (method §5): units are added up first, in week order, so that without discount the
sums are exact whole numbers.
"""

import numpy as np
import numpy.typing as npt

from simulation.kernels import kernel
from simulation.kernels.weekly_simulation import Flows, SkuTerms, add_scaled, fill, new_flows, new_state, simulate

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

COST_TERMS = ("holding", "inbound", "outbound", "returns", "lost_sales", "overstock", "fixed_order")
"""Terms of a path's cost, in the order in which they are added up."""

_HOLDING, _INBOUND, _OUTBOUND, _RETURNS, _LOST_SALES, _OVERSTOCK, _FIXED_ORDER = 0, 1, 2, 3, 4, 5, 6
_N_TERMS = 7

SERVICE_SUMS = (
    "demanded_units",
    "sold_units",
    "received_units",
    "returned_units",
    "ordered_units",
    "ordered_now_units",
    "end_units",
    "stock_out_weeks",
    "n_orders",
)
"""What is added up over a path's weeks beside its cost; `ordered_now` and `end` are taken at one moment."""

_DEMANDED, _SOLD, _RECEIVED, _RETURNED, _ORDERED, _ORDERED_NOW, _END, _STOCK_OUT_WEEKS, _ORDERS = 0, 1, 2, 3, 4, 5, 6, 7, 8
_N_SUMS = 9


@kernel
def discounted_units(demand_units: IntArray, flows: Flows, weights: FloatArray, units: FloatArray) -> None:
    """Write what each cost term is charged on, added up over weeks by `weights`, into `units` `(7, n_paths)`."""
    n_weeks = demand_units.shape[0]
    for term in range(_N_TERMS):
        fill(units[term], 0.0)
    for week in range(n_weeks):
        weight, ordered, sold = weights[week], flows.ordered_units[week], flows.sold_units[week]
        add_scaled(units[_HOLDING], weight, flows.stock_units[week + 1])
        add_scaled(units[_INBOUND], weight, ordered)
        add_scaled(units[_OUTBOUND], weight, sold)
        add_scaled(units[_RETURNS], weight, flows.returned_units[week])
        _add_lost(units[_LOST_SALES], weight, demand_units[week], sold)
        _count_orders(units[_FIXED_ORDER], weight, ordered)
    add_scaled(units[_OVERSTOCK], weights[n_weeks - 1], flows.stock_units[n_weeks])


@kernel
def _add_lost(total: FloatArray, weight: float, demand: IntArray, sold: FloatArray) -> None:
    for path in range(total.shape[0]):
        total[path] += weight * (demand[path] - sold[path])


@kernel
def _count_orders(total: FloatArray, weight: float, ordered: FloatArray) -> None:
    for path in range(total.shape[0]):
        total[path] += weight if ordered[path] > 0.0 else 0.0


@kernel
def evaluate_paths(
    rule: int, theta: IntArray, demand_units: IntArray, lead_time_weeks: IntArray, return_offset: FloatArray, terms: SkuTerms
) -> tuple[FloatArray, FloatArray]:
    """One policy in detail. Arguments as `score_candidates`.

    Returns:
        Cost by term and path, EUR `(7, n_paths)`, and `SERVICE_SUMS` per path `(9, n_paths)`.
    """
    n_weeks, n_paths = demand_units.shape
    flows, units = new_flows(n_weeks, n_paths), np.empty((_N_TERMS, n_paths))
    simulate(rule, theta, demand_units, lead_time_weeks, return_offset, terms, flows, new_state(n_paths))
    discounted_units(demand_units, flows, terms.discount_weights, units)
    cost, sums = np.zeros((_N_TERMS, n_paths)), np.zeros((_N_SUMS, n_paths))
    for term in range(_N_TERMS):
        add_scaled(cost[term], terms.cost_rates_eur[term], units[term])
    _add_service(demand_units, flows, sums)
    return cost, sums


@kernel
def _add_service(demand_units: IntArray, flows: Flows, sums: FloatArray) -> None:
    """Add up the flows of each path into `SERVICE_SUMS`; `sums` `(9, n_paths)` comes in as zeros."""
    n_weeks, n_paths = demand_units.shape
    for path in range(n_paths):
        sums[_END, path] = flows.stock_units[n_weeks, path]
        sums[_ORDERED_NOW, path] = flows.ordered_units[0, path]
    for week in range(n_weeks):
        ordered, sold = flows.ordered_units[week], flows.sold_units[week]
        for path in range(n_paths):
            sums[_DEMANDED, path] += demand_units[week, path]
            sums[_STOCK_OUT_WEEKS, path] += 1.0 if sold[path] < demand_units[week, path] else 0.0
        add_scaled(sums[_SOLD], 1.0, sold)
        add_scaled(sums[_RECEIVED], 1.0, flows.received_units[week])
        add_scaled(sums[_RETURNED], 1.0, flows.returned_units[week])
        add_scaled(sums[_ORDERED], 1.0, ordered)
        _count_orders(sums[_ORDERS], 1.0, ordered)


@kernel
def score_candidates(
    rule: int, candidates: IntArray, demand_units: IntArray, lead_time_weeks: IntArray, return_offset: FloatArray, terms: SkuTerms
) -> FloatArray:
    """Cost of every candidate policy on every path, EUR `(n_candidates, n_paths)`: all see the same paths.

    Args:
        rule: Order rule (`order_rules`).
        candidates: `(n_candidates, n_parameters)` [θ].
        demand_units: `(n_weeks, n_paths)`.
        lead_time_weeks: `(n_weeks, n_paths)`.
        return_offset: `(n_paths,)`.
        terms: The SKU.
    """
    n_weeks, n_paths = demand_units.shape
    flows, state, units = new_flows(n_weeks, n_paths), new_state(n_paths), np.empty((_N_TERMS, n_paths))
    path_cost = np.zeros((candidates.shape[0], n_paths))
    for candidate in range(candidates.shape[0]):
        simulate(rule, candidates[candidate], demand_units, lead_time_weeks, return_offset, terms, flows, state)
        discounted_units(demand_units, flows, terms.discount_weights, units)
        for term in range(_N_TERMS):
            add_scaled(path_cost[candidate], terms.cost_rates_eur[term], units[term])
    return path_cost
