"""Random allocation problems, and their exact optimum: by enumeration, and by an integer program (HiGHS)."""

import itertools

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from benchmarks.constraints import made_up_choices
from simulation.constraints.problem import Limits, keeps_hard_limits, penalized_cost, sums_by, totals_of


def random_choices(seed, n_skus, *, n_orders=6, n_classes=2, n_suppliers=3):
    """SKUs with falling lost sales and rising holding cost, and each class's demand."""
    return made_up_choices(seed, n_skus, n_orders=n_orders, n_classes=n_classes, n_suppliers=n_suppliers)


def no_limits(choices, *, n_classes=2, n_suppliers=3):
    return Limits(np.inf, np.inf, np.zeros(n_classes), np.zeros(n_classes), 0.0, np.ones(n_suppliers, dtype=bool), np.zeros(n_suppliers, dtype=bool))


def random_limits(seed, choices, class_demand, *, n_suppliers=3):
    """Any of the limits, from generous to nothing at all."""
    rng = np.random.default_rng((seed, 1))
    n_classes = len(class_demand)
    free = totals_of(choices, no_limits(choices, n_classes=n_classes, n_suppliers=n_suppliers), np.zeros(len(choices.value_eur), dtype=np.int64))
    minimum = float(rng.choice([0.0, 0.3, 1.0])) * free.spent_eur / max(n_suppliers, 1)
    euros = (choices.units * choices.value_eur[:, None]).max(axis=1)
    return Limits(
        budget_eur=float(rng.choice([np.inf, 0.0, 0.3, 0.6, 0.9])) * free.spent_eur,
        capacity_units=float(rng.choice([np.inf, 0.0, 0.4, 0.8])) * free.units,
        floor_units=class_demand * rng.choice([0.0, 0.5, 0.7, 0.9], n_classes),
        floor_highest_price_eur=rng.choice([0.0, 5.0, 60.0], n_classes),
        minimum_eur=minimum,
        is_reachable=sums_by(choices.supplier, euros, n_suppliers) >= minimum,
        must_serve=np.zeros(n_suppliers, dtype=bool),
    )


def best_by_enumeration(choices, limits):
    """Least penalized cost over all combinations of orders."""
    best = np.inf
    for columns in itertools.product(range(choices.units.shape[1]), repeat=len(choices.value_eur)):
        totals = totals_of(choices, limits, np.array(columns))
        if keeps_hard_limits(totals, limits):
            best = min(best, penalized_cost(totals, limits))
    return best


def best_by_integer_program(choices, limits):
    """The same as an integer program: x = 1 where an order is chosen, u = shortfall of a class, y = 1 where a supplier is served."""
    n_skus, n_orders = choices.units.shape
    n_classes, n_suppliers = len(limits.floor_units), limits.n_suppliers
    n_x = n_skus * n_orders
    euros = choices.units * choices.value_eur[:, None]
    rows, low, high = [], [], []

    def require(x, *, at_least=-np.inf, at_most=np.inf, shortfall=None, served=None):
        row = np.zeros(n_x + n_classes + n_suppliers)
        row[:n_x] = np.broadcast_to(x, (n_skus, n_orders)).ravel()
        if shortfall is not None:
            row[n_x + shortfall] = 1.0
        if served is not None:
            row[n_x + n_classes + served[0]] = served[1]
        rows.append(row)
        low.append(at_least)
        high.append(at_most)

    for sku in range(n_skus):
        require(np.arange(n_skus)[:, None] == sku, at_least=1, at_most=1)
    require(euros, at_most=limits.budget_eur)
    require(choices.units, at_most=limits.capacity_units)
    for place, floor in enumerate(limits.floor_units):
        require(np.where(choices.service_class[:, None] == place, choices.served_units, 0.0), at_least=floor, shortfall=place)
    for place in range(n_suppliers if limits.minimum_eur else 0):
        of_supplier = np.where(choices.supplier[:, None] == place, euros, 0.0)
        require(of_supplier, at_least=0, served=(place, -limits.minimum_eur))
        require(of_supplier, at_most=0, served=(place, -(of_supplier.sum() + 1)))
    found = milp(
        np.concatenate((choices.cost_eur.ravel(), limits.floor_highest_price_eur, np.zeros(n_suppliers))),
        constraints=LinearConstraint(np.array(rows), low, high),
        integrality=np.concatenate((np.ones(n_x), np.zeros(n_classes), np.ones(n_suppliers))),
        bounds=Bounds(0, np.concatenate((np.ones(n_x), np.full(n_classes, np.inf), np.ones(n_suppliers)))),
        options={"mip_rel_gap": 1e-10},
    )
    return found.fun
