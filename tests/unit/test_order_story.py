"""The words of a story: what a merchant would misread is said otherwise."""

import re

import pytest

from benchmarks.sku import example_vector
from cli.order_page import check_page_name
from cli.order_story import Yesterday, story_text, tell_story
from domain.errors import UsageError
from domain.settings import InventorySettings, OptimizerSettings, Settings, SimulationSettings
from simulation.order_changes import Inputs

FAST = Settings(simulation=SimulationSettings(n_paths_optimize=60, n_paths_evaluate=200), optimizer=OptimizerSettings(evaluation_budget=40))
VECTOR = example_vector(3)


def text_of(*, vector=VECTOR, yesterday=None, **inventory: object) -> str:
    settings = FAST.model_copy(update={"inventory": InventorySettings(**inventory)})  # type: ignore[arg-type]
    return story_text(tell_story(Inputs(vector, settings), yesterday=yesterday or Yesterday(None, "the source begins today")))


def test_an_order_its_value_and_why_the_day_before_is_unknown() -> None:
    text = text_of()
    (units, value) = re.findall(r"ORDER ([\d,]+) UNITS NOW, worth ([\d,.]+) EUR", text)[0]
    assert float(value.replace(",", "")) == pytest.approx(int(units) * VECTOR.unit_value_eur, abs=0.01)
    assert "not known: the source begins today" in text
    assert "budget" not in text


def test_no_order_is_said_in_words() -> None:
    assert "ORDER NOTHING NOW" in text_of(vector=VECTOR._replace(on_hand_units=5_000))


def test_an_unchanged_order_is_said_to_be_one() -> None:
    assert "nothing: the order is still" in text_of(yesterday=Yesterday(Inputs(VECTOR, FAST), ""))


def test_causes_of_a_change_are_named_with_their_units() -> None:
    text = text_of(yesterday=Yesterday(Inputs(VECTOR._replace(on_hand_units=VECTOR.on_hand_units + 40), FAST), ""))
    assert re.search(r"stock on hand, on its way and coming back +[+-]\d+ units", text)


@pytest.mark.parametrize(("policy", "words"), [("base_stock", "what is missing to"), ("look_ahead", "what is missing to"), ("extended", "falls to")])
def test_later_orders_are_told_in_words(policy: str, words: str) -> None:
    assert words in text_of(policy=policy)


def test_a_budget_and_a_price_below_cost_are_not_passed_over() -> None:
    text = text_of(vector=VECTOR._replace(unit_price_eur=1.0, unit_cost_eur=2.0), budget_eur_per_week=500.0)
    assert "budget of 500 EUR a week" in text
    assert "the price (1.00) is below the cost (2.00)" in text


def test_every_number_of_an_alternative_carries_its_error() -> None:
    lines = [line for line in text_of().splitlines() if "never order again" in line or "one pack more" in line]
    assert len(lines) == 2
    assert all(" ± " in line for line in lines)


def test_a_page_is_html_or_png() -> None:
    check_page_name("order.html")
    check_page_name(None)
    with pytest.raises(UsageError, match="ending nobody can write"):
        check_page_name("order.pdf")
