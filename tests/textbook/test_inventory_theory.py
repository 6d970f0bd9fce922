"""Closed forms and hand calculations the engine must reproduce (method §8)."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import norm, poisson

from simulation.costs import objective_values
from simulation.kernels.path_costs import COST_TERMS, evaluate_paths, score_candidates
from simulation.optimizers.pattern_search import PatternSearch
from simulation.optimizers.protocol import SearchSpace, minimize
from simulation.policies.protocol import policy_form
from simulation.sampling.paths import paths_of
from tests.reference.random_cases import EXTENDED
from tests.reference.test_naive_simulation import flows_of
from tests.textbook.plain_sku import ONE_BY_ONE, base_stock, no_lead_time, stratified, terms


def newsvendor():
    """One week, no lead time, order up to S. 1 simulated unit = 0.01 of the textbook's, so costs per unit are a hundredth."""
    demand = np.round(100 * stratified(norm(120, 10).ppf, 4000)).astype(np.int64)[None, :]
    sku, paths = terms(n_weeks=1, rates={"holding": 2 / 100, "lost_sales": 18 / 100}), no_lead_time(demand)

    def score(candidates):
        return objective_values(score_candidates(base_stock(1), candidates, paths, sku), "mean")

    space = SearchSpace(*(np.array([value]) for value in (0, 20_000, 1, 1024)))
    return minimize(PatternSearch(space, np.array([[0], [12_000]]), budget=200), score)


def test_newsvendor_has_the_textbook_optimum():
    """S* = 132.8155, cost 35.0997 (h = 2, p = 18, N(120, 10²)).

    Tolerance: 4,000 strata leave the upper tail 0.02 % short of cost; the cost is flat in S to a few hundredths.
    """
    best = newsvendor()
    assert best.theta[0] / 100 == pytest.approx(132.8155, abs=0.02)
    assert best.score == pytest.approx(35.0997, rel=5e-4)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::SyntaxWarning", "ignore::FutureWarning")
def test_newsvendor_agrees_with_stockpyl():
    stockpyl = pytest.importorskip("stockpyl.newsvendor")
    level, cost = stockpyl.newsvendor_normal(holding_cost=2, stockout_cost=18, demand_mean=120, demand_sd=10)
    best = newsvendor()
    assert best.theta[0] / 100 == pytest.approx(level, abs=0.02)
    assert best.score == pytest.approx(cost, rel=5e-4)


def test_poisson_base_stock_without_lead_time_is_exact():
    """Every week starts at S, so a week costs h·E(S − D)⁺ + p·E(D − S)⁺ exactly; twelve weeks, D ~ Poisson(6).

    Each week's 20,000 demands are the strata of the distribution in a different order: their frequencies are exact to 1/20,000.
    """
    rate, holding, lost, level, n_paths = 6.0, 1.0, 9.0, 9, 20_000
    rng = np.random.default_rng(0)
    demand = np.stack([rng.permutation(stratified(poisson(rate).ppf, n_paths)) for _ in range(12)]).astype(np.int64)
    sku = terms(n_weeks=12, rates={"holding": holding, "lost_sales": lost})
    levels = np.arange(4, 15)[:, None]
    simulated = score_candidates(base_stock(12), levels, no_lead_time(demand), sku).mean(axis=1, dtype=float)

    support = np.arange(80)
    probability = poisson(rate).pmf(support)

    def exact(stock):
        return 12 * float(probability @ (holding * np.maximum(stock - support, 0) + lost * np.maximum(support - stock, 0)))

    np.testing.assert_allclose(simulated, [exact(stock) for stock in levels[:, 0]], rtol=2e-3)
    assert int(levels[simulated.argmin(), 0]) == level == poisson(rate).ppf(lost / (lost + holding))


