"""What the engine's benchmarks compare is comparable."""

import numpy as np
import pytest

from benchmarks.families import FAMILIES, scenario
from benchmarks.optimize import _job, _situation
from benchmarks.reference_optimum import grid, reference_scores
from benchmarks.simulate import LAGS, TRIGGERS, _case, _check
from simulation.kernels import cache_folder
from simulation.policies.registry import POLICIES
from simulation.tuning import tune
from simulation.warm_up import warm_up


@pytest.mark.parametrize("trigger", TRIGGERS)
@pytest.mark.parametrize("n_lags", LAGS)
def test_the_numpy_twin_computes_the_kernels_costs(trigger: str, n_lags: int) -> None:
    _check(_case(1, trigger, n_lags), on_hand_trigger=trigger == "on_hand")


def test_scenarios_are_the_same_every_time_and_cover_the_means() -> None:
    again = [scenario(number) for number in range(70)]
    for number, made in enumerate(again):
        assert made.family == FAMILIES[number % 7]
        np.testing.assert_array_equal(scenario(number).vector.demand_quantiles_units, made.vector.demand_quantiles_units)
    means = [made.vector.demand_quantiles_units.mean() for made in again]
    assert min(means) < 0.6
    assert max(means) > 60


def test_the_reference_grid_has_all_its_points_and_the_reference_is_no_worse_than_the_search() -> None:
    job = _job(7)
    situation = _situation(job)
    points = grid(situation, POLICIES["extended"].search_space(situation))
    assert points.shape == (20_736, 5)
    assert reference_scores(situation)[1] <= tune(POLICIES["extended"], situation, job.settings).score


def test_a_warm_up_runs_every_policy_and_the_cache_is_named_after_the_sources() -> None:
    assert warm_up() < 60
    assert cache_folder() == cache_folder()
    assert cache_folder().name.startswith("kernels-")
