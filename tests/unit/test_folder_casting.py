import datetime as dt
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from sources.casting import as_text, cast_losslessly, family_fits

INSTANT = pl.Datetime("us", "UTC")
TEN = dt.datetime(2024, 3, 1, 10, 0, tzinfo=dt.UTC)
MARCH = dt.date(2024, 3, 1)


def cast(values: list[Any], raw: Any, wanted: pl.DataType) -> tuple[list[Any], list[bool]]:
    result = cast_losslessly(pl.Series("x", values, dtype=raw), wanted)
    assert result.values.dtype == wanted
    return result.values.to_list(), result.failed.to_list()


@pytest.mark.parametrize("raw", [pl.Int8, pl.Int64, pl.UInt64, pl.Int128, pl.Float32, pl.Float64, pl.Decimal(10, 2)])
def test_whole_numbers_of_any_width(raw: Any) -> None:
    assert cast([3, None, 0], raw, pl.Int64()) == ([3, None, 0], [False] * 3)
    assert cast([3, None, 0], raw, pl.String()) == (["3", None, "0"], [False] * 3)
    assert cast([3, None, 0], raw, pl.Float64()) == ([3.0, None, 0.0], [False] * 3)


def test_what_is_no_whole_number_fails() -> None:
    assert cast([1.5, float("nan"), float("inf"), 2.0, 1e300], pl.Float64, pl.Int64()) == ([None, None, None, 2, None], [True, True, True, False, True])
    assert cast([1.5, 123.0], pl.Float64, pl.String()) == ([None, "123"], [True, False])
    assert cast([Decimal("1.50"), Decimal("7.00")], pl.Decimal(10, 2), pl.Int64()) == ([None, 7], [True, False])
    assert cast([2**63, 5], pl.UInt64, pl.Int64()) == ([None, 5], [True, False])
    assert cast([2**53 + 1, 5], pl.Int64, pl.Float64()) == ([None, 5.0], [True, False])


@pytest.mark.parametrize("as_text", [False, True])
def test_a_float_beyond_the_exact_integers_is_no_whole_number(as_text: bool) -> None:
    numbers = pl.Series("n", [2.0**53, -(2.0**53), 2.0**53 + 2, -(2.0**53) - 2, 1e18])
    found = cast_losslessly(numbers.map_elements(repr, return_dtype=pl.String) if as_text else numbers, pl.Int64())
    assert found.values.to_list() == [2**53, -(2**53), None, None, None]
    assert found.failed.to_list() == [False, False, True, True, True]


def test_text_numbers() -> None:
    text = ["5", " 6 ", "7.0", "1e3", "1.5", "abc", "", "9007199254740993", None]
    values, failed = cast(text, pl.String, pl.Int64())
    assert values == [5, 6, 7, 1000, None, None, None, 9007199254740993, None]
    assert failed == [False, False, False, False, True, True, True, False, False]
    assert cast(["1.5", "x", "2"], pl.String, pl.Float64()) == ([1.5, None, 2.0], [False, True, False])


def test_minus_zero_is_zero() -> None:
    assert str(cast([-0.0], pl.Float64, pl.Float64())[0][0]) == "0.0"


@pytest.mark.parametrize("raw", [pl.Categorical, pl.Enum(["4", "b"]), pl.String])
def test_text_of_any_kind(raw: Any) -> None:
    assert cast(["4", "b", None], raw, pl.String())[0] == ["4", "b", None]
    assert cast(["4", "b", None], raw, pl.Int64()) == ([4, None, None], [False, True, False])


def test_null_columns_fit_everything() -> None:
    for wanted in (pl.String(), pl.Int64(), pl.Float64(), pl.Date(), INSTANT):
        assert cast([None, None], pl.Null, wanted) == ([None, None], [False, False])


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2024-03-01 10:00", 10),
        ("2024-03-01T10:00:00", 10),
        ("2024-03-01T10:00:00.000", 10),
        ("2024-03-01 10:00:00.000000000Z", 10),
        ("2024-03-01T12:00:00+02:00", 10),
        ("2024-03-01T04:30:00-0530", 10),
        ("2024-03-01", 0),
    ],
)
def test_timestamps_as_text(text: str, hour: int) -> None:
    assert cast([text], pl.String, INSTANT) == ([TEN.replace(hour=hour)], [False])


@pytest.mark.parametrize("text", ["1/3/2024", "2024-02-30", "2024-03-01 25:00", "2024-03-01 10:00:60", "20240301", "yesterday", "2024-03-01 10:00 CET"])
def test_nonsense_is_no_timestamp(text: str) -> None:
    assert cast([text], pl.String, INSTANT) == ([None], [True])
    assert cast([text], pl.String, pl.Date()) == ([None], [True])


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_instants_of_any_unit_and_zone(unit: Any) -> None:
    assert cast([TEN.replace(tzinfo=None)], pl.Datetime(unit), INSTANT)[0] == [TEN]
    berlin = TEN.astimezone(ZoneInfo("Europe/Berlin"))
    assert cast([berlin], pl.Datetime(unit, "Europe/Berlin"), INSTANT)[0] == [TEN]


def test_dates_and_midnights() -> None:
    assert cast([MARCH], pl.Date, INSTANT)[0] == [TEN.replace(hour=0)]
    assert cast([dt.datetime(2024, 3, 1), dt.datetime(2024, 3, 1, 1)], pl.Datetime("ms"), pl.Date()) == ([MARCH, None], [False, True])  # noqa: DTZ001
    assert cast(["2024-03-01", "2024-03-01T00:00:00", "2024-03-01 00:01"], pl.String, pl.Date()) == ([MARCH, MARCH, None], [False, False, True])
    local_midnight = dt.datetime(2024, 3, 1, tzinfo=ZoneInfo("Europe/Berlin"))
    assert cast([local_midnight], pl.Datetime("us", "Europe/Berlin"), pl.Date()) == ([MARCH], [False])


@pytest.mark.parametrize("raw", [pl.List(pl.Int64), pl.Array(pl.Int64, 2), pl.Struct({"a": pl.Int64}), pl.Binary(), pl.Duration(), pl.Time()])
def test_types_that_never_fit(raw: pl.DataType) -> None:
    for wanted in (pl.String(), pl.Int64(), pl.Float64(), pl.Date(), INSTANT):
        assert not family_fits(raw, wanted)


def test_families_that_do_not_mix() -> None:
    assert not family_fits(pl.Boolean(), pl.Int64())
    assert not family_fits(pl.Boolean(), pl.Date())
    assert not family_fits(pl.Int64(), pl.Date())
    assert not family_fits(pl.Date(), pl.Float64())
    assert family_fits(pl.Boolean(), pl.String())


@pytest.mark.parametrize("unit", ["ms", "us"])
def test_instants_outside_the_calendar_fail(unit: Any) -> None:
    corrupt = pl.Series("x", [2**62, -(2**62), 0]).cast(pl.Datetime(unit))
    for wanted in (INSTANT, pl.Date()):
        assert cast_losslessly(corrupt, wanted).failed.to_list() == [True, True, False]
    assert as_text(corrupt)[0] == str(2**62)
    assert as_text(corrupt)[2].startswith("1970-01-01 00:00:00")
    assert cast(["9999-12-31 23:59-12:00", "0000-01-01"], pl.String, INSTANT) == ([None, None], [True, True])
    assert cast_losslessly(pl.Series("x", [2**31 - 1, 0], dtype=pl.Int32).cast(pl.Date), pl.Date()).failed.to_list() == [True, False]
