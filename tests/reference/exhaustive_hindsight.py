"""The slow, obvious twin of the hindsight optimum: every combination of orders is tried."""

import itertools

import numpy as np

from simulation.kernels.path_costs import evaluate_paths
from simulation.policies.protocol import policy_form
from simulation.sampling.paths import paths_of
from tests.reference.random_cases import random_case

N_WEEKS, N_PATHS, MOST_UNITS = 4, 3, 14


def small_case(seed, *, returns):
    """A few units on a few weeks; no limit to the size of an order."""
    rng = np.random.default_rng(seed)
    case = random_case(7 * seed + 3, n_paths=N_PATHS, n_weeks=N_WEEKS)
    shape = (N_PATHS, N_WEEKS)
    case.demand, case.lead_time, case.inbound = rng.integers(0, 5, shape), rng.integers(0, 4, shape), rng.integers(0, 2, shape)
    orders = case.terms.orders._replace(
        minimum_units=np.float32(rng.choice([1, 1, 2, 3])), pack_units=np.float32(rng.choice([1, 1, 2])), maximum_units=np.float32(np.inf)
    )
    case.terms = case.terms._replace(on_hand_units=np.float32(rng.integers(0, 4)), orders=orders._replace(storage_units=np.float32(np.inf)))
    if not returns:
        case.terms = case.terms._replace(n_lags=0, return_weights=np.zeros_like(case.terms.return_weights))
    case.paths = paths_of(case.demand, case.lead_time, case.offset, case.inbound)
    return case


def cheapest_cost(case, path):
    """Cost of the best of all combinations of orders up to `MOST_UNITS`, more than any demand of these cases needs."""
    orders, terms = case.terms.orders, case.terms
    pack = int(orders.pack_units)
    smallest = -(-int(orders.minimum_units) // pack) * pack
    choices = [[0, *(range(smallest, MOST_UNITS + 1, pack) if _can_arrive(case, path, epoch) else ())] for epoch in range(N_WEEKS)]
    ordered = np.array(list(itertools.product(*choices)))
    arriving = np.repeat(case.inbound[[path]], len(ordered), axis=0)
    for epoch in range(N_WEEKS):
        if _can_arrive(case, path, epoch):
            arriving[:, epoch + case.lead_time[path, epoch]] += ordered[:, epoch]
    alike = [np.repeat(of_paths[[path]], len(ordered), axis=0) for of_paths in (case.demand, case.lead_time, case.offset)]
    by_term, _ = evaluate_paths(policy_form(N_WEEKS), np.zeros(0, dtype=np.int64), paths_of(*alike, arriving).blocks, terms)
    _, inbound, *_, fixed = terms.cost_rates_eur
    return float((by_term.sum(axis=0) + inbound * (ordered @ terms.discount_weights) + fixed * ((ordered > 0) @ terms.discount_weights)).min())


def _can_arrive(case, path, epoch):
    return epoch >= case.terms.orders.first_decision_epoch and epoch + case.lead_time[path, epoch] < N_WEEKS
