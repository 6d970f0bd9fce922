"""The world of a replay and the simulation are the same machine: the same plan costs the same in both, unit by unit."""

import numpy as np
import pytest

from domain.stage_tables import HORIZON_WEEKS
from simulation.kernels.path_costs import COST_TERMS
from simulation.kpis import evaluate
from simulation.policies.protocol import policy_form
from simulation.replay.game import play
from simulation.replay.world import Shipments, WorldFacts, week_costs
from simulation.sampling.paths import paths_of
from tests.textbook.plain_sku import terms as plain_terms

RATES = {"holding": 0.2, "inbound": 0.5, "outbound": 0.25, "returns": 0.75, "lost_sales": 1.5, "overstock": 0.4, "fixed_order": 3.0}


@pytest.mark.parametrize("seed", range(6))
def test_a_plan_costs_the_same_in_both(seed: int) -> None:
    generator = np.random.default_rng(seed)
    share, weights = [0.0, 0.5, 1.0][seed % 3], [0.25, 0.125, 0.0625] if seed % 2 else []
    on_hand, inbound = int(generator.integers(0, 20)), generator.integers(0, 6, HORIZON_WEEKS)
    demand, orders = generator.poisson(5, HORIZON_WEEKS), generator.integers(0, 8, HORIZON_WEEKS)
    lead = generator.integers(0, 4, HORIZON_WEEKS)
    terms = plain_terms(n_weeks=HORIZON_WEEKS, rates=RATES, on_hand_units=on_hand, in_transit_units=inbound.sum(), return_weights=weights, share=share)
    paths = paths_of(demand[None], lead[None], np.zeros(1), inbound[None])
    simulated = evaluate(policy_form(HORIZON_WEEKS, quantity_units=orders), np.zeros(0, dtype=np.int64), paths, terms)

    week = np.arange(HORIZON_WEEKS)
    facts = WorldFacts(
        demand_units=demand[None],
        on_hand_units=np.array([on_hand]),
        in_transit=Shipments(np.zeros(HORIZON_WEEKS, np.int64), inbound, week, week),
        lead_time_weeks=lead[None],
        announced_lead_time_weeks=np.array([2]),
        returns_due_units=np.zeros((1, HORIZON_WEEKS)),
        return_weights=np.array([weights or [0.0]]),
        return_offset=np.zeros(1),
        inbound_share_before_demand=np.array([share]),
        cost_rates_eur=terms.cost_rates_eur[None],
    )
    played = play(facts, lambda seen: orders[[seen.epoch]], n_orders=HORIZON_WEEKS, shows_demand=True)
    costs = week_costs(played.journal, facts.cost_rates_eur)
    for term in COST_TERMS:
        assert costs[term].sum() == pytest.approx(simulated.expected_cost_eur[term], rel=1e-6), term
    assert played.journal.sold_units.sum() == simulated.expected["sold_units"]
