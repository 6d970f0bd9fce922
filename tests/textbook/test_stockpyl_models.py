"""The engine against stockpyl, where its models and ours coincide: each test says why they do, and to what tolerance.

stockpyl's models let demand wait (backorders), run for ever and, where they review continuously, order at any moment; ours lose
sales and have weeks.
"""

import numpy as np
import pytest
from scipy.stats import norm, poisson

from domain.settings import InventorySettings
from simulation.hindsight import hindsight
from simulation.kernels.path_costs import score_candidates
from simulation.policies.newsvendor import NewsvendorPolicy
from simulation.policies.protocol import Situation, policy_form
from simulation.sampling.paths import paths_of
from tests.textbook.plain_sku import base_stock, mean_and_error, no_lead_time, sobol_demand, stratified, terms

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::SyntaxWarning", "ignore::FutureWarning")

CLASSICAL = {"reorder_point": 0, "order_quantity": 1}
REORDER_UP_TO = {"reorder_point": 0, "order_up_to": 1}


def futures(demand, lead_weeks=0):
    """Paths of demand `(n_paths, n_weeks)` with a constant lead time."""
    return paths_of(demand, np.full_like(demand, lead_weeks), np.zeros(len(demand)))


def weights_from(week, n_weeks):
    """Only weeks from `week` on are charged."""
    return (np.arange(n_weeks) >= week).astype(np.float64)


def test_the_newsvendor_policy_has_the_textbook_level():
    """h = 2, p = 18, N(120, 10²): one week, no lead time. 1 simulated unit = 0.01 of the textbook's; 4,000 strata."""
    stockpyl = pytest.importorskip("stockpyl.newsvendor")
    level, _ = stockpyl.newsvendor_normal(holding_cost=2, stockout_cost=18, demand_mean=120, demand_sd=10)
    demand = np.round(100 * stratified(norm(120, 10).ppf, 4000)).astype(np.int64)[:, None]
    sku = terms(n_weeks=1, rates={"holding": 0.02, "lost_sales": 0.18})
    situation = Situation(sku, InventorySettings(lead_time_weeks=0.0), futures(demand))
    words = NewsvendorPolicy().describe(np.zeros(0, dtype=np.int64), situation)
    assert words.base_stock_level_units / 100 == pytest.approx(level, abs=0.02)


def test_poisson_base_stock_costs_what_stockpyl_says_of_every_week():
    """No lead time, arrivals before demand: every week starts at S whatever was lost, so each is a newsvendor's.

    20,000 strata in random order per week: frequencies are exact to 1/20,000.
    """
    stockpyl = pytest.importorskip("stockpyl.newsvendor")
    level, cost = stockpyl.newsvendor_poisson(holding_cost=1, stockout_cost=9, demand_mean=6)
    rng = np.random.default_rng(0)
    demand = np.stack([rng.permutation(stratified(poisson(6).ppf, 20_000)) for _ in range(12)]).astype(np.int64)
    sku, levels = terms(n_weeks=12, rates={"holding": 1.0, "lost_sales": 9.0}), np.arange(5, 14)[:, None]
    simulated = score_candidates(base_stock(12), levels, no_lead_time(demand), sku).mean(axis=1, dtype=float)
    assert levels[simulated.argmin(), 0] == level
    assert simulated.min() / 12 == pytest.approx(cost, rel=1e-3)


@pytest.mark.parametrize(("point", "level", "stock_out"), [(4, 10, 4.0), (2, 14, 9.0), (6, 7, 2.5)])
def test_reorder_up_to_costs_what_stockpyl_says(point, level, stock_out):
    """No lead time, arrivals before demand: after a stock-out both models order up to S, so that the stock after ordering is
    the same process, and a unit waits (or is lost) for one week's penalty. From week 8 on the start at S is forgotten (weeks 8 to 19
    are within 0.014 % of the long run in all three cases). Tolerance: 4 standard errors, themselves below 0.5 %.
    """
    stockpyl = pytest.importorskip("stockpyl.ss")
    expected = stockpyl.s_s_cost_discrete(point, level, holding_cost=1, stockout_cost=stock_out, fixed_cost=5, use_poisson=True, demand_mean=6)
    n_weeks, first = 20, 8
    sku = terms(
        n_weeks=n_weeks,
        rates={"holding": 1.0, "lost_sales": stock_out, "fixed_order": 5.0},
        on_hand_units=level,
        discount=weights_from(first, n_weeks),
    )
    paths = futures(sobol_demand(poisson(6), n_weeks)).blocks
    mean, error = mean_and_error(score_candidates(policy_form(n_weeks, **REORDER_UP_TO), np.array([[point, level]]), paths, sku)[0])
    assert error < 0.005 * mean
    assert mean / (n_weeks - first) == pytest.approx(expected, abs=4 * error / (n_weeks - first))


