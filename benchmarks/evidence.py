"""What evidence costs, how sure its figures are, and whether yesterday's parameters help today: `python -m benchmarks.evidence`.

The figures of docs/decisions/0013-evidence.md. SKUs are those of `benchmarks.families`; yesterday is the same SKU a day before,
with a day's sales more on hand and quantiles a few percent off.
"""

import argparse
import datetime as dt
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from benchmarks.families import scenario
from domain.feature_vector import FeatureVector
from domain.settings import EvidenceSettings, OptimizerSettings, Settings
from simulation.comparison import AS_PLANNED, compare, first_orders
from simulation.costs import objective_values, percentile_error
from simulation.kernels.order_plans import IntArray
from simulation.kpis import evaluate, path_costs
from simulation.optimize import optimize_policy, situation_of
from simulation.order_changes import Inputs, order_of, trace_order_change
from simulation.policies.registry import POLICIES
from simulation.sampling.paths import sample_paths
from simulation.tuning import tune

SEED = 1
_PATIENT = 5_000
_BUDGETS = (150, 300, 600)
_N_SEEDS = 40


def run(*, n_skus: int = 70) -> dict[str, Any]:
    """Measure on this machine; processor time, one thread."""
    inputs = [_inputs(number) for number in range(n_skus)]
    return {"milliseconds": _costs(inputs), "standard_errors": _errors(inputs[:14]), "warm_start": _warm_starts(inputs), "n_skus": n_skus}


def _inputs(number: int) -> Inputs:
    made = scenario(number)
    own = made.inventory | {"objective": "p75", "trigger": "position"}
    return Inputs(made.vector, Settings(seed=SEED).for_merchant("merchant", own))


def _yesterday(today: Inputs, number: int) -> Inputs:
    generator = np.random.Generator(np.random.Philox(key=number + 10_000))
    vector: FeatureVector = today.vector
    a_day = round(float(vector.demand_quantiles_units[0, 19]) / 7)
    quantiles = np.floor(vector.demand_quantiles_units * generator.normal(1.0, 0.03) + 0.5)
    before = vector._replace(
        date=vector.date - dt.timedelta(days=1), on_hand_units=vector.on_hand_units + a_day, demand_quantiles_units=np.maximum(quantiles, 0.0)
    )
    return today._replace(vector=before)


def _costs(inputs: list[Inputs]) -> dict[str, float]:
    """Processor milliseconds per SKU: the decision, what evidence adds to it, and tracing a changed order."""
    no_curve = EvidenceSettings(n_paths_cost_curve=0)
    steps: Mapping[str, Callable[[Inputs], object]] = {
        "optimize_policy": lambda sku: optimize_policy(*sku, seed=SEED),
        "optimize_policy_without_curve": lambda sku: optimize_policy(sku.vector, sku.settings.model_copy(update={"evidence": no_curve}), seed=SEED),
        "search_and_its_paths": lambda sku: tune(POLICIES["extended"], situation_of(*sku, seed=SEED), sku.settings),
        "fresh_paths": _fresh,
    }
    found = {name: _milliseconds(step, inputs) for name, step in steps.items()}
    changed = [(_yesterday(sku, number), sku) for number, sku in enumerate(inputs)]
    orders = [(order_of(*before), order_of(*after)) for before, after in changed]
    traced = list(zip(changed, orders, strict=True))
    found["trace_order_change"] = _milliseconds(lambda case: trace_order_change(*case[0], order_before_units=case[1][0], order_after_units=case[1][1]), traced)
    return found


def _fresh(sku: Inputs) -> Any:
    return sample_paths(sku.vector, sku.settings, n_paths=sku.settings.simulation.n_paths_evaluate, purpose="evaluate", seed=SEED)


def _milliseconds(step: Callable[[Any], object], cases: list[Any]) -> float:
    for case in cases[:7]:
        step(case)
    started = time.process_time()
    for case in cases:
        step(case)
    return round(1e3 * (time.process_time() - started) / len(cases), 3)


def _errors(inputs: list[Inputs]) -> dict[str, float]:
    """Spread of the reported figures over seeds, over their reported standard errors: below 1 = the errors are upper bounds. Medians over SKUs, and the largest."""
    ratios = []
    for sku in inputs:
        situation, policy = situation_of(*sku, seed=SEED), POLICIES["extended"]
        plan = (policy.form(situation), tune(policy, situation, sku.settings).theta)
        figures, errors = [], []
        for seed in range(_N_SEEDS):
            fresh = sample_paths(sku.vector, sku.settings, n_paths=sku.settings.simulation.n_paths_evaluate, purpose="evaluate", seed=seed)
            costs = np.sort(evaluate(*plan, fresh, situation.terms).path_cost_eur)
            less = compare([first_orders(*plan, (AS_PLANNED, 0), situation.terms)], paths=fresh, terms=situation.terms, objective="p75")
            figures.append((costs.mean(), objective_values(costs, "p75"), less.difference_eur[1]))
            errors.append((costs.std(ddof=1) / np.sqrt(costs.size), percentile_error(costs, 75), less.standard_error_eur[1]))
        spread, error = np.std(figures, axis=0, ddof=1), np.mean(errors, axis=0)
        ratios.append(spread / np.where(error > 0, error, np.inf))
    names = ("expected_cost", "cost_p75", "difference")
    middle, largest = np.median(ratios, axis=0), np.max(ratios, axis=0)
    return {f"{name}_{kind}": round(float(values[k]), 3) for k, name in enumerate(names) for kind, values in (("median", middle), ("largest", largest))}


def _warm_starts(inputs: list[Inputs]) -> dict[str, float]:
    """Σ of the objective over that of a patient search, less 1, in-sample and on fresh paths, by budget; with and without yesterday's parameters."""
    policy = POLICIES["extended"]
    in_sample: dict[str, float] = {}
    fresh: dict[str, float] = {}
    for number, sku in enumerate(inputs):
        before = _yesterday(sku, number)
        theta_before = tune(policy, situation_of(*before, seed=SEED), before.settings).theta
        situation, paths = situation_of(*sku, seed=SEED), _fresh(sku)
        searches: dict[str, tuple[int, tuple[IntArray, ...]]] = {"patient": (_PATIENT, (theta_before,))}
        searches |= {f"{kind}_{budget}": (budget, starts) for budget in _BUDGETS for kind, starts in (("cold", ()), ("warm", (theta_before,)))}
        for name, (budget, starts) in searches.items():
            settings = sku.settings.model_copy(update={"optimizer": OptimizerSettings(evaluation_budget=budget)})
            found = tune(policy, situation, settings, warm_starts=starts)
            in_sample[name] = in_sample.get(name, 0.0) + found.score
            cost = path_costs(policy.form(situation), found.theta[None, :], paths, situation.terms)
            fresh[name] = fresh.get(name, 0.0) + float(objective_values(cost, "p75")[0])
    gaps = {name: round(score / in_sample["patient"] - 1, 5) for name, score in in_sample.items()}
    return gaps | {f"{name}_on_fresh_paths": round(score / fresh["patient"] - 1, 5) for name, score in fresh.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--skus", type=int, default=70)
    print(json.dumps(run(n_skus=parser.parse_args().skus), indent=2))
