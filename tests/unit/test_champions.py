from datetime import date

import numpy as np
import polars as pl
import pytest

from domain.forecast_tables import CANDIDATES, Champions, HeldOut
from domain.quantiles import QUANTILE_COLUMNS
from domain.settings import ChampionSettings, ForecastSettings, Settings
from ml.champions import crown_champions, decide_champions, sample_losses
from ml.evaluation.baselines import BASELINES
from ml.evaluation.histories import histories_of
from ml.forecasting.ended import MODEL as ENDED
from ml.pipeline import forecast_from_tables
from ml.preprocessing import build_weekly_demand
from ml.transformation.panel import panels
from tests.weekly_tables import panel_tables, week

RULES = ChampionSettings()
SETTINGS = Settings(forecast=ForecastSettings(n_training_rows=2_000, min_training_rows=10**9, n_threads=1))


def held_out(
    *, better_by: float, noise: float = 0.3, n_series: int = 200, n_cutoffs: int = 4, segment: str = "smooth", large_series_worse: bool = False
) -> pl.DataFrame:
    """Losses in which theta is better than the models by a share, and all others are 10 % worse."""
    generator = np.random.default_rng(8)
    rows = []
    for series in range(n_series):
        scale = 10_000.0 if large_series_worse and series == 0 else 10.0
        for cutoff in range(n_cutoffs):
            models = 12 * scale * generator.uniform(0.5, 1.5)
            share = -1.0 if scale > 10 else better_by
            losses = {f"{name}_loss_units": 1.1 * models for name in CANDIDATES} | {"lightgbm_loss_units": models}
            losses["theta_loss_units"] = max(models * (1 - share + noise * generator.normal()), 0.0)
            key = {"merchant_id": "m", "article_id": f"{segment}-{series:04d}", "cutoff": date.fromordinal(date(2026, 1, 5).toordinal() + 7 * cutoff)}
            rows.append(key | losses | {"segment": segment, "n_weeks": 12, "actual_units": 100, "scale_units": scale, "pit_below": [], "pit_upto": []})
    return pl.DataFrame(rows, schema=HeldOut.create_empty().schema)  # several partitions of the table, one below the other


def champion(frame: pl.DataFrame, segment: str = "smooth") -> tuple[str, str]:
    """Who won, and why theta did or did not."""
    own = frame.filter(pl.col("segment") == segment)
    assert own["is_champion"].sum() == 1
    assert own["candidate"].to_list() == list(CANDIDATES)
    return own.filter(pl.col("is_champion"))["candidate"].item(), own.filter(pl.col("candidate") == "theta")["reason"].item()


@pytest.mark.parametrize(
    ("world", "winner", "reason"),
    [
        ({"better_by": 0.3}, "theta", "better, and significantly so"),
        ({"better_by": 0.1}, "lightgbm", "not 15% better"),
        ({"better_by": 0.3, "noise": 1.0, "n_series": 30}, "lightgbm", "better, but not significantly"),
        ({"better_by": 0.3, "n_cutoffs": 2}, "lightgbm", "better, but only 2 of 3 cutoffs judged"),
        ({"better_by": 0.3, "n_series": 29}, "lightgbm", "better, but only 29 of 30 series"),
        ({"better_by": 0.3, "large_series_worse": True}, "lightgbm", "better, but worse in units"),
    ],
)
def test_a_challenger_must_be_clearly_and_significantly_better(world, winner: str, reason: str) -> None:
    assert champion(decide_champions([held_out(**world)], RULES)) == (winner, reason)


def test_each_segment_is_decided_by_itself_and_the_figures_stand_beside_it() -> None:
    decided = decide_champions([held_out(better_by=0.3), held_out(better_by=0.0, segment="lumpy")], RULES)
    assert champion(decided, "smooth")[0] == "theta"
    assert champion(decided, "lumpy")[0] == "lightgbm"
    theta = decided.filter(pl.col("segment") == "smooth", pl.col("candidate") == "theta").row(0, named=True)
    assert theta["improvement"] == pytest.approx(0.3, abs=0.03)
    assert theta["p_value"] < 1e-6
    assert (theta["n_series"], theta["n_cutoffs"], theta["last_cutoff"]) == (200, 4, date(2026, 1, 26))


