"""The hindsight optimum: what the best orders would have cost, had every path's future been known. A bound on regret.

No policy, for its orders depend on the path: it belongs to evaluation. The bound holds path by path for every policy that
orders whole packs of at least the minimum at any epochs, reviews or not; the plan behind it is simulated like any other
orders, so that the distance of the two says how tight the bound is. They are equal without returns, and on every path
whose plan loses nothing that an order could have saved. Largest order and storage capacity are left out of both: where
they bind, the bound is still one, but the plan cannot be carried out.
"""

from typing import NamedTuple

import numpy as np

from simulation.kernels.hindsight import plan_in_hindsight
from simulation.kernels.path_costs import COST_TERMS
from simulation.kernels.weekly_simulation import SkuTerms
from simulation.kpis import Evaluation, evaluate
from simulation.policies.protocol import policy_form
from simulation.sampling.paths import FloatArray, IntArray, Paths, with_shipments

_INBOUND, _FIXED_ORDER = COST_TERMS.index("inbound"), COST_TERMS.index("fixed_order")


class Hindsight(NamedTuple):
    """Perfect information on one set of paths."""

    bound_eur: FloatArray
    """`(n_paths,)` no policy costs less on the path."""
    plan: Evaluation
    """The orders behind the bound, simulated."""
    order_units: IntArray
    """`(n_paths, n_weeks)` by epoch."""


def hindsight(paths: Paths, terms: SkuTerms) -> Hindsight:
    """The best that anyone could have done on each path.

    Args:
        paths: The futures.
        terms: The SKU; nothing is ordered before its first decision epoch.
    """
    bound, ordered, arriving = plan_in_hindsight(paths.blocks, terms)
    return Hindsight(bound, _simulated(ordered, arriving, paths, terms), ordered)


def _simulated(ordered: IntArray, arriving: IntArray, paths: Paths, terms: SkuTerms) -> Evaluation:
    """Orders that differ from path to path run as shipments of their path, and are charged beside."""
    n_weeks = ordered.shape[1]
    shipped = evaluate(policy_form(n_weeks), np.zeros(0, dtype=np.int64), with_shipments(paths, arriving), terms)
    inbound = terms.cost_rates_eur[_INBOUND] * (ordered @ terms.discount_weights)
    fixed = terms.cost_rates_eur[_FIXED_ORDER] * ((ordered > 0) @ terms.discount_weights)
    charged = {"inbound": float(inbound.mean()), "fixed_order": float(fixed.mean())}
    placed = {"ordered_units": ordered.sum(axis=1), "ordered_now_units": ordered[:, 0], "n_orders": (ordered > 0).sum(axis=1)}
    return Evaluation(
        path_cost_eur=shipped.path_cost_eur + inbound + fixed,
        expected_cost_eur={**shipped.expected_cost_eur, **charged},
        expected={**shipped.expected, **{name: float(units.mean()) for name, units in placed.items()}},
        n_weeks=n_weeks,
    )
