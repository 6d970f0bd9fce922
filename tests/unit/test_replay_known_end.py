"""A known end: what lies beyond the last order and the last week neither arrives nor costs anything."""

import numpy as np
import pytest

from benchmarks.sku import example_vector
from domain.settings import Settings
from domain.vector_chunk import chunk_of
from simulation.kernels.chunks import sku_paths_at, sku_terms_at
from simulation.kpis import evaluate
from simulation.policies.protocol import policy_form
from simulation.replay.decisions import orders_today
from simulation.replay.known_end import End, to_known_end
from simulation.sampling.paths import Paths
from simulation.sku_terms import week_rates
from simulation.tuning import situation_of_many

NOTHING = np.zeros(0, dtype=np.int64)


def settings(**inventory):
    whole = Settings()
    simulation = whole.simulation.model_copy(update={"n_paths_optimize": 128})
    return whole.model_copy(update={"inventory": whole.inventory.model_copy(update={"policy": "base_stock", **inventory}), "simulation": simulation})


def situation():
    chosen = settings(terminal_markdown_share=0.5, lead_time_cv=0.5)
    vector = example_vector(3)._replace(unit_cost_eur=4.0, fixed_order_cost_eur=2.0, inbound_rate_eur_per_unit=0.5)
    return situation_of_many(chunk_of([vector]), chosen, seed=4)


def run(many, quantities, terms=None):
    chosen = sku_terms_at(many.terms, 0) if terms is None else terms
    return evaluate(policy_form(12, quantity_units=np.asarray(quantities)), NOTHING, Paths(sku_paths_at(many.paths, 0)), chosen)


@pytest.mark.parametrize(("n_orders", "n_weeks"), [(1, 1), (2, 5), (4, 8), (6, 8), (11, 12)])
def test_a_plan_costs_what_its_own_weeks_and_orders_cost(n_orders: int, n_weeks: int) -> None:
    orders = np.random.default_rng(n_weeks).integers(1, 9, 12)
    ended = run(to_known_end(situation(), End(n_orders, n_weeks)), orders)
    many = situation()
    terms = sku_terms_at(many.terms, 0)
    counted = np.where(np.arange(12) < n_weeks, 1.0, 0.0)
    rates = week_rates(terms.cost_rates_eur, counted)
    rates[n_weeks - 1, 0] += terms.cost_rates_eur[5]
    cut = run(many, np.where(np.arange(12) < n_orders, orders, 0), terms._replace(discount_weights=counted, week_rates_eur=rates))
    for term in ("holding", "outbound", "lost_sales"):
        assert ended.expected_cost_eur[term] == pytest.approx(cut.expected_cost_eur[term], rel=1e-6), term


def test_beyond_the_horizon_nothing_changes() -> None:
    many = situation()
    assert to_known_end(many, End(12, 12)) is many
    assert to_known_end(many, End(3, 13)) is many


@pytest.mark.parametrize("policy", ["look_ahead", "extended", "base_stock", "s_S", "newsvendor", "classical"])
def test_nobody_orders_what_arrives_after_the_end(policy: str) -> None:
    chosen = settings(lead_time_weeks=2.0, lead_time_cv=0.0, objective="mean")
    vector = example_vector(3)._replace(on_hand_units=0, inbound_units=np.zeros(12, np.int64))
    vector = vector._replace(unit_price_eur=10.0, unit_cost_eur=0.0, fixed_order_cost_eur=0.0)
    too_late, in_time = (orders_today([vector], {vector.merchant_id: chosen}, policy=policy, end=End(1, n_weeks), n_threads=1)[0] for n_weeks in (2, 3))
    assert in_time > 0
    assert too_late == 0
