"""The market's stock kernel and its slow twin agree to the unit."""

import numpy as np
import pytest

from sources.market.kernels.stock import Habits, Opening, Sundays, Wishes, operate
from tests.reference.naive_market_stock import operate_slowly


def random_case(seed: int) -> tuple[Wishes, Opening, Sundays, Habits]:
    draw = np.random.default_rng(seed)
    n_lanes, n_days = int(draw.integers(1, 5)), int(draw.integers(1, 60))
    n_weeks = -(-n_days // 7)
    units = draw.poisson(draw.uniform(0.1, 2.0, (n_lanes, 1)), (n_lanes, n_days)).astype(np.int32)
    per_lane = units.sum(axis=1)
    launch = 7 * draw.integers(0, n_weeks, n_lanes)
    pack = draw.integers(1, 7, n_lanes)
    return (
        Wishes(units, (draw.integers(1, 30, per_lane.sum()) * (draw.random(per_lane.sum()) < 0.4)).astype(np.int16), np.cumsum(per_lane) - per_lane),
        Opening(launch, launch - 20, draw.integers(1, 20, n_lanes), draw.uniform(0.02, 10.0, n_lanes)),
        Sundays(
            (draw.uniform(0.0, 6.0, (n_lanes, n_weeks)) * (draw.random((n_lanes, n_weeks)) < 0.8)).astype(np.float32),
            draw.poisson(0.3, (n_lanes, n_weeks)).astype(np.int32),
            draw.integers(4, 30, (n_lanes, n_weeks)).astype(np.int16),
        ),
        Habits(
            smoothing=float(draw.uniform(0.1, 0.5)),
            reaction=float(draw.uniform(0.0, 1.0)),
            trigger_share=float(draw.uniform(0.5, 1.0)),
            corrects_stock_outs=bool(draw.random() < 0.5),
            budget_eur=float(draw.choice([np.inf, 60.0])),
            expected_days=int(draw.integers(4, 20)),
            order_of_attention=draw.permutation(n_lanes),
            unit_cost_eur=draw.uniform(1.0, 9.0, n_lanes),
            pack_size_units=pack,
            minimum_order_quantity_units=pack * draw.integers(1, 3, n_lanes),
        ),
    )


@pytest.mark.parametrize("seed", range(40))
def test_the_kernel_does_what_its_slow_twin_does(seed: int) -> None:
    case = random_case(seed)
    fast, slow = operate(*case), operate_slowly(*case)
    for lane, day in np.ndindex(fast.sold.shape):
        assert fast.sold[lane, day] == slow.sold[lane, day]
        assert fast.on_hand[lane, day] == slow.on_hand[lane, day]
    assert sorted(map(tuple, fast.shipments.tolist())) == sorted(slow.shipments)
    assert sorted(map(tuple, fast.returns.tolist())) == sorted(slow.returns)


def test_the_cases_reach_stock_outs_budgets_returns_and_bulk_buys() -> None:
    cases = [random_case(seed) for seed in range(40)]
    journals = [operate(*case) for case in cases]
    assert any((journal.sold < case[0].units).any() for case, journal in zip(cases, journals, strict=True))
    assert any(np.isfinite(case[3].budget_eur) for case in cases)
    assert all(journal.returns.size for journal in journals[:5])
    assert any(case[2].planned_units.any() for case in cases)
    rich = [operate(*case[:3], case[3]._replace(budget_eur=np.inf)) for case in cases]
    assert any(journal.shipments.shape != other.shipments.shape for journal, other in zip(journals, rich, strict=True))
