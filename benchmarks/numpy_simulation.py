"""The weekly simulation as one would write it in NumPy, vectorised over paths: what the compiled kernel's speed is compared with."""

from typing import Any

import numpy as np
import numpy.typing as npt

from simulation.kernels.weekly_simulation import SkuTerms

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


def path_costs(theta: Any, terms: SkuTerms, *, demand: Floats, lead_time: Ints, inbound: Floats, offset: Floats, on_hand_trigger: bool) -> Floats:
    """Cost of each path of the extended policy, EUR `(n_paths,)`. Single units, no limits.

    Args:
        theta: t₀ = 0, Q₀, s, Q, t_limit.
        demand: `(n_weeks, n_paths)`.
        lead_time: `(n_weeks, n_paths)` of an order placed at each epoch.
        inbound: `(n_weeks, n_paths)` in transit, by week of arrival.
        offset: `(n_paths,)`.
        terms: The SKU.
        on_hand_trigger: Compare on-hand stock with nothing in transit instead of the position.
    """
    n_weeks, n_paths = demand.shape
    _, first, point, quantity, last = (np.float32(value) for value in theta)
    stock, position = np.full(n_paths, terms.on_hand_units), np.full(n_paths, terms.on_hand_units + terms.in_transit_units)
    arriving, sold = np.vstack((inbound, np.zeros((1, n_paths), np.float32))), np.zeros((n_weeks, n_paths), np.float32)
    carried, cost, lanes = offset.copy(), np.zeros(n_paths, np.float32), np.arange(n_paths)
    for week in range(n_weeks):
        breached = (stock <= point) & (position == stock) if on_hand_trigger else position <= point
        ordered = np.full(n_paths, first) if week == 0 else np.where(breached & (week <= last), quantity, np.float32(0))
        arriving[np.minimum(week + lead_time[week], n_weeks), lanes] += ordered  # one order per path: no index twice
        expected = carried + terms.returns_due_units[week]
        for lag in range(1, min(week, terms.n_lags) + 1):
            expected += terms.return_weights[lag - 1] * sold[week - lag]
        returned = np.floor(expected)
        carried = expected - returned
        delivered = arriving[week] + returned
        early = np.floor(terms.inbound_share_before_demand * delivered + np.float32(0.5))
        available = stock + early
        sold[week] = np.minimum(available, demand[week])
        stock = available - sold[week] + (delivered - early)
        position = position + ordered - sold[week] + returned
        holding, inbound_rate, outbound, handling, lost, fixed = terms.week_rates_eur[week]
        cost += holding * stock + inbound_rate * ordered + outbound * sold[week] + handling * returned + lost * (demand[week] - sold[week])
        cost += np.where(ordered > 0, fixed, np.float32(0))
    return cost
