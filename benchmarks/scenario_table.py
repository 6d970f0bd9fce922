"""`replenish bench policies`: what every policy costs and how well it serves, by scenario family.

SKUs of `benchmarks.families`; parameters are tuned on 500 paths, all figures are of 5,000 fresh ones that every policy
sees. One shot: a policy runs through its 12 weeks with the parameters it has today. Costs are compared SKU by SKU, with
a paired bootstrap over SKUs. `python -m benchmarks.scenario_table --out docs/reference/policies_by_scenario.md` writes the page.
"""

import argparse
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.stats import bootstrap

from benchmarks.families import FAMILIES, scenario
from benchmarks.scenario_page import page
from domain.errors import UsageError
from domain.settings import Settings
from simulation.costs import objective_values
from simulation.hindsight import hindsight
from simulation.kpis import Evaluation, evaluate
from simulation.policies.protocol import Situation
from simulation.policies.registry import POLICIES
from simulation.sampling.paths import Paths, sample_paths
from simulation.sku_terms import sku_terms
from simulation.tuning import tune

FloatArray = npt.NDArray[np.float64]

OBJECTIVES = ("mean", "p75")
CONTENDERS: Mapping[str, tuple[str, str]] = {
    "extended": ("extended", "position"),
    "extended, on-hand trigger": ("extended", "on_hand"),
    "look_ahead": ("look_ahead", "position"),
    "classical": ("classical", "position"),
    "s_S": ("s_S", "position"),
    "base_stock": ("base_stock", "position"),
    "newsvendor": ("newsvendor", "position"),
    "order_nothing": ("order_nothing", "position"),
}
"""Policy and trigger by name; the first is what the others are compared with."""
HINDSIGHT = "hindsight"
NAMES = (*CONTENDERS, HINDSIGHT)
LIFE_CYCLE = ("launch", "decay", "seasonal_peak")
GROUPS: Mapping[str, tuple[str, ...]] = {
    "all": FAMILIES,
    "life_cycle": LIFE_CYCLE,
    "steady_state": tuple(family for family in FAMILIES if family not in LIFE_CYCLE),
    **{family: (family,) for family in FAMILIES},
}
SEED = 1
_N_RESAMPLES = 2_000


class SkuFigures(NamedTuple):
    """One SKU under every policy of `NAMES`."""

    family: str
    revenue_potential_eur: float
    """Price × expected demand: what service is weighted with."""
    cost_eur: FloatArray
    """`(n_objectives, n_policies)` value of the objective that was minimised; of hindsight its lower bound."""
    fill_rate: FloatArray
    """`(n_objectives, n_policies)`"""
    availability: FloatArray
    """`(n_objectives, n_policies)`"""
    hindsight_plan_eur: FloatArray
    """`(n_objectives,)` what the plan behind the bound costs."""


def run(*, n_skus: int = 700, threads: int = 2) -> dict[str, Any]:
    """Measure; about half a second per SKU.

    Returns:
        `n_skus`, and by group (all, life_cycle, steady_state, the families), objective and policy: `cost_eur` per SKU,
        `cost_vs_extended` with `low` and `high` of its 95 % interval, `cheaper_share` of SKUs, `fill_rate`, `availability`;
        and `hindsight_plan_vs_bound`, which says how tight the bound is.

    Raises:
        UsageError: A family would have fewer than two SKUs, too few to resample.
    """
    if n_skus < 2 * len(FAMILIES):
        raise UsageError("too few SKUs to compare families", got=str(n_skus), wanted=f"at least {2 * len(FAMILIES)}", remedy="Ask for more with --skus.")
    with ThreadPoolExecutor(threads) as pool:
        skus = list(pool.map(_measure, range(n_skus)))
    groups = {name: [sku for sku in skus if sku.family in families] for name, families in GROUPS.items()}
    return {"n_skus": n_skus, "groups": {name: {"n_skus": len(members), **_of_group(members)} for name, members in groups.items()}}


