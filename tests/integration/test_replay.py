"""The game from a source: what it starts from, who knows what, what is refused, and that it is the same every time."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
import pytest

from assets.replay.replaying import order_rows, replay, weekly_figures
from assets.replay.terms import Play, ReplayTerms
from domain.errors import DataError, UsageError
from tests.replay_games import START, game_of, game_tables, noisy_units, quick_settings, shipment, terms_of
from tests.weekly_tables import tables_of, week, weekly_rows

UNITS = noisy_units(n_series=8)
POLICIES = ("look_ahead", "extended", "extended_on_hand", "classical", "base_stock", "s_S", "newsvendor", "order_nothing", "recorded", "hindsight")


def orders_of(tables: Mapping[str, pl.DataFrame], play: str = "look_ahead", **terms: Any) -> pl.DataFrame:
    game = game_of(dict(tables), terms_of(**terms))
    return order_rows(replay(game, Play(play, "mean")), game)


def test_every_policy_plays_and_none_is_cheaper_than_hindsight() -> None:
    game = game_of(game_tables(UNITS), terms_of())
    costs = {policy: replay(game, Play(policy, "mean")).total_cost_eur for policy in POLICIES}
    assert min(costs, key=lambda policy: costs[policy]) == "hindsight"
    assert costs["look_ahead"] < costs["order_nothing"]


def test_orders_arrive_the_lead_time_and_a_week_after_their_decision() -> None:
    rows = orders_of(game_tables(UNITS, lead_time_weeks=2.0))
    assert rows.height
    assert rows.select((pl.col("arrival_week") - pl.col("decision_week")).dt.total_days().unique()).to_series().to_list() == [21]
    assert rows.columns == ["decision_week", "merchant_id", "article_id", "order_quantity_units", "arrival_week"]
    assert rows["decision_week"].min() == week(START)
    assert rows["decision_week"].max() == week(START + 3)


def test_the_weeks_add_up() -> None:
    game = game_of(game_tables(UNITS), terms_of())
    played = replay(game, Play("default"))
    rows = weekly_figures(played, game.terms)
    assert [row["week"] for row in rows] == [week(START + 1 + index).isoformat() for index in range(6)]
    assert sum(row["cost_eur"] for row in rows) == pytest.approx(played.total_cost_eur)
    assert [row["demand_units"] for row in rows] == np.array(UNITS)[:, START + 1 : START + 7].sum(axis=0).tolist()
    assert played.fill_rate == sum(row["sold_units"] for row in rows) / sum(row["demand_units"] for row in rows)


def test_the_game_starts_from_the_latest_stock_and_what_is_in_transit() -> None:
    sunday = 7 * START + 6
    stock = [
        {"date": week(START) + dt.timedelta(days=days), "on_hand_units": units, "warehouse_id": warehouse}
        for warehouse, days, units in (("w", -3, 50), ("w", 6, 4), ("w", 8, 99), ("v", -20, 3))
    ]
    inbound = [
        shipment(1, ordered=sunday - 9, expected=sunday + 2, received=sunday + 16, units=7),
        shipment(2, ordered=sunday, expected=sunday + 9, received=None, units=5),
        shipment(3, ordered=sunday - 30, expected=sunday - 20, received=sunday - 20, units=100),
        shipment(4, ordered=sunday + 1, expected=sunday + 8, received=sunday + 8, units=100),
        shipment(5, ordered=sunday - 40, expected=sunday - 10, received=None, units=2),
    ]
    tables = game_tables([[0] * 40], stock_levels=[row | {"article_id": "a0"} for row in stock], inbound_shipments=inbound)
    played = replay(game_of(tables, terms_of()), Play("order_nothing"))
    journal = played.played.journal
    assert journal.received_units[:, 0].tolist() == [2, 5, 7, 0, 0, 0]
    assert journal.on_hand_units[:, 0].tolist() == [6, 11, 18, 18, 18, 18]  # warehouse v stopped reporting long before


def test_the_engine_plans_with_the_expected_arrival_and_the_world_delivers_when_it_was() -> None:
    sunday = 7 * START + 6
    late = [shipment(1, ordered=sunday - 1, expected=sunday + 1, received=sunday + 60, units=40)]
    never = [shipment(1, ordered=sunday - 1, expected=sunday + 1, received=None, units=40)]
    units = [[5] * 40]
    on_late, on_time = (orders_of(game_tables(units, inbound_shipments=rows), n_orders=1) for rows in (late, never))
    assert on_late.equals(on_time)


def test_recorded_orders_are_those_of_the_source_in_the_weeks_after_the_start() -> None:
    sunday = 7 * START + 6
    inbound = [
        shipment(1, ordered=sunday, expected=sunday + 8, received=sunday + 8, units=3),
        shipment(2, ordered=sunday + 7, expected=sunday + 14, received=sunday + 22, units=4),
        shipment(3, ordered=sunday + 30, expected=sunday + 36, received=sunday + 36, units=50),
    ]
    tables = game_tables([[1] * 40], inbound_shipments=inbound)
    game = game_of(tables, terms_of(n_orders=3))
    rows = order_rows(replay(game, Play("recorded")), game)
    assert rows.select("decision_week", "order_quantity_units", "arrival_week").rows() == [(week(START + 1), 4, week(START + 4))]


def test_known_demand_is_taken_from_the_truth_where_there_is_one() -> None:
    truth = pl.DataFrame({"merchant_id": "m", "article_id": "a0", "week": [week(START + 1), week(START + 3)], "demand_units": [9, 4]})
    game = game_of(game_tables([[2] * 40]), terms_of(), truth=truth)
    assert game.reality.facts.demand_units.tolist() == [[9, 0, 4, 0, 0, 0]]
    assert game.reality.drawn_demand_share == 0


def test_weeks_out_of_stock_are_drawn_at_least_as_large_as_their_sales() -> None:
    units = noisy_units(n_series=1)[0]
    rows = weekly_rows(units, article_id="a0")
    for index, (share, sales) in enumerate(((0.5, 3), (0.0, 0), (None, None), (1.0, 6)), start=START + 1):
        rows[index] |= {"available_share": share, "sales_units": sales}
    facts = game_of(game_tables([], weekly_sales=rows), terms_of()).reality
    demand = facts.facts.demand_units[0]
    assert facts.drawn_demand_share == pytest.approx(3 / 6)
    assert demand[0] >= 3
    assert demand[3:].tolist() == [6, *units[START + 5 : START + 7]]
    again = game_of(game_tables([], weekly_sales=list(reversed(rows))), terms_of()).reality.facts.demand_units[0]
    assert (again == demand).all()


def test_what_is_observed_changes_later_decisions_only_where_the_shelf_was_emptied() -> None:
    tables = game_tables([[12] * (START + 1) + [30] * 19])
    by_demand, by_sales = (orders_of(tables, observe=observe, n_orders=6, n_weeks=9, forecaster="moving_average") for observe in ("demand", "sales"))
    first = pl.col("decision_week") == week(START)
    assert by_demand.filter(first).equals(by_sales.filter(first))
    assert not by_demand.equals(by_sales)


def test_a_known_end_leaves_no_stock_that_a_rolling_horizon_would() -> None:
    tables = game_tables([[10] * 40, [6] * 40])
    left = {end: replay(game_of(tables, terms_of(n_orders=6, n_weeks=6, end=end)), Play("look_ahead", "mean")).played for end in ("known", "rolling")}
    assert left["known"].orders[-1].units.sum() == 0, "it would arrive after the end"
    assert left["rolling"].orders[-1].units.sum() > 0


def test_the_order_of_rows_and_the_number_of_threads_do_not_show() -> None:
    tables = game_tables(UNITS, lead_time_cv=0.5)
    shuffled = {name: frame.sample(fraction=1.0, shuffle=True, seed=1) for name, frame in tables.items()}
    terms = terms_of()
    settings = quick_settings()
    threaded = settings.model_copy(update={"simulation": settings.simulation.model_copy(update={"n_threads": 2})})
    games = [game_of(tables, terms), game_of(shuffled, terms), game_of(tables, terms, settings=threaded)]
    first, *others = (order_rows(replay(game, Play("look_ahead", "p75")), game).write_ndjson() for game in games)
    assert others == [first, first]


def later_changed(tables: Mapping[str, pl.DataFrame], last_seen: int) -> dict[str, pl.DataFrame]:
    """Everything that happens, or becomes known, after a week: other sales and stock, later arrivals, orders nobody has placed yet."""
    after = week(last_seen)
    arrived_later = pl.col("received_at").dt.date() > after + dt.timedelta(days=6)
    more = tables_of(inbound_shipments=[shipment(99, ordered=7 * last_seen + 7, expected=7 * last_seen + 10, received=7 * last_seen + 20, units=500)])
    return {
        **tables,
        "weekly_sales": tables["weekly_sales"].with_columns(
            sales_units=pl.when(pl.col("week") > after).then(pl.col("sales_units") * 7 + 1).otherwise("sales_units")
        ),
        "stock_levels": tables["stock_levels"].with_columns(
            on_hand_units=pl.when(pl.col("date") > after + dt.timedelta(days=6)).then(777).otherwise("on_hand_units").cast(pl.Int64)
        ),
        "inbound_shipments": pl.concat(
            [
                tables["inbound_shipments"].with_columns(
                    received_at=pl.when(arrived_later).then(pl.col("received_at") + dt.timedelta(weeks=4)).otherwise("received_at")
                ),
                more["inbound_shipments"],
            ]
        ),
    }


@pytest.mark.parametrize("policy", ["look_ahead", "extended", "newsvendor"])
@pytest.mark.parametrize("observe", ["demand", "sales"])
def test_no_order_depends_on_what_happens_after_its_decision(policy: str, observe: str) -> None:
    sunday = 7 * START + 6
    tables = game_tables(
        UNITS,
        stock_levels=[
            {"article_id": f"a{number}", "date": week(index) + dt.timedelta(days=6), "on_hand_units": 9} for number in range(8) for index in range(30)
        ],
        inbound_shipments=[shipment(1, ordered=sunday - 9, expected=sunday + 2, received=sunday + 10, units=7)],
    )
    as_it_was = orders_of(tables, policy, observe=observe)
    for seen in (START, START + 2):
        otherwise, known = orders_of(later_changed(tables, seen), policy, observe=observe), pl.col("decision_week") <= week(seen)
        assert otherwise.filter(known).write_ndjson() == as_it_was.filter(known).write_ndjson()
        assert not otherwise.equals(as_it_was), "what is seen later counts later"


BAD_TERMS: dict[str, tuple[ReplayTerms, str]] = {
    "a start without history": (ReplayTerms(week(0), 2, 5), "has no history"),
    "a start after the data": (ReplayTerms(week(60), 2, 5), "after the data"),
    "weeks beyond the data": (ReplayTerms(week(38), 2, 5), "reaches beyond the data"),
    "an order that arrives after the data ends": (ReplayTerms(week(35), 3, 3), "reaches beyond the data"),
    "more orders than weeks": (ReplayTerms(week(START), 5, 4), "do not fit"),
    "a start that is no Monday": (ReplayTerms(week(START) + dt.timedelta(days=1), 2, 5), "not a Monday"),
    "a share above one": (ReplayTerms(week(START), 2, 5, inbound_share_before_demand=1.5), "not a share"),
    "an unknown forecaster": (ReplayTerms(week(START), 2, 5, forecaster="oracle"), "forecaster is unknown"),
}


@pytest.mark.parametrize("case", BAD_TERMS)
def test_a_game_that_cannot_be_played_is_refused(case: str) -> None:
    terms, message = BAD_TERMS[case]
    with pytest.raises(UsageError, match=message):
        game_of(game_tables([[3] * 39]), terms)


def test_missing_costs_and_unknown_policies_are_refused() -> None:
    tables = game_tables([[3] * 40])
    with pytest.raises(DataError, match="no cost of holding stock"):
        game_of(tables | {"cost_rates": tables["cost_rates"].clear()}, terms_of())
    game = game_of(tables, terms_of())
    with pytest.raises(UsageError, match="policy is unknown"):
        replay(game, Play("magic"))


def test_without_merchants_the_documented_defaults_hold() -> None:
    tables = game_tables([[3] * 40], merchants=[])
    game = game_of(tables, terms_of(n_orders=1))
    assert game.reality.facts.announced_lead_time_weeks.tolist() == [2]
    assert {"lead_time_weeks", "on_hand_units", "lead_time_cv"} <= {default.name for default in game.opening.defaults}


def test_contradictions_are_counted_not_refused() -> None:
    sunday = 7 * START + 6
    stock = [
        {"article_id": "a0", "date": week(index) + dt.timedelta(days=6), "on_hand_units": units}
        for index, units in ((START - 2, 10), (START - 1, 7), (START, 50))
    ]
    inbound = [shipment(k, ordered=sunday - 10 + k, expected=sunday + 3, received=sunday + 3, units=1) for k in range(3)]
    game = game_of(game_tables([[3] * 40], stock_levels=stock, inbound_shipments=inbound), terms_of())
    assert game.contradictions == {"stock_levels": 1, "overlapping_shipments": 2}


def test_the_champion_is_trained_once_or_every_week_on_what_was_known_then() -> None:
    tables, played = game_tables(noisy_units(n_series=20)), {}
    for retrain in ("once", "weekly"):
        played[retrain] = orders_of(tables, "base_stock", n_orders=3, forecaster="champion", retrain=retrain)
    first = pl.col("decision_week") == week(START)
    assert played["once"].filter(first).equals(played["weekly"].filter(first))
    changed = orders_of(later_changed(tables, START + 1), "base_stock", n_orders=3, forecaster="champion", retrain="weekly")
    known = pl.col("decision_week") <= week(START + 1)
    assert changed.filter(known).write_ndjson() == played["weekly"].filter(known).write_ndjson()
    assert not changed.equals(played["weekly"])
