import numpy as np
import pytest

from benchmarks.sku import example_vector
from domain.settings import InventorySettings
from domain.vector_chunk import chunk_of
from simulation.horizon import horizon_weeks, is_plannable, to_horizon


@pytest.mark.parametrize(("lead_time", "review", "weeks"), [(2.0, 1, 12), (6.0, 1, 12), (8.0, 1, 14), (12.0, 1, 19), (16.0, 4, 27), (27.0, 1, 30)])
def test_a_plan_is_as_long_as_its_lead_time_asks(lead_time, review, weeks):
    assert horizon_weeks(InventorySettings(lead_time_weeks=lead_time, review_period_weeks=review)) == weeks


def test_what_no_plan_reaches_is_said():
    assert is_plannable(InventorySettings(lead_time_weeks=28.0))
    assert not is_plannable(InventorySettings(lead_time_weeks=28.5))
    assert not is_plannable(InventorySettings(lead_time_weeks=26.0, review_period_weeks=4))


def test_weeks_beyond_the_forecast_are_the_mean_of_its_last_four_and_what_has_ended_stays_ended():
    vector = example_vector(1)._replace(inbound_later_units=np.array([0, 4, 0, 7]))
    ended = vector._replace(demand_quantiles_units=np.where(np.arange(12)[:, None] < 9, vector.demand_quantiles_units, 0.0))
    wide = to_horizon(chunk_of([vector, ended]), 15)
    np.testing.assert_allclose(wide.demand_quantiles_units[0, 13], vector.demand_quantiles_units[8:].mean(axis=0))
    assert not wide.demand_quantiles_units[1, 12:].any()
    assert wide.inbound_units[0, 12:].tolist() == [0, 4, 0]
    assert wide.returns_due_units.shape == wide.return_lag_weights.shape == (2, 15)
