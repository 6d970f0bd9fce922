"""Limits across a merchant's SKUs: seconds and gap, `python -m benchmarks.constraints`.

A simulated merchant of a few hundred SKUs has real curves; a made-up one shows how the time grows.
"""

import datetime as dt
import json
import sys
import time
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from benchmarks.families import scenario
from domain.feature_vector import SCHEMA_VERSION
from domain.settings import InventorySettings, OptimizerSettings, Settings, SimulationSettings
from domain.stage_tables import SkuVectors
from domain.tables import InboundShipments, Merchants
from simulation.batch import optimize_vectors
from simulation.constraints import order_curves
from simulation.constraints.allocate import allocate
from simulation.constraints.limits import Situated, problem_of
from simulation.constraints.problem import Choices, FloatArray, IntArray, Limits, penalized_cost, sums_by, totals_of

SETTINGS = Settings(simulation=SimulationSettings(n_paths_evaluate=100), optimizer=OptimizerSettings(evaluation_budget=300))
N_SUPPLIERS = 5
CASES = ("budget", "budget and capacity", "budget and floors", "budget and minimums", "all")


class Merchant(NamedTuple):
    """A simulated merchant: its curves, and what is recommended without limits."""

    curves: pl.DataFrame
    total_eur: float
    total_units: int
    processor_seconds_per_curve: float


def simulated_merchant(n_skus: int) -> Merchant:
    """SKUs of the seven families under one merchant's settings, in two service classes and five suppliers."""
    vectors = _vectors(n_skus)
    recommended = optimize_vectors(vectors, SETTINGS, merchants=Merchants.create_empty())
    numbers = np.arange(n_skus)
    articles = recommended.select(
        "merchant_id",
        "article_id",
        service_class=pl.Series(np.where(numbers % 3 == 0, "A", "B")),
        supplier_id=pl.Series([f"S{number % N_SUPPLIERS}" for number in numbers]),
    )
    tables = {"articles": articles, "inbound_shipments": InboundShipments.create_empty(), "merchants": Merchants.create_empty()}
    with_budget = SETTINGS.model_copy(update={"inventory": InventorySettings(budget_eur_per_week=0.0)})
    day = vectors["date"][0]
    order_curves(recommended[:2], vectors, tables, decision_date=day, settings=with_budget)  # compiles
    started = time.process_time()
    curves = order_curves(recommended, vectors, tables, decision_date=day, settings=with_budget)
    seconds = (time.process_time() - started) / n_skus
    return Merchant(curves, float(recommended["order_now_value_eur"].sum()), int(recommended["order_now_units"].sum()), seconds)


def situated(merchant: Merchant, case: str, *, share: float = 0.6) -> Situated:
    """The merchant under limits at a share of what it would order without them."""
    limits: dict[str, Any] = {"budget_eur_per_week": share * merchant.total_eur}
    if case in {"budget and capacity", "all"}:
        limits["inbound_capacity_units_per_week"] = round(share * merchant.total_units)
    if case in {"budget and floors", "all"}:
        limits["fill_rate_floors"] = {"A": 0.93}
    if case in {"budget and minimums", "all"}:
        limits["minimum_order_value_eur"] = 0.15 * share * merchant.total_eur
    return problem_of(merchant.curves, InventorySettings(**limits))


def made_up_problem(n_skus: int, *, seed: int = 1, n_orders: int = 16, n_suppliers: int = 0, share: float = 0.6) -> tuple[Choices, Limits]:
    """SKUs with falling lost sales and rising holding cost, under a budget, a capacity, two floors and perhaps minimum order values."""
    choices, demand = made_up_choices(seed, n_skus, n_orders=n_orders, n_classes=2, n_suppliers=n_suppliers)
    nothing = Limits(np.inf, np.inf, np.zeros(2), np.zeros(2), 0.0, np.ones(n_suppliers, dtype=bool), np.zeros(n_suppliers, dtype=bool))
    free = totals_of(choices, nothing, np.zeros(n_skus, dtype=np.int64))
    minimum = 0.9 * share * free.spent_eur / n_suppliers if n_suppliers else 0.0
    return choices, nothing._replace(
        budget_eur=share * free.spent_eur,
        capacity_units=0.95 * share * free.units,
        floor_units=0.55 * demand,
        floor_highest_price_eur=np.full(2, 100.0),
        minimum_eur=minimum,
    )


