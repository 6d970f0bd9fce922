"""Speed of the simulation engine on this machine, serial: kernel, sampling, whole SKUs, cold compile.

Seconds are processor seconds of this process: on a shared machine the wall clock measures the neighbours.
"""

import json
import os
import platform
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.sku import example_vector
from domain.settings import Settings
from simulation.kpis import path_costs
from simulation.optimize import optimize_policy
from simulation.policies.protocol import Situation
from simulation.policies.registry import POLICIES
from simulation.sampling.paths import sample_paths
from simulation.sku_terms import sku_terms

_N_CANDIDATES = 32


def run(*, n_skus: int = 100) -> dict[str, Any]:
    """Measure; takes about ten seconds.

    Returns:
        `cold_compile_seconds` (the first SKU of a process, all kernels included), `path_weeks_per_second` of the
        kernel with returns, `sample_microseconds_per_path`, `milliseconds_per_sku` and `skus_per_second` of
        `optimize_policy`, and the machine.
    """
    settings = Settings()
    cold_compile_seconds = _seconds(lambda: optimize_policy(example_vector(0), settings, seed=1))
    per_sku = _seconds(lambda: [optimize_policy(example_vector(number), settings, seed=1) for number in range(n_skus)]) / n_skus
    making = _seconds(lambda: [example_vector(number) for number in range(n_skus)]) / n_skus
    return {
        "cold_compile_seconds": round(cold_compile_seconds, 2),
        "path_weeks_per_second": round(_path_weeks_per_second(settings)),
        "sample_microseconds_per_path": round(_sampling_seconds(settings) * 1e6, 3),
        "milliseconds_per_sku": round((per_sku - making) * 1e3, 3),
        "skus_per_second": round(1 / (per_sku - making), 1),
        "n_skus": n_skus,
        "n_cores": os.cpu_count(),
        "machine": platform.processor() or platform.machine(),
    }


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _path_weeks_per_second(settings: Settings) -> float:
    """Best of 20 rounds: 32 candidates of the extended policy on the optimiser's paths."""
    vector, n_paths = example_vector(0), settings.simulation.n_paths_optimize
    paths = sample_paths(vector, settings, n_paths=n_paths, purpose="optimize", seed=1)
    situation = Situation(sku_terms(vector, settings), settings.inventory, paths)
    policy = POLICIES["extended"]
    candidates = np.resize(policy.starts(situation), (_N_CANDIDATES, 5))
    rule = policy.rule(settings.inventory)
    best = min(_seconds(lambda: path_costs(rule, candidates, paths, situation.terms)) for _ in range(20))
    return _N_CANDIDATES * n_paths * situation.n_weeks / best


def _sampling_seconds(settings: Settings) -> float:
    """Best of 20 rounds of drawing the evaluation's paths; seconds per path."""
    vector, n_paths = example_vector(0), settings.simulation.n_paths_evaluate
    return min(_seconds(lambda: sample_paths(vector, settings, n_paths=n_paths, purpose="evaluate", seed=1)) for _ in range(20)) / n_paths


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