def _measure(number: int) -> SkuFigures:
    made = scenario(number)
    own = made.inventory | {"initial_order_latest_week": 11}
    settings = Settings().for_merchant("merchant", own)
    terms = sku_terms(made.vector, settings)
    drawn = sample_paths(made.vector, settings, n_paths=settings.simulation.n_paths_optimize, purpose="optimize", seed=SEED)
    fresh = sample_paths(made.vector, settings, n_paths=settings.simulation.n_paths_evaluate, purpose="evaluate", seed=SEED)
    known = hindsight(fresh, terms)

    def tuned(policy: str, trigger: str, objective: str) -> Evaluation:
        own_settings = Settings().for_merchant("merchant", own | {"trigger": trigger, "objective": objective})
        situation = Situation(terms, own_settings.inventory, drawn)
        return evaluate(POLICIES[policy].form(situation), tune(POLICIES[policy], situation, own_settings).theta, fresh, terms)

    runs = [[*(tuned(*contender, objective) for contender in CONTENDERS.values()), known.plan] for objective in OBJECTIVES]
    cost = _each(runs, lambda run, objective: float(objective_values(run.path_cost_eur, objective)))
    plan, cost[:, -1] = cost[:, -1].copy(), [float(objective_values(known.bound_eur, objective)) for objective in OBJECTIVES]
    return SkuFigures(
        family=made.family,
        revenue_potential_eur=made.vector.unit_price_eur * _expected_demand(fresh),
        cost_eur=cost,
        fill_rate=_each(runs, lambda run, _: run.fill_rate()),
        availability=_each(runs, lambda run, _: run.availability()),
        hindsight_plan_eur=plan,
    )


def _each(runs: list[list[Evaluation]], figure: Callable[[Evaluation, str], float]) -> FloatArray:
    return np.array([[figure(run, objective) for run in of_objective] for objective, of_objective in zip(OBJECTIVES, runs, strict=True)])


def _expected_demand(paths: Paths) -> float:
    return float(paths.demand_units.sum()) / paths.n_paths


def _of_group(skus: list[SkuFigures]) -> dict[str, Any]:
    """Figures by objective and policy."""
    cost, fill, available, plan = (np.array([getattr(sku, name) for sku in skus]) for name in ("cost_eur", "fill_rate", "availability", "hindsight_plan_eur"))
    weight = np.array([sku.revenue_potential_eur for sku in skus])
    figures: dict[str, Any] = {}
    for k, objective in enumerate(OBJECTIVES):
        figures[objective] = {
            name: {
                "cost_eur": round(float(cost[:, k, i].mean()), 2),
                **_against(cost[:, k, i], cost[:, k, 0]),
                "fill_rate": round(float(weight @ fill[:, k, i] / weight.sum()), 4),
                "availability": round(float(weight @ available[:, k, i] / weight.sum()), 4),
            }
            for i, name in enumerate(NAMES)
        }
        figures[objective][HINDSIGHT]["hindsight_plan_vs_bound"] = round(float(plan[:, k].sum() / cost[:, k, -1].sum() - 1), 4)
    return figures


def _against(cost: FloatArray, reference: FloatArray) -> dict[str, float]:
    """Relative difference of sums over SKUs, its 95 % interval from a paired bootstrap, and the share of SKUs that are cheaper by 0.1 %."""

    def difference(one: FloatArray, other: FloatArray, axis: int) -> FloatArray:
        return np.asarray(one.sum(axis=axis) / other.sum(axis=axis) - 1)

    drawn = bootstrap((cost, reference), difference, paired=True, vectorized=True, n_resamples=_N_RESAMPLES, method="percentile", rng=np.random.default_rng(0))
    low, high = drawn.confidence_interval
    figures = {"cost_vs_extended": float(difference(cost, reference, 0)), "low": float(low), "high": float(high)}
    return {name: round(value, 4) for name, value in figures.items()} | {"cheaper_share": round(float((cost < 0.999 * reference).mean()), 3)}


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--skus", type=int, default=700)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("docs/reference/policies_by_scenario.md"))
    given = parser.parse_args()
    figures = run(n_skus=given.skus, threads=given.threads)
    before = given.out.read_text(encoding="utf-8") if given.out.exists() else ""
    given.out.write_text(page(figures, before=before), encoding="utf-8")


if __name__ == "__main__":
    main()