@pytest.mark.parametrize(("lead_weeks", "point"), [(0, 12), (1, 18), (2, 24)])
def test_classical_costs_what_stockpyl_says_of_continuous_review(lead_weeks, point):
    """(r, Q) under Poisson demand: position after ordering is uniform on r + 1 … r + Q under either review, and stock at a week's end
    is that of L + 1 weeks before, less their demand: a continuous lead time of L + 1. So the starts are r + 1 … r + Q, and the weeks
    before the first possible arrival are not charged.

    Lost sales must be rare (P < 3 · 10⁻⁵ a week), and Q beyond any week's demand, for one order to be enough. Tolerance: 4 standard
    errors, themselves below 0.5 %, and 0.1 % for what is lost.
    """
    stockpyl = pytest.importorskip("stockpyl.rq")
    rate, quantity, n_weeks, first = 4.0, 20, 12, lead_weeks + 1
    expected = stockpyl.r_q_cost_poisson(point, quantity, holding_cost=1, stockout_cost=50, fixed_cost=8, demand_mean=rate, lead_time=lead_weeks + 1)
    paths, form = futures(sobol_demand(poisson(rate), n_weeks), lead_weeks).blocks, policy_form(n_weeks, **CLASSICAL)
    rates, weights = {"holding": 1.0, "lost_sales": 50.0, "fixed_order": 8.0}, weights_from(first, n_weeks)
    by_start = [
        score_candidates(form, np.array([[point, quantity]]), paths, terms(n_weeks=n_weeks, rates=rates, on_hand_units=start, discount=weights))[0]
        for start in range(point + 1, point + quantity + 1)
    ]
    mean, error = mean_and_error(np.mean(by_start, axis=0, dtype=np.float64))
    assert error < 0.005 * mean
    assert mean / (n_weeks - first) == pytest.approx(expected, abs=4 * error / (n_weeks - first) + 1e-3 * expected)


@pytest.mark.parametrize("weeks_covered", [1, 2, 3, 4, 6, 8, 12])
def test_constant_demand_costs_what_the_economic_order_quantity_says(weeks_covered):
    """EOQ with backorders at a stock-out fraction of 0: with constant demand and no lead time nothing ever waits or is lost.

    EOQ's stock falls evenly, ours is counted at the week's end: half a week's demand less. Exact (24 weeks = whole cycles).
    """
    stockpyl = pytest.importorskip("stockpyl.eoq")
    demand, holding, fixed, n_weeks = 10, 1.0, 80.0, 24
    quantity = weeks_covered * demand
    _, _, expected = stockpyl.economic_order_quantity_with_backorders(
        fixed_cost=fixed, holding_cost=holding, stockout_cost=1e6, demand_rate=demand, order_quantity=quantity, stockout_fraction=0
    )
    sku = terms(n_weeks=n_weeks, rates={"holding": holding, "lost_sales": 1e6, "fixed_order": fixed})
    cost = score_candidates(policy_form(n_weeks, **CLASSICAL), np.array([[0, quantity]]), futures(np.full((1, n_weeks), demand)).blocks, sku)
    assert cost[0, 0] / n_weeks + holding * demand / 2 == pytest.approx(expected, rel=1e-6)


def test_the_best_classical_policy_is_the_economic_order_quantity():
    """Q* = √(2·80·10/1) = 40 units, four weeks' demand: the cheapest of all whole quantities over 24 weeks."""
    stockpyl = pytest.importorskip("stockpyl.eoq")
    best, _, _ = stockpyl.economic_order_quantity_with_backorders(fixed_cost=80, holding_cost=1, stockout_cost=1e6, demand_rate=10)
    sku = terms(n_weeks=24, rates={"holding": 1.0, "lost_sales": 1e6, "fixed_order": 80.0})
    candidates = np.array([(point, quantity) for point in range(10) for quantity in range(1, 130)])
    cost = score_candidates(policy_form(24, **CLASSICAL), candidates, futures(np.full((1, 24), 10)).blocks, sku)[:, 0]
    assert candidates[cost.argmin()].tolist() == [0, round(best)] == [0, 40]


def test_hindsight_is_wagner_and_whitins_lot_sizing():
    """With perfect information, no lead time, nothing in stock and sales too dear to lose, the problem is Wagner and Whitin's: exact."""
    stockpyl = pytest.importorskip("stockpyl.wagner_whitin")
    rng = np.random.default_rng(4)
    demand = rng.integers(0, 60, (25, 12)) * (rng.random((25, 12)) < 0.8)
    demand[:, 0] = np.maximum(demand[:, 0], 1)
    sku = terms(n_weeks=12, rates={"holding": 2.0, "inbound": 3.0, "lost_sales": 1e5, "fixed_order": 150.0})
    bound = hindsight(futures(demand), sku).bound_eur
    expected = [stockpyl.wagner_whitin(12, holding_cost=2, fixed_cost=150, demand=row.tolist(), purchase_cost=3)[1] for row in demand]
    np.testing.assert_allclose(bound, expected, rtol=1e-12)


def test_hindsight_has_the_textbook_lot_sizes():
    """The example of stockpyl's documentation (Snyder and Shen): demand 90, 120, 80, 70; K = 500, h = 2: order 210 in week 1 and 150 in week 3, cost 1,380."""
    sku = terms(n_weeks=4, rates={"holding": 2.0, "lost_sales": 1e5, "fixed_order": 500.0})
    found = hindsight(futures(np.array([[90, 120, 80, 70]])), sku)
    assert found.bound_eur.tolist() == [1380.0]
    assert found.order_units.tolist() == [[210, 0, 150, 0]]