def made_up_choices(seed: int, n_skus: int, *, n_orders: int, n_classes: int, n_suppliers: int) -> tuple[Choices, FloatArray]:
    """Curves by formula, the cheapest order first, and each class's demand."""
    rng = np.random.default_rng(seed)
    units = np.concatenate((np.zeros((n_skus, 1)), rng.integers(1, 15, (n_skus, n_orders - 1)).cumsum(axis=1)), axis=1)
    demand, price = rng.uniform(5, 80, (n_skus, 1)), rng.uniform(1, 20, (n_skus, 1))
    served = demand * (1 - np.exp(-(units + rng.uniform(0, 20, (n_skus, 1))) / demand))
    cost = 0.6 * price * (demand - served) + units * price * rng.uniform(0.02, 0.3, (n_skus, 1))
    order = np.argsort(np.arange(n_orders) != cost.argmin(axis=1)[:, None], axis=1, kind="stable")
    units, served, cost = (np.take_along_axis(values, order, axis=1) for values in (units, served, cost))
    groups = [rng.integers(-1, n, n_skus) if n else np.full(n_skus, -1) for n in (n_classes, n_suppliers)]
    return Choices(units, cost, served, 0.5 * price[:, 0], *groups), sums_by(groups[0], demand[:, 0], n_classes)


def whole_orders_first(choices: Choices, budget_eur: float) -> IntArray:
    """The rule before these prices: recommended orders whole or not at all, the largest saving per euro first."""
    rows = np.arange(len(choices.value_eur))
    nothing = np.where(choices.units == 0, choices.cost_eur, np.inf).argmin(axis=1)
    euros = choices.units[:, 0] * choices.value_eur
    saving = choices.cost_eur[rows, nothing] - choices.cost_eur[:, 0]
    chosen, left = nothing.copy(), budget_eur
    for sku in np.argsort(-saving / np.where(euros > 0, euros, np.inf), kind="stable"):
        if euros[sku] <= left:
            chosen[sku], left = 0, left - euros[sku]
    return np.asarray(chosen)


def run() -> dict[str, Any]:
    """Plain figures."""
    merchant = simulated_merchant(420)
    figures: dict[str, Any] = {"curve_processor_milliseconds_per_sku": 1e3 * merchant.processor_seconds_per_curve, "simulated": {}, "made_up": {}}
    for case in CASES:
        problem = situated(merchant, case)
        figures["simulated"][case] = _measure(problem.choices, problem.limits)
    problem = situated(merchant, "budget")
    cut = totals_of(problem.choices, problem.limits, whole_orders_first(problem.choices, problem.limits.budget_eur))
    free_eur = float(problem.choices.cost_eur[:, 0].sum())
    figures["simulated"]["budget"]["cost_of_limits_whole_orders_eur"] = cut.cost_eur - free_eur
    for n_skus, n_suppliers in ((1_000, 0), (10_000, 0), (100_000, 0), (100_000, 20), (100_000, 200)):
        figures["made_up"][f"{n_skus:,} SKUs, {n_suppliers} suppliers"] = _measure(*made_up_problem(n_skus, n_suppliers=n_suppliers))
    return figures


def _measure(choices: Choices, limits: Limits) -> dict[str, float]:
    started = time.process_time()
    found = allocate(choices, limits)
    seconds = time.process_time() - started
    cost = penalized_cost(found.totals, limits)
    return {
        "processor_seconds": seconds,
        "cost_of_limits_eur": found.cost_of_limits_eur,
        "gap_to_bound_eur": found.gap_to_bound_eur,
        "gap_share_of_cost": found.gap_to_bound_eur / cost,
        "price_of_budget": found.prices.budget,
    }


def _vectors(n_skus: int) -> pl.DataFrame:
    rows = []
    for number in range(n_skus):
        values = scenario(number).vector._asdict()
        arrays = {name: value.ravel().tolist() for name, value in values.items() if isinstance(value, np.ndarray)}
        rows.append(values | arrays | {"merchant_id": "merchant", "schema_version": SCHEMA_VERSION, "sales_history_units": [0] * 12})
    return SkuVectors.validate(pl.DataFrame(rows, schema=SkuVectors.create_empty().schema)).with_columns(date=pl.lit(dt.date(2026, 1, 12)))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(), indent=2) + "\n")
