"""Random simulation cases, in the kernels' words and in the naive twin's."""

from types import SimpleNamespace

import numpy as np

from simulation.kernels.order_rules import BASE_STOCK, EXTENDED_ON_HAND, EXTENDED_POSITION, ORDER_NOTHING
from simulation.kernels.path_costs import COST_TERMS
from simulation.kernels.weekly_simulation import SkuTerms

RULES = {"order_nothing": ORDER_NOTHING, "extended_position": EXTENDED_POSITION, "extended_on_hand": EXTENDED_ON_HAND, "base_stock": BASE_STOCK}
PARAMETERS = {"order_nothing": (), "base_stock": ("S",)} | dict.fromkeys(("extended_position", "extended_on_hand"), ("t0", "Q0", "s", "Q", "t_limit"))


def random_case(seed, *, n_paths=4, n_weeks=12):
    """One policy on a few paths; `naive` has the same numbers as dicts."""
    rng = np.random.default_rng(seed)
    policy = list(RULES)[seed % 4]
    longest = int(rng.integers(0, 16))
    returns = rng.random() < 0.7
    n_lags = int(rng.integers(1, 14))
    weights = rng.dirichlet(np.ones(n_lags))
    rate = float(rng.choice([0.1, 0.5, 0.9, 1.0])) if returns else 0.0
    by_lag = rate * np.concatenate(([weights[:2].sum()], weights[2:n_weeks])) if returns else np.empty(0)
    discount = float(rng.choice([1.0, 0.97, 0.8]))
    rates = dict(zip(COST_TERMS, rng.choice([0.0, 0.01, 0.7, 3.3, 12.0], size=7), strict=True))
    sku = {
        "on_hand": int(rng.integers(0, 30)),
        "inbound": [int(units) for units in rng.integers(0, 6, n_weeks)],
        "returns_due": list(rng.random(n_weeks)) if returns else [0.0] * n_weeks,
        "return_rate": rate,
        "return_lag_weights": list(weights),
        "review_period": int(rng.integers(1, 5)),
        "moq": int(rng.choice([1, 1, 7, 24])),
        "pack": int(rng.choice([1, 1, 6, 10])),
        "share": float(rng.choice([0.0, 0.5, 1.0, 0.3])),
        "first_epoch": int(rng.choice([0, 0, 1])),
    }
    terms = SkuTerms(
        float(sku["on_hand"]),
        np.array(sku["inbound"], dtype=float),
        np.array(sku["returns_due"]),
        by_lag,
        sku["review_period"],
        float(sku["moq"]),
        float(sku["pack"]),
        sku["share"],
        np.array(list(rates.values())),
        discount ** np.arange(n_weeks, dtype=float),
        sku["first_epoch"],
    )
    mean = rng.choice([0.3, 4.0, 12.0])
    theta = {"t0": int(rng.integers(0, 5)), "Q0": int(rng.integers(0, 40)), "s": int(rng.integers(0, 30)), "Q": int(rng.integers(0, 30))}
    theta |= {"t_limit": int(rng.integers(0, 12)), "S": int(rng.integers(0, 60))}
    return SimpleNamespace(
        policy=policy,
        rule=RULES[policy],
        theta=np.array([theta[name] for name in PARAMETERS[policy]], dtype=np.int64),
        demand=rng.poisson(mean, (n_weeks, n_paths)),
        lead_time=rng.integers(0, longest + 1, (n_weeks, n_paths)),
        offset=rng.random(n_paths),
        terms=terms,
        naive={"theta": theta, "sku": sku, "rates": rates, "discount": discount},
    )
