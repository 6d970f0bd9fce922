"""Random simulation cases, in the kernels' words and in the naive twin's."""

from types import SimpleNamespace

import numpy as np

from simulation.kernels.order_plans import OrderTerms
from simulation.kernels.path_costs import COST_TERMS
from simulation.kernels.weekly_simulation import SkuTerms
from simulation.policies.protocol import policy_form
from simulation.sampling.paths import paths_of
from simulation.sku_terms import week_rates

EXTENDED = {"kick_start_epoch": 0, "kick_start_units": 1, "reorder_point": 2, "order_quantity": 3, "last_epoch": 4}
PARAMETERS = {
    "order_nothing": (),
    "base_stock": ("S",),
    "extended_position": ("t0", "Q0", "s", "Q", "t_limit"),
    "extended_on_hand": ("t0", "Q0", "s", "Q", "t_limit"),
    "look_ahead": ("Q0", "row"),
    "reorder_up_to": ("s", "S"),
    "replay": (),
}


def form_of(policy, n_weeks, *, levels, recorded):
    """The policy as the kernels know it."""
    if policy.startswith("extended"):
        return policy_form(n_weeks, **EXTENDED, uses_on_hand_trigger=policy == "extended_on_hand")
    forms = {
        "order_nothing": {},
        "base_stock": {"order_up_to": 0},
        "look_ahead": {"kick_start_units": 0, "level_row": 1, "level_units": levels},
        "reorder_up_to": {"reorder_point": 0, "order_up_to": 1},
        "replay": {"quantity_units": recorded},
    }
    return policy_form(n_weeks, **forms[policy])


def random_case(seed, *, n_paths=4, n_weeks=12, scale=1):
    """One policy on a few paths; `naive` has the same numbers as dicts. Shares and weights are on the kernels' grid.

    `scale` multiplies demand and quantities; return weights are then in grains of 1/256.
    """
    rng = np.random.default_rng(seed)
    policy = list(PARAMETERS)[seed % len(PARAMETERS)]
    longest = int(rng.integers(0, 16))
    returns = rng.random() < 0.7
    n_lags = int(rng.integers(1, 14))
    grain = 4096 if scale == 1 else 256
    weights = np.floor(rng.dirichlet(np.ones(n_lags)) * grain) / grain
    rate = float(rng.choice([0.125, 0.5, 0.875, 1.0]) if scale == 1 else 1.0) if returns else 0.0
    by_lag = np.zeros(n_weeks)
    if returns:
        lags = np.concatenate(([weights[:2].sum()], weights[2:]))[:n_weeks]
        by_lag[: lags.size] = rate * lags
    discount = float(rng.choice([1.0, 0.97, 0.8]))
    rates = dict(zip(COST_TERMS, rng.choice([0.0, 0.01, 0.7, 3.3, 12.0], size=7), strict=True))
    moq, pack = int(rng.choice([1, 1, 7, 24])), int(rng.choice([1, 1, 6, 10]))
    smallest = -(-moq // pack) * pack
    sku = {
        "on_hand": int(rng.integers(0, 30)),
        "beyond": int(rng.choice([0, 0, 9])),
        "returns_due": (np.floor(rng.random(n_weeks) * 256) / 256).tolist() if returns else [0.0] * n_weeks,
        "return_rate": rate,
        "return_lag_weights": list(weights),
        "review_period": int(rng.integers(1, 5)),
        "moq": moq,
        "pack": pack,
        "maximum": float(rng.choice([np.inf, np.inf, smallest + 5])),
        "storage": float(rng.choice([np.inf, np.inf, smallest + 10])),
        "share": float(rng.choice([0.0, 0.5, 1.0, 19 / 64])),
        "first_epoch": int(rng.choice([0, 0, 1])),
    }
    rate_array, weights_by_week = np.array(list(rates.values())), discount ** np.arange(n_weeks, dtype=float)
    inbound = rng.integers(0, 6, (n_paths, n_weeks)) * (rng.random(n_weeks) < 0.5)
    orders = OrderTerms(*(np.float32(sku[name]) for name in ("moq", "pack", "maximum", "storage")), sku["review_period"], sku["first_epoch"])
    in_transit = int(inbound.sum(axis=1).max()) + sku["beyond"]
    sku["in_transit"] = in_transit
    terms = SkuTerms(
        np.float32(sku["on_hand"]),
        np.float32(in_transit),
        np.array(sku["returns_due"], dtype=np.float32),
        by_lag.astype(np.float32),
        n_lags if returns else 0,
        np.float32(sku["share"]),
        orders,
        week_rates(rate_array, weights_by_week),
        rate_array,
        weights_by_week,
    )
    mean = rng.choice([0.3, 4.0, 12.0])
    theta = {"t0": int(rng.integers(0, 5)), "Q0": int(rng.integers(0, 40)), "s": int(rng.integers(0, 30)), "Q": int(rng.integers(0, 30))}
    theta |= {"t_limit": int(rng.integers(0, 12)), "S": int(rng.integers(0, 60)), "row": int(rng.integers(0, 3))}
    levels, recorded = rng.integers(0, 60, (3, n_weeks)), rng.integers(0, 20, n_weeks)
    levels, recorded = levels * scale, recorded * scale
    theta |= {name: theta[name] * scale for name in ("Q0", "s", "Q", "S")}
    demand, lead_time, offset = rng.poisson(mean, (n_paths, n_weeks)), rng.integers(0, longest + 1, (n_paths, n_weeks)), rng.integers(0, 256, n_paths) / 256
    demand = demand * scale
    return SimpleNamespace(
        policy=policy,
        form=form_of(policy, n_weeks, levels=levels, recorded=recorded),
        theta=np.array([theta[name] for name in PARAMETERS[policy]], dtype=np.int64),
        demand=demand,
        lead_time=lead_time,
        offset=offset,
        inbound=inbound,
        paths=paths_of(demand, lead_time, offset, inbound),
        terms=terms,
        naive={"theta": theta | {"levels": levels.tolist(), "recorded": recorded.tolist()}, "sku": sku, "rates": rates, "discount": discount},
    )
