"""A SKU as textbooks have it: no stock, no returns, single units, unless a test says otherwise."""

import numpy as np
from scipy.stats import qmc

from simulation.kernels.order_plans import OrderTerms
from simulation.kernels.path_costs import COST_TERMS
from simulation.kernels.weekly_simulation import SkuTerms
from simulation.policies.protocol import policy_form
from simulation.sampling.paths import paths_of
from simulation.sku_terms import week_rates

ONE_BY_ONE = OrderTerms(np.float32(1), np.float32(1), np.float32(np.inf), np.float32(np.inf), 1, 0)


def terms(*, n_weeks, rates, on_hand_units=0, in_transit_units=0, return_weights=(), share=1.0, orders=ONE_BY_ONE, discount=None):
    """No stock, nothing in transit, no returns, single units, all arrivals before demand, unless changed."""
    cost_rates, discount = np.array([rates.get(term, 0.0) for term in COST_TERMS]), np.ones(n_weeks) if discount is None else discount
    weights = np.zeros(max(n_weeks, 4), np.float32)
    weights[: len(return_weights)] = return_weights
    stock = (np.float32(on_hand_units), np.float32(in_transit_units))
    share = np.float32(share)
    return SkuTerms(*stock, np.zeros(n_weeks, np.float32), weights, len(return_weights), share, orders, week_rates(cost_rates, discount), cost_rates, discount)


def no_lead_time(demand):
    """Futures of demand `(n_weeks, n_paths)` whose orders arrive at once."""
    return paths_of(demand.T, np.zeros_like(demand.T), np.zeros(demand.shape[1])).blocks


def base_stock(n_weeks):
    return policy_form(n_weeks, order_up_to=0)


def stratified(ppf, n):
    """n equally likely values: the quantiles at the middles of n equal strata."""
    return ppf((np.arange(n) + 0.5) / n)


def sobol_demand(distribution, n_weeks, *, n_replicates=16, n_points=512):
    """Independent weekly demands `(n_replicates · n_points, n_weeks)`: scrambled Sobol' points through the inverse distribution.

    Replicates are independent of each other, so that their spread says how exact a mean is.
    """
    points = [qmc.Sobol(n_weeks, rng=np.random.default_rng(seed)).random(n_points) for seed in range(n_replicates)]
    return distribution.ppf(np.concatenate(points)).astype(np.int64)


def mean_and_error(path_cost, *, n_replicates=16):
    """Mean over paths, and its standard error from replicates."""
    means = np.asarray(path_cost, dtype=np.float64).reshape(n_replicates, -1).mean(axis=1)
    return means.mean(), means.std(ddof=1) / np.sqrt(n_replicates)
