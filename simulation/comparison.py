"""Order plans on the same fresh paths: what each costs, and by how much it differs from the recommendation, path by path.

A difference comes with its standard error by the formula for independent paths. The paths are Sobol' points, more evenly
spread than independent ones, so the true error is smaller: the formula is conservative (docs/decisions/0013 has the measurement).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from simulation.costs import percentile_rank, plain_objective
from simulation.kernels.comparison import compare_plans, plan_first_orders
from simulation.kernels.demand_totals import total_demand
from simulation.kernels.order_plans import BLOCK_PATHS, IntArray, OrderPlan, PolicyForm
from simulation.kernels.weekly_simulation import SkuTerms
from simulation.sampling.paths import FloatArray, Paths

AS_PLANNED = -1
"""As an order today: what the policy itself would order."""


class Comparison(NamedTuple):
    """Of each plan `(n_plans,)`; the first is what the others are compared with."""

    order_now_units: IntArray
    expected_cost_eur: FloatArray
    objective_eur: FloatArray
    """What the merchant minimises."""
    cost_p75_eur: FloatArray
    fill_rate: FloatArray
    """Expected units served over units demanded."""
    difference_eur: FloatArray
    """Expected cost above that of the first plan."""
    standard_error_eur: FloatArray
    """Of the difference."""


def first_orders(form: PolicyForm, theta: IntArray, orders_units: Sequence[int] | IntArray, terms: SkuTerms) -> OrderPlan:
    """Plans that order each of these quantities today (`AS_PLANNED` = the policy's own) and decide later orders as the policy does."""
    plans: OrderPlan = plan_first_orders(form, theta, np.asarray(orders_units, dtype=np.int64), form.quantity_units.size, terms.orders)
    return plans


def compare(plans: Sequence[OrderPlan], *, paths: Paths, terms: SkuTerms, objective: str) -> Comparison:
    """Simulate all plans on all paths.

    Args:
        plans: Of `first_orders`; the first of the first is what all are compared with.
        paths: Fresh ones, that no parameter was chosen on.
        terms: The SKU.
        objective: As in the settings, "p75" and so on.
    """
    stacked = OrderPlan(*(np.concatenate(parts) for parts in zip(*plans, strict=True)))
    figures = compare_plans(stacked, plain_objective(objective, paths.n_paths), percentile_rank(paths.n_paths, 75), paths.blocks, terms)
    demanded = float(total_demand(paths.blocks)) / paths.n_paths
    return Comparison(
        order_now_units=figures.order_now_units.astype(np.int64),
        expected_cost_eur=figures.mean_cost,
        objective_eur=figures.objective,
        cost_p75_eur=figures.percentile_cost,
        fill_rate=figures.sold_units / demanded if demanded else np.ones(len(figures.sold_units)),
        difference_eur=figures.mean_difference,
        standard_error_eur=figures.difference_deviation / np.sqrt(paths.n_paths),
    )


def first_paths(paths: Paths, n_paths: int) -> Paths:
    """The first of some paths, in whole blocks: as evenly spread as any run of Sobol' points; all where there are no more."""
    n_blocks = -(-n_paths // BLOCK_PATHS)
    blocks = paths.blocks
    if n_blocks * BLOCK_PATHS >= paths.n_paths:
        return paths
    shortened = {name: getattr(blocks, name)[:n_blocks] for name in ("demand_units", "arrivals", "inbound_units", "return_offset")}
    return Paths(blocks._replace(**shortened, n_paths=n_blocks * BLOCK_PATHS))
