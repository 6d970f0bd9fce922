from datetime import date

import numpy as np
import pytest

from domain.settings import DriftSettings
from quality.drift.distributions import kolmogorov_smirnov, noise_of_index, population_stability_index
from quality.drift.history import DriftCheck, Figures, judge

WEEK = date(2026, 8, 3)
RULES = DriftSettings()
QUIET = [0.10, 0.11, 0.09, 0.10, 0.12, 0.08] * 4
SHARE = DriftCheck("share", 0.15, "share")


def verdict(values: list[float], check: DriftCheck = SHARE, **more: object) -> dict[str, object]:
    return judge([Figures(check, "market", values, **more)], on=WEEK, settings=RULES).row(0, named=True)  # type: ignore[arg-type]


def test_what_is_usual_passes_and_what_is_not_is_breached_with_the_figures() -> None:
    assert not verdict([*QUIET, 0.14])["is_breached"]
    row = verdict([*QUIET, 0.4])
    assert row["is_breached"]
    assert row["reference"] == pytest.approx(0.1)
    assert "0.4" in str(row["evidence"])


def test_a_figure_that_never_moves_needs_a_size_that_matters() -> None:
    assert not verdict([0.0] * 20 + [0.14])["is_breached"]
    assert verdict([0.0] * 20 + [0.16])["is_breached"]


def test_a_habit_of_the_source_is_no_news() -> None:
    monthly = [0.0, 0.0, 0.0, 1.0] * 6
    assert not verdict([*monthly, 1.0])["is_breached"]


def test_one_odd_week_of_the_past_hides_nothing() -> None:
    assert verdict([*QUIET[:20], 5.0, *QUIET[:3], 0.4])["is_breached"]


def test_too_short_a_past_and_a_figure_that_is_no_number_have_no_verdict() -> None:
    found = judge([Figures(SHARE, "market", [0.1] * 11 + [9.0]), Figures(SHARE, "all", [0.1] * 30 + [float("nan")])], on=WEEK, settings=RULES)
    assert found.is_empty()


@pytest.mark.parametrize(
    ("side", "value", "is_breached"),
    [
        ("change", -0.6, True),
        ("change", 0.6, True),
        ("rise", -0.6, False),
        ("rise", 0.6, True),
        ("fall", -0.6, True),
        ("fall", 0.6, False),
        ("level", -0.6, False),
    ],
)
def test_sides(side: str, value: float, is_breached: bool) -> None:
    wave = [0.02 * (number % 5 - 2) for number in range(26)]
    assert verdict([*wave, value], DriftCheck("level", 0.35, "level", side))["is_breached"] is is_breached  # type: ignore[arg-type]


def test_last_years_season_widens_the_limit_on_its_side_only() -> None:
    check = DriftCheck("level", 0.35, "level", "change")
    wave = [0.02 * (number % 5 - 2) for number in range(26)]
    assert verdict([*wave, -0.6], check)["is_breached"]
    assert not verdict([*wave, -0.6], check, a_year_ago=[-0.5])["is_breached"]
    assert verdict([*wave, 0.6], check, a_year_ago=[-0.5])["is_breached"]


def test_a_small_sample_widens_the_limit() -> None:
    assert verdict([*QUIET, 0.3])["is_breached"]
    assert not verdict([*QUIET, 0.3], noise=0.06)["is_breached"]


def test_an_accepted_week_is_shown_and_blocks_nothing() -> None:
    blocking = DriftCheck("feed", 0.1, "share", is_blocking=True)
    figures = Figures(blocking, "merchant m", [0.0] * 20 + [0.9])
    accepted = RULES.model_copy(update={"accepted_weeks": (WEEK,)})
    rows = [judge([figures], on=WEEK, settings=settings).row(0, named=True) for settings in (RULES, accepted)]
    assert [row["is_breached"] for row in rows] == [True, True]
    assert [row["is_blocking"] for row in rows] == [True, False]


def test_stability_index_against_the_sum_it_is_defined_by() -> None:
    counts, reference = np.array([900.0, 100.0]), np.array([5_000.0, 5_000.0])
    plain = (0.9 - 0.5) * np.log(0.9 / 0.5) + (0.1 - 0.5) * np.log(0.1 / 0.5)
    assert population_stability_index(counts, reference) == pytest.approx(plain, abs=0.01)
    assert population_stability_index(reference / 10, reference) == 0.0


def test_chance_alone_is_taken_off_the_stability_index() -> None:
    generator = np.random.default_rng(3)
    shares = np.full(10, 0.1)
    found = [population_stability_index(generator.multinomial(200, shares) * 1.0, generator.multinomial(1_600, shares) * 1.0) for _ in range(300)]
    assert np.mean(found) < 0.02
    assert np.quantile(found, 0.99) < 5 * noise_of_index(np.full(10, 20.0), np.full(10, 160.0))


def test_distance_of_cumulative_shares_and_its_probability() -> None:
    distance, p = kolmogorov_smirnov(np.array([50.0, 50.0, 0.0]), np.array([0.0, 50.0, 50.0]))
    assert distance == pytest.approx(0.5)
    assert p < 1e-6
    assert kolmogorov_smirnov(np.array([30.0, 70.0]), np.array([300.0, 700.0])) == (pytest.approx(0.0), pytest.approx(1.0))