def test_a_challenger_that_is_no_better_wins_hardly_ever() -> None:
    won = 0
    for seed in range(40):
        generator = np.random.default_rng(seed)
        rows = held_out(better_by=0.0, n_series=40).with_columns(theta_loss_units=pl.Series(generator.uniform(10, 230, 160)))
        won += champion(decide_champions([rows], ChampionSettings(minimum_improvement=0.0)))[0] == "theta"
    assert won <= 2


def test_shards_and_the_order_of_rows_change_nothing() -> None:
    whole = pl.concat([held_out(better_by=0.2), held_out(better_by=0.0, segment="lumpy")])
    shuffled = whole.sample(fraction=1.0, shuffle=True, seed=1)
    assert decide_champions([sample_losses([shuffled[start::3]]) for start in range(3)], RULES).equals(decide_champions([whole], RULES))


def test_nothing_held_out_nothing_decided() -> None:
    assert decide_champions([], RULES).is_empty()
    unjudged = held_out(better_by=0.3).with_columns(n_weeks=pl.lit(0, pl.Int64))
    assert decide_champions([unjudged], RULES).is_empty()


def test_a_series_that_not_all_could_forecast_compares_nobody() -> None:
    whole = held_out(better_by=0.3)
    lost = whole.with_columns(croston_tsb_loss_units=pl.when(pl.col("article_id") == "smooth-0007").then(None).otherwise("croston_tsb_loss_units"))
    assert decide_champions([lost], RULES)["n_series"].unique().to_list() == [199]


def test_the_champion_forecasts_its_segment_and_no_other() -> None:
    tables = panel_tables(n_series=24, n_weeks=70)
    demand = build_weekly_demand(tables, cutoff=week(57), history_weeks=156)
    forecast = forecast_from_tables(tables, cutoff=week(57), settings=SETTINGS).drop("flags")
    segment = forecast["segment"].mode().sort()[0]
    champions = decide_champions([held_out(better_by=0.3, segment=segment)], RULES)
    crowned = crown_champions(forecast, demand, champions, cutoff=week(57), history_weeks=156)
    assert crowned.filter(pl.col("segment") != segment).equals(forecast.filter(pl.col("segment") != segment))
    own = crowned.filter(pl.col("segment") == segment)
    assert own["model"].unique().to_list() == ["theta"]
    assert own.select("merchant_id", "article_id", "week").equals(forecast.filter(pl.col("segment") == segment).select("merchant_id", "article_id", "week"))
    (panel,) = panels(demand, cutoff=week(57))
    keys, units = histories_of(panel, n_weeks=156)
    place = keys.with_row_index().join(own.head(1), on=["merchant_id", "article_id"])["index"].item()
    np.testing.assert_array_equal(own.head(12).select(QUANTILE_COLUMNS).to_numpy(), BASELINES["theta"](units, 12)[place])


def test_a_challenger_takes_no_article_that_has_ended_or_never_sold() -> None:
    tables = panel_tables(n_series=24, n_weeks=70)
    demand = build_weekly_demand(tables, cutoff=week(57), history_weeks=156)
    forecast = forecast_from_tables(tables, cutoff=week(57), settings=SETTINGS).drop("flags")
    segment = forecast["segment"].mode().sort()[0]
    of_segment = forecast.filter(pl.col("segment") == segment)
    ended, unsold = of_segment["article_id"][0], "unsold"
    marked = forecast.with_columns(model=pl.when(pl.col("article_id") == ended).then(pl.lit(ENDED)).otherwise("model"))
    stranger = of_segment.head(12).with_columns(article_id=pl.lit(unsold), model=pl.lit("analogue"))
    everything = pl.concat([marked, stranger]).sort("merchant_id", "article_id", "week")
    champions = decide_champions([held_out(better_by=0.3, segment=segment)], RULES)
    crowned = crown_champions(everything, demand, champions, cutoff=week(57), history_weeks=156)
    kept = pl.col("article_id").is_in([ended, unsold])
    assert crowned.filter(kept).equals(everything.filter(kept))
    assert crowned.select("merchant_id", "article_id", "week").equals(everything.select("merchant_id", "article_id", "week"))
    assert "theta" in crowned["model"]


def test_without_a_challenger_that_won_the_forecast_is_the_models() -> None:
    tables = panel_tables(n_series=6, n_weeks=40)
    demand = build_weekly_demand(tables, cutoff=week(39), history_weeks=156)
    forecast = forecast_from_tables(tables, cutoff=week(39), settings=SETTINGS).drop("flags")
    assert crown_champions(forecast, demand, Champions.create_empty(), cutoff=week(39), history_weeks=156).equals(forecast)
