from datetime import date

import polars as pl
import pytest

from domain.forecast_tables import CANDIDATES, Champions, HeldOut
from domain.settings import ChampionSettings, ForecastSettings
from ml.champions import decide_champions
from ml.champions.model_card import card_markdown, describe_models
from ml.forecasting import train_models
from ml.preprocessing import build_weekly_demand
from ml.transformation import build_training_sample
from tests.weekly_tables import panel_tables, week

VERSIONS = {"model_version": "aaaa", "code_version": "bbbb", "settings_hash": "cccc", "training_data_hash": "dddd"}
CUTOFF = week(69)


def held_out(n_series: int, *, first: int = 0) -> pl.DataFrame:
    rows = [
        dict.fromkeys((f"{candidate}_loss_units" for candidate in CANDIDATES), 2.0)
        | {"merchant_id": "m", "article_id": f"a{number:03d}", "cutoff": week(57), "segment": "smooth", "n_weeks": 12, "actual_units": 10, "scale_units": 1.0}
        | {"lightgbm_loss_units": 1.0, "theta_loss_units": 1.5, "pit_below": [], "pit_upto": []}
        for number in range(first, first + n_series)
    ]
    return pl.DataFrame(rows, schema=HeldOut.create_empty().schema)


@pytest.fixture(scope="module")
def models() -> pl.DataFrame:
    settings = ForecastSettings(n_training_rows=2_000, n_trees=3, n_leaves=4, n_threads=1)
    demand = build_weekly_demand(panel_tables(n_series=30, n_weeks=70), cutoff=CUTOFF, history_weeks=156)
    return train_models(build_training_sample(demand, cutoff=CUTOFF, settings=settings), settings=settings)


def test_the_card_says_what_was_learnt_and_how_the_version_before_fared(models: pl.DataFrame) -> None:
    card = describe_models(models, [held_out(3), held_out(2, first=3)], Champions.create_empty(), cutoff=CUTOFF, versions=VERSIONS)
    row = card.row(0, named=True)
    assert (row["n_training_rows"], row["n_boosters"], len(row["feature_names"])) == (2_000, 9, len(models["feature_names"][0]))
    assert (row["held_out_cutoff"], row["n_held_out_series"]) == (week(57), 5)
    assert row["held_out_scaled_crps"] == pytest.approx(2 * 5 / 50)
    assert (row["best_challenger"], row["best_challenger_scaled_crps"]) == ("theta", pytest.approx(0.3))
    text = card_markdown(card)
    assert all(part in text for part in ("version aaaa", "2,000 rows", "scaled CRPS 0.2000", "theta 0.3000", "challenger:** none"))


def test_a_market_too_small_to_learn_from_has_a_card_too() -> None:
    card = describe_models(pl.DataFrame(), [], Champions.create_empty(), cutoff=CUTOFF, versions=VERSIONS)
    assert (card["n_boosters"].item(), card["held_out_scaled_crps"].item()) == (0, None)
    assert "No forecast of 12 weeks ago" in card_markdown(card)


def test_segments_of_challengers_stand_on_the_card(models: pl.DataFrame) -> None:
    better = held_out(40).with_columns(theta_loss_units=pl.Series([0.5 + 0.001 * number for number in range(40)]))
    weeks = [better.with_columns(cutoff=pl.lit(date(2026, 1, 5 + 7 * at))) for at in range(3)]
    card = describe_models(models, [], decide_champions(weeks, ChampionSettings()), cutoff=CUTOFF, versions=VERSIONS)
    assert card["segments_of_challengers"].to_list() == [["smooth: theta"]]


def test_shards_and_the_order_of_rows_change_nothing(models: pl.DataFrame) -> None:
    whole = held_out(9)
    parts = [whole[5:], whole[:5].reverse()]
    cards = [describe_models(models, held, Champions.create_empty(), cutoff=CUTOFF, versions=VERSIONS) for held in ([whole], parts)]
    assert cards[0].equals(cards[1])
