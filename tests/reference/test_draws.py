"""The compiled draws equal their exact twins: the same whole units from the same points, but where a float32 falls on the other side of a step."""

from datetime import date

import numpy as np
from scipy.special import ndtr, ndtri

from domain.quantiles import QUANTILE_LEVELS, invert_quantiles, tail_scale
from simulation.kernels import demand_totals, draws, objectives
from simulation.kernels.order_plans import BLOCK_PATHS
from simulation.sampling.lead_times import arrival_levels, lead_time_levels
from simulation.sampling.paths import paths_of, week_correlation
from simulation.sampling.points import common_points, dimensions_of, n_dimensions
from tests.reference.jit import draws_without_jit, without_jit

N_WEEKS = 12
MONDAY = date(2026, 9, 28)
SHIPPED = {0: 3, 2: 5, 4: 2}
"""Units by week in which they are expected; those of week 4 were ordered for later, an order of today does not wait for them."""


def draw(quantiles, shift, mixing, *, n_paths, cv):
    points = common_points(n_paths)
    shape = (points.shape[1], N_WEEKS, BLOCK_PATHS)
    demand, offset = np.empty(shape, np.float32), np.empty((shape[0], BLOCK_PATHS), np.float32)
    arrivals, inbound = np.empty(shape, np.int32), np.empty(shape, np.float32)
    terms = draws.DrawTerms(
        dimensions_of(MONDAY, N_WEEKS),
        shift,
        mixing,
        quantiles,
        -0.5,
        tail_scale(quantiles),
        lead_time_levels(2.0, cv, N_WEEKS),
        2,
        np.zeros(12, np.int64),
        np.array([SHIPPED.get(week, 0) for week in range(N_WEEKS)]),
        arrival_levels(2.0, cv, N_WEEKS),
    )
    draws.draw_paths(points, terms, demand, arrivals, inbound, offset)
    return points, demand, arrivals, inbound, offset


def naive_deliveries(delay_words, cv):
    """Lead time of an order at each epoch, and units arriving by week, path by path: one delay, and nobody overtakes."""
    leads, inbound = [], []
    for word in delay_words:
        lead = int(np.searchsorted(lead_time_levels(2.0, cv, N_WEEKS), word, side="right"))
        arriving, newest, last = [0] * N_WEEKS, -1, -1
        for expected, units in sorted(SHIPPED.items()):
            last = max(last, int(np.searchsorted(arrival_levels(2.0, cv, N_WEEKS)[expected], word, side="right")))
            newest = last if expected <= 2 else newest
            if last < N_WEEKS:
                arriving[last] += units
        leads.append([max(lead, newest - epoch) for epoch in range(N_WEEKS)])
        inbound.append(arriving)
    return np.array(leads), np.array(inbound)


def flat(blocks):
    return blocks.transpose(0, 2, 1).reshape(-1, blocks.shape[1])


def check_draws(scales, *, n_paths, cv):
    rng = np.random.default_rng(3)
    mixing = np.ascontiguousarray(np.column_stack((np.full(N_WEEKS, 0.15**0.5), np.linalg.cholesky(week_correlation(0.15, 0.2) - 0.15))), dtype=np.float32)
    for scale in scales:
        quantiles = np.round(np.sort(rng.gamma(0.7, scale, (N_WEEKS, QUANTILE_LEVELS.size)), axis=1), 2)
        shift = rng.integers(0, 2**32, n_dimensions(N_WEEKS), dtype=np.uint32)
        points, demand, arrivals, inbound, offset = draw(quantiles, shift, mixing, n_paths=n_paths, cv=cv)
        words = (points ^ shift[:, None, None]).reshape(len(shift), -1)[dimensions_of(MONDAY, N_WEEKS)]
        normals = ndtri(((words[[0, *range(2, 2 + N_WEEKS)]] >> 8) + 0.5) / 2.0**24)
        exact = np.maximum(np.floor(invert_quantiles(quantiles, ndtr(mixing.astype(float) @ normals).T) + 0.5), 0.0)
        apart = np.abs(flat(demand) - exact)
        assert (apart > 0).mean() < 2e-3 * max(scale / 100, 1)
        assert (apart <= 1 + 1e-3 * exact).all()
        lead, arriving = naive_deliveries(words[1], cv)
        np.testing.assert_array_equal(arrivals, paths_of(exact.astype(np.int64), lead, np.zeros(len(lead))).blocks.arrivals)
        np.testing.assert_array_equal(flat(inbound), arriving)
        np.testing.assert_array_equal(offset.ravel(), (words[-1] >> 24) / 256)


def test_draws_equal_their_twins():
    check_draws((0.2, 3.0, 500.0), n_paths=3000, cv=0.4)


def test_an_order_waits_behind_what_is_late():
    """With a dispersion above 1 a shipment that is late tends to stay late: orders would overtake it."""
    check_draws((3.0,), n_paths=3000, cv=1.8)


def test_uncompiled_draws_equal_their_twins(monkeypatch):
    draws_without_jit(monkeypatch)
    check_draws((3.0,), n_paths=20, cv=0.4)
    check_draws((3.0,), n_paths=20, cv=1.8)


def check_selection(rng):
    for size in (1, 7, 128, 500):
        values = rng.gamma(0.5, 100.0, size).astype(np.float32)
        values[: size // 3] = 0.0
        for rank in {0, size // 2, size - 1}:
            assert objectives.select(values.view(np.int32), rank) == np.sort(values)[rank]


def check_totals(rng, *, n_paths):
    demand = rng.poisson(6.0, (n_paths, N_WEEKS))
    paths = paths_of(demand, np.zeros_like(demand), np.zeros(n_paths))
    first, n_weeks, levels = np.array([0, 3, 10]), 5, np.array([0.0, 0.5, 0.9, 1.0])
    found = demand_totals.total_quantiles(paths.blocks, first, n_weeks, levels)
    for window in range(3):
        total = np.sort(demand[:, first[window] : first[window] + n_weeks].sum(axis=1))
        assert found[:, window].tolist() == [total[min(int(level * n_paths), n_paths - 1)] for level in levels]
    assert demand_totals.total_demand(paths.blocks) == demand.sum()


def test_the_value_of_a_rank_is_that_of_sorting():
    check_selection(np.random.default_rng(1))
    check_totals(np.random.default_rng(1), n_paths=300)


def test_uncompiled_ranks_are_those_of_sorting(monkeypatch):
    without_jit(monkeypatch)
    check_selection(np.random.default_rng(2))
    check_totals(np.random.default_rng(2), n_paths=9)
