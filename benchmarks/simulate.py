"""`replenish bench simulate`: simulated path-weeks per second, against NumPy and against what the processor could do.

500 paths, 12 weeks, random lead times of at most 5 weeks, the cost of every path written, no percentile in either twin. Each
thread scores candidates of a SKU of its own; wall-clock seconds decide, processor seconds stand beside them for a machine
that is shared.
"""

import os
import platform
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from benchmarks import machine_limits, numpy_simulation
from benchmarks.sku import example_vector
from domain.settings import Settings
from simulation.kernels.order_plans import PolicyForm
from simulation.kernels.path_costs import COST_BOUND, score_candidates
from simulation.kernels.weekly_simulation import SkuTerms
from simulation.policies.protocol import Situation
from simulation.policies.registry import POLICIES
from simulation.sampling.paths import Paths, paths_of, sample_paths
from simulation.sku_terms import sku_terms

N_PATHS, N_WEEKS, LONGEST_LEAD_WEEKS = 500, 12, 5
TRIGGERS, LAGS = ("position", "on_hand"), (0, 4, 11)
_N_CANDIDATES = 200
_ROUNDS = 9
_CALLS_PER_ROUND = 60
"""So many that a round takes some 80 ms: threads need a few of them to get going."""


class _Case(NamedTuple):
    """One SKU with the candidates to be scored on it."""

    form: PolicyForm
    candidates: "np.ndarray[Any, np.dtype[np.int64]]"
    paths: Paths
    terms: SkuTerms


def run(*, threads: int = 2) -> dict[str, Any]:
    """Measure; takes about twenty seconds.

    Returns:
        The figures by name: the slower trigger at 4 return lags first, then both triggers by number of lags.
    """
    by_trigger = {trigger: {f"lags_{n_lags}": _measure(trigger, n_lags, threads) for n_lags in LAGS} for trigger in TRIGGERS}
    slower = min(TRIGGERS, key=lambda trigger: by_trigger[trigger]["lags_4"]["path_weeks_per_second"])
    headline, limits = by_trigger[slower]["lags_4"], machine_limits.measure()
    limit = threads * limits.path_weeks_per_second()
    return headline | {
        "limit_ratio": round(headline["path_weeks_per_second"] / limit, 3),
        "limit_path_weeks_per_second": round(limit),
        "vector_operations_per_second_and_core": round(limits.operations_per_second),
        "first_cache_loads_per_second_and_core": round(limits.loads_per_second),
        "threads": threads,
        "by_trigger": by_trigger,
        "n_cores": os.cpu_count(),
        "machine": platform.processor() or platform.machine(),
    }


def _measure(trigger: str, n_lags: int, threads: int) -> dict[str, float]:
    cases = [_case(number, trigger, n_lags) for number in range(threads)]
    _check(cases[0], on_hand_trigger=trigger == "on_hand")
    wall, processor = _kernel_rates(cases)
    numpy_rate = _numpy_rate(cases[0], on_hand_trigger=trigger == "on_hand")
    return {
        "path_weeks_per_second": round(wall),
        "numpy_twin_path_weeks_per_second": round(numpy_rate),
        "ratio_vs_numpy": round(wall / numpy_rate, 1),
        "path_weeks_per_processor_second": round(processor),
    }


def _case(number: int, trigger: str, n_lags: int) -> _Case:
    """A SKU whose lead times are uniform on 0 … 5 weeks and whose returns come over `n_lags` weeks."""
    weights = np.array([0.0] + [1 / max(n_lags, 1)] * n_lags)
    vector = example_vector(number)._replace(return_rate=0.3 if n_lags else 0.0, return_lag_weights=weights)
    settings = Settings().for_merchant("merchant", {"trigger": trigger})
    drawn = sample_paths(vector, settings, n_paths=N_PATHS, purpose="optimize", seed=1)
    generator = np.random.default_rng(number)
    lead_time = generator.integers(0, LONGEST_LEAD_WEEKS + 1, (N_PATHS, N_WEEKS))
    offset = generator.integers(0, 256, N_PATHS) / 256
    paths, terms = paths_of(drawn.demand_units, lead_time, offset, drawn.inbound_units), sku_terms(vector, settings)
    situation, policy = Situation(terms, settings.inventory, paths), POLICIES["extended"]
    reorders = [theta for theta in policy.starts(situation) if theta[3] > 0]
    return _Case(policy.form(situation), np.resize(np.array(reorders), (_N_CANDIDATES, 5)), paths, terms)


def _kernel_rates(cases: list[_Case]) -> tuple[float, float]:
    """Path-weeks per wall-clock second of all threads together, and per processor second; medians."""

    def score(case: _Case) -> None:
        for _ in range(_CALLS_PER_ROUND):
            score_candidates(case.form, case.candidates, case.paths.blocks, case.terms)

    n_path_weeks = len(cases) * _CALLS_PER_ROUND * _N_CANDIDATES * N_PATHS * N_WEEKS
    walls, processors = [], []
    with ThreadPoolExecutor(len(cases)) as pool:
        list(pool.map(score, cases))
        for _ in range(_ROUNDS):
            wall, processor = time.perf_counter(), time.process_time()
            list(pool.map(score, cases))
            walls.append(time.perf_counter() - wall)
            processors.append(time.process_time() - processor)
    return n_path_weeks / statistics.median(walls), n_path_weeks / statistics.median(processors)


def _numpy_twin(case: _Case, *, on_hand_trigger: bool) -> Callable[[Any], Any]:
    demand, inbound = (np.ascontiguousarray(units.T, dtype=np.float32) for units in (case.paths.demand_units, case.paths.inbound_units))
    lead_time, offset = np.ascontiguousarray(case.paths.lead_time_weeks.T), case.paths.blocks.return_offset.ravel()[:N_PATHS]
    return lambda theta: numpy_simulation.path_costs(
        theta, case.terms, demand=demand, lead_time=lead_time, inbound=inbound, offset=offset, on_hand_trigger=on_hand_trigger
    )


def _check(case: _Case, *, on_hand_trigger: bool) -> None:
    """Both twins must compute the same before their speeds are compared."""
    twin = _numpy_twin(case, on_hand_trigger=on_hand_trigger)
    kernel = score_candidates(case.form, case.candidates[:5], case.paths.blocks, case.terms)
    for theta, cost in zip(case.candidates[:5], kernel, strict=True):
        np.testing.assert_allclose(cost, twin(theta), rtol=2 * COST_BOUND)


def _numpy_rate(case: _Case, *, on_hand_trigger: bool) -> float:
    """Path-weeks per second of the NumPy twin, on one thread as NumPy runs; the median."""
    twin, seconds = _numpy_twin(case, on_hand_trigger=on_hand_trigger), []
    for theta in case.candidates[:60]:
        started = time.perf_counter()
        twin(theta)
        seconds.append(time.perf_counter() - started)
    return N_PATHS * N_WEEKS / statistics.median(seconds)
