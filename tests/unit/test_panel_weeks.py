"""Weeks of panels: the weekday they start on, days that add up, and weeks without a row."""

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from domain.errors import UsageError
from sources.conversion import ConversionReport
from sources.panel_weeks import WEEKDAYS, mondays
from sources.weekly_panel import convert_weekly_panel

FIRST = dt.date(2026, 3, 1)
"""A Sunday."""
NAMES = {"merchant": "store", "article": "sku", "week": "week", "units": "units"}


def convert(tmp_path: Path, rows: list[tuple[dt.date, int | None]], **choices: Any) -> tuple[dict[dt.date, int | None], ConversionReport]:
    """A panel of one series; its weeks and the report."""
    frame = pl.DataFrame(rows, schema=["week", "units"], orient="row").with_columns(store=pl.lit("S1"), sku=pl.lit("A"))
    frame.write_csv(tmp_path / "panel.csv")
    report = convert_weekly_panel(tmp_path / "panel.csv", out=tmp_path / "out", **NAMES, **choices)
    assert report.rows_accepted + report.rows_rejected == report.rows_read == len(rows)
    return dict(pl.read_parquet(tmp_path / "out" / "weekly_sales.parquet").select("week", "sales_units").iter_rows()), report


def weekly(first: dt.date, n_weeks: int = 10) -> list[tuple[dt.date, int | None]]:
    return [(first + dt.timedelta(weeks=number), 10 + number) for number in range(n_weeks)]


@pytest.mark.parametrize(
    ("first", "starts", "monday"),
    [
        (FIRST, "sunday", dt.date(2026, 3, 2)),
        (FIRST, "monday", dt.date(2026, 2, 23)),  # named by their last day
        (dt.date(2026, 2, 28), "saturday", dt.date(2026, 3, 2)),
        (dt.date(2026, 2, 28), "sunday", dt.date(2026, 2, 23)),  # Sunday to Saturday, named by the last day
        (dt.date(2026, 2, 26), "thursday", dt.date(2026, 2, 23)),
        (dt.date(2026, 2, 27), "friday", dt.date(2026, 3, 2)),
    ],
)
def test_the_weekday_on_which_weeks_start_is_a_choice(tmp_path: Path, first: dt.date, starts: str, monday: dt.date) -> None:
    weeks, report = convert(tmp_path, weekly(first), week_starts=starts)
    assert weeks == {monday + dt.timedelta(weeks=number): 10 + number for number in range(10)}
    assert report.warnings == []


@pytest.mark.parametrize("starts_on", range(7))
def test_a_week_is_named_by_the_monday_whose_week_holds_most_of_its_days(starts_on: int) -> None:
    first = dt.date(2026, 3, 2) + dt.timedelta(days=starts_on)
    days = [first + dt.timedelta(days=day) for day in range(7)]
    counted = [day - dt.timedelta(days=day.weekday()) for day in days]
    assert set(mondays(pl.Series(days), starts_on)) == {max(counted, key=counted.count)}


@pytest.mark.parametrize(
    ("first", "monday"), [(FIRST, dt.date(2026, 3, 2)), (dt.date(2026, 2, 28), dt.date(2026, 3, 2)), (dt.date(2026, 3, 3), dt.date(2026, 3, 2))]
)
def test_without_a_choice_the_start_is_guessed_and_the_consequence_said(tmp_path: Path, first: dt.date, monday: dt.date) -> None:
    weeks, report = convert(tmp_path, weekly(first))
    assert min(weeks) == monday
    assert "choose --week-starts" in report.warnings[0]


def test_weeks_named_by_mondays_need_no_word(tmp_path: Path) -> None:
    assert convert(tmp_path, weekly(dt.date(2026, 3, 2)))[1].warnings == []


def test_a_daily_panel_is_added_up_and_a_last_week_it_covers_in_part_is_unknown(tmp_path: Path) -> None:
    days = [(FIRST + dt.timedelta(days=day), day) for day in range(20)]  # Sunday 1 March to Friday 20 March
    weeks, report = convert(tmp_path, list(days))
    assert weeks == {dt.date(2026, 2, 23): 0, dt.date(2026, 3, 2): sum(range(1, 8)), dt.date(2026, 3, 9): sum(range(8, 15)), dt.date(2026, 3, 16): None}
    assert (report.rows_accepted, report.rows_rejected) == (20, 0)
    assert "added up" in report.warnings[0]
    assert "read as unknown" in report.warnings[1]


def test_a_week_that_new_year_cuts_in_two_is_added_up(tmp_path: Path) -> None:
    rows = [*weekly(dt.date(2025, 11, 3), 9), (dt.date(2026, 1, 1), 7), *weekly(dt.date(2026, 1, 5), 9)]
    weeks, report = convert(tmp_path, rows)
    assert weeks[dt.date(2025, 12, 29)] == 18 + 7
    assert report.rows_rejected == 0


def test_an_unknown_day_makes_its_week_unknown(tmp_path: Path) -> None:
    days: list[tuple[dt.date, int | None]] = [(dt.date(2026, 3, 2) + dt.timedelta(days=day), None if day == 3 else 1) for day in range(14)]
    assert convert(tmp_path, days)[0] == {dt.date(2026, 3, 2): None, dt.date(2026, 3, 9): 7}


@pytest.mark.parametrize(
    ("choice", "n_weeks", "warning"), [("zero", 10, "zero sales"), ("unknown", 3, None), (None, 3, "far too high: choose --missing-weeks")]
)
def test_what_a_week_without_a_row_means_is_a_choice(tmp_path: Path, choice: str | None, n_weeks: int, warning: str | None) -> None:
    monday = dt.date(2026, 3, 2)
    weeks, report = convert(tmp_path, [(monday + dt.timedelta(weeks=number), 1) for number in (0, 4, 9)], missing_weeks=choice)
    assert len(weeks) == n_weeks
    assert sum(units or 0 for units in weeks.values()) == 3
    assert [text for text in report.warnings if warning and warning in text] == report.warnings


@pytest.mark.parametrize("choices", [{"week_starts": "Funday"}, {"missing_weeks": "maybe"}])
def test_another_choice_is_refused(tmp_path: Path, choices: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="knows no"):
        convert(tmp_path, weekly(FIRST), **choices)


def test_all_weekdays_can_be_named() -> None:
    assert tuple((dt.date(2026, 3, 2) + dt.timedelta(days=day)).strftime("%A").lower() for day in range(7)) == WEEKDAYS