def test_lost_sales_chain_with_half_a_week_of_delay_is_exact():
    """L = 0 and share 0: an order arrives after its week's demand, so the stock at an epoch is a small Markov chain.

    Base-stock S = 2, weekly demand 0 or 2 with probability ½ each, start at 2. An order fills the position to 2 at
    once and arrives after demand, so stock at the next epoch is stock + (2 − stock) − sold = 2 − sold.
    State x = stock at the epoch (2 or 0). From 2: demand 2 sells 2 → 0, demand 0 → 2. From 0: demand 2 is lost, → 2 either way.
    P(x_j = 2) = p_j with p_0 = 1, p_{j+1} = p_j/2 + (1 − p_j) = 1 − p_j/2. Lost in week j: 2 · ½ · (1 − p_j).
    Over 6 weeks: p = 1, ½, ¾, ⅝, 11/16, 21/32 and Σ(1 − p) = 0 + ½ + ¼ + ⅜ + 5/16 + 11/32 = 57/32 units lost.
    """
    demand = np.array(np.meshgrid(*[[0, 2]] * 6)).reshape(6, 64)
    sku = terms(n_weeks=6, rates={"lost_sales": 1.0}, on_hand_units=2, share=0.0)
    cost = score_candidates(base_stock(6), np.array([[2]]), no_lead_time(demand), sku)
    assert cost.mean() == 57 / 32


def test_four_weeks_by_hand():
    """Every number of a 4-week path, worked out on paper.

    Start: 10 on hand, 6 in transit for week 1. Extended: t₀ = 0, Q₀ = 7 → packs of 4 → 8; s = 10, Q = 5 → 8; t_limit = 2; R = 1.
    Lead times of epochs 0 … 3: 1, 2, 0, 0. Half of arrivals and returns before demand. Returns ¼ after 1 week, ¼ after 2; offset ½.

    week       0                    1                      2                          3
    epoch      order 8 (week 1)     6 + 14 = 20 > 10       10 + 0 ≤ 10: 8 (week 2)    after t_limit
    C          0                    4/4 = 1                1 + 11/4 + 4/4 = 4.75      4.75 + 9/4 + 11/4 = 9.75
    returned   ⌊0.5⌋ = 0            ⌊1.5⌋ − 0 = 1          ⌊5.25⌋ − 1 = 4             ⌊10.25⌋ − 5 = 5
    arrived    0                    6 + 8 = 14             8                          0
    early      0                    ⌊7.5 + ½⌋ = 8          ⌊6 + ½⌋ = 6                ⌊2.5 + ½⌋ = 3
    sold       4 of 10 (demand 4)   11 of 14 (demand 11)   9 of 16 (demand 9)         16 of 16 (demand 17: 1 lost)
    end        6                    3 + 7 = 10             7 + 6 = 13                 0 + 2 = 2
    """
    sku = terms(
        n_weeks=4,
        rates={"holding": 1.0, "inbound": 2.0, "outbound": 3.0, "returns": 4.0, "lost_sales": 5.0, "overstock": 6.0, "fixed_order": 7.0},
        on_hand_units=10,
        in_transit_units=6,
        return_weights=(0.25, 0.25),
        orders=ONE_BY_ONE._replace(pack_units=np.float32(4)),
        share=0.5,
        discount=np.array([1.0, 0.5, 0.25, 0.125]),
    )
    demand, lead_time, inbound = np.array([[4, 11, 9, 17]]), np.array([[1, 2, 0, 0]]), np.array([[0, 6, 0, 0]])
    paths, theta = paths_of(demand, lead_time, np.array([0.5]), inbound), np.array([0, 7, 10, 5, 2])
    case = SimpleNamespace(demand=demand, paths=paths, form=policy_form(4, **EXTENDED), theta=theta, terms=sku)
    flows = {name: units.ravel().tolist() for name, units in flows_of(case).items()}
    assert flows["ordered"] == [8, 0, 8, 0]
    assert flows["received"] == [0, 14, 8, 0]
    assert flows["returned"] == [0, 1, 4, 5]
    assert flows["sold"] == [4, 11, 9, 16]
    assert flows["end"] == [6, 10, 13, 2]
    cost = dict(zip(COST_TERMS, evaluate_paths(case.form, theta, paths.blocks, sku)[0].ravel().tolist(), strict=True))
    assert cost == {
        "holding": 6 + 10 / 2 + 13 / 4 + 2 / 8,
        "inbound": 2 * (8 + 8 / 4),
        "outbound": 3 * (4 + 11 / 2 + 9 / 4 + 16 / 8),
        "returns": 4 * (0 + 1 / 2 + 4 / 4 + 5 / 8),
        "lost_sales": 5 * (1 / 8),
        "overstock": 6 * (2 / 8),
        "fixed_order": 7 * (1 + 1 / 4),
    }
