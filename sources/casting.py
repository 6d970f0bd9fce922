"""Columns of any width and spelling → the contract's types, without loss: what cannot be kept exactly is marked, never guessed.

Text is trimmed for numbers and dates. A naive timestamp is UTC, any other zone is converted; a calendar date with a
zone keeps its own wall-clock day. Instants are kept to the microsecond, finer digits are cut.
"""

from typing import NamedTuple

import polars as pl

EXACT_INTEGER = 2**53
"""Largest magnitude up to which every whole number is a float64."""

_FIRST_DAY, _LAST_DAY = -719_161, 2_932_895
"""0001-01-02 and 9999-12-30 in days since 1970: what Python's calendar holds in every time zone."""
_TICKS_PER_DAY = {"ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}

_TIMESTAMP = (
    r"^(?<day>\d{4}-\d{2}-\d{2})"
    r"(?:[T ](?<minute>\d{2}:\d{2})(?::(?<second>[0-5]\d)(?:\.(?<fraction>\d{1,9}))?)?"
    r"(?:Z|(?<sign>[+-])(?<offset_hours>[01]\d|2[0-3]):?(?<offset_minutes>[0-5]\d))?)?$"
)
_NEVER = (pl.List, pl.Array, pl.Struct, pl.Binary, pl.Object, pl.Time, pl.Duration)


class Cast(NamedTuple):
    """A column in the wanted type."""

    values: pl.Series
    failed: pl.Series
    """True where there was a value that the wanted type cannot hold exactly; `values` is null there."""


def family_fits(raw: pl.DataType, wanted: pl.DataType) -> bool:
    """Whether values of this type can ever be read as the wanted one: text always, a list or a boolean number never."""
    if isinstance(raw, _NEVER):
        return False
    if isinstance(wanted, pl.String) or isinstance(raw, (pl.String, pl.Categorical, pl.Enum, pl.Null)):
        return True
    return raw.is_numeric() if wanted.is_numeric() else isinstance(raw, (pl.Date, pl.Datetime))


def cast_losslessly(column: pl.Series, wanted: pl.DataType) -> Cast:
    """The column in the wanted type (String, Int64, Float64, Date or UTC Datetime) and a mark on what did not fit.

    The caller has asked `family_fits` before.
    """
    raw = column.cast(pl.String) if isinstance(column.dtype, (pl.Categorical, pl.Enum)) else column
    raw = _within_calendar(raw)
    expression = pl.lit(raw) if isinstance(raw.dtype, pl.Null) else _expression(raw, wanted)
    values = _within_calendar(pl.select(expression.cast(wanted).alias(column.name)).to_series())
    return Cast(values, values.is_null() & column.is_not_null())


def as_text(column: pl.Series) -> pl.Series:
    """The values as a person can read them; an instant outside the calendar as its number."""
    if not isinstance(column.dtype, (pl.Date, pl.Datetime)):
        return column.cast(pl.String)
    readable = _within_calendar(column).cast(pl.String)
    return pl.select(pl.coalesce(pl.lit(readable), pl.lit(column.to_physical().cast(pl.String))).alias(column.name)).to_series()


def _within_calendar(column: pl.Series) -> pl.Series:
    """Null in place of a corrupt date or instant, on which Polars and Python fail."""
    if not isinstance(column.dtype, (pl.Date, pl.Datetime)):
        return column
    ticks = _TICKS_PER_DAY[column.dtype.time_unit] if isinstance(column.dtype, pl.Datetime) else 1
    day = column.to_physical().cast(pl.Int64) // ticks
    return column.set(~day.is_between(_FIRST_DAY, _LAST_DAY), None)


def _expression(raw: pl.Series, wanted: pl.DataType) -> pl.Expr:
    if isinstance(wanted, pl.String):
        return _to_integer(raw) if raw.dtype.is_float() or raw.dtype.is_decimal() else pl.lit(raw)
    if wanted.is_integer():
        return _to_integer(raw)
    if wanted.is_float():
        return _to_float(raw)
    return _to_date(raw) if isinstance(wanted, pl.Date) else _to_instant(raw)


def _to_integer(raw: pl.Series) -> pl.Expr:
    value = pl.lit(raw)
    if isinstance(raw.dtype, pl.String):
        text = value.str.strip_chars()
        return pl.coalesce(text.cast(pl.Int64, strict=False), _whole(text.cast(pl.Float64, strict=False)))
    if raw.dtype.is_float():
        return _whole(value)
    whole = value.cast(pl.Int64, strict=False)
    return pl.when(whole.cast(raw.dtype, strict=False) == value).then(whole)


def _whole(value: pl.Expr) -> pl.Expr:
    fits = value.is_finite() & (value == value.round()) & (value.abs() <= EXACT_INTEGER)
    return pl.when(fits).then(value).cast(pl.Int64, strict=False)


def _to_float(raw: pl.Series) -> pl.Expr:
    value = pl.lit(raw)
    if raw.dtype.is_integer():
        exact = value.cast(pl.Int128).is_between(-EXACT_INTEGER, EXACT_INTEGER)
        return pl.when(exact).then(value).cast(pl.Float64)
    number = (value.str.strip_chars() if isinstance(raw.dtype, pl.String) else value).cast(pl.Float64, strict=False)
    return number + 0.0  # one zero only: −0.0 would sort apart from 0.0


def _to_date(raw: pl.Series) -> pl.Expr:
    if isinstance(raw.dtype, pl.Date):
        return pl.lit(raw)
    wall = pl.lit(raw).dt.replace_time_zone(None) if isinstance(raw.dtype, pl.Datetime) else _wall_clock(_timestamp_parts(raw))
    return pl.when(wall.dt.truncate("1d") == wall).then(wall.dt.date())


def _to_instant(raw: pl.Series) -> pl.Expr:
    if isinstance(raw.dtype, pl.String):
        parts = _timestamp_parts(raw)
        offset = pl.duration(hours=_field(parts, "offset_hours").cast(pl.Int64), minutes=_field(parts, "offset_minutes").cast(pl.Int64), time_unit="us")
        ahead = pl.when(_field(parts, "sign") == "-").then(-offset).otherwise(offset)
        return (_wall_clock(parts) - ahead.fill_null(pl.duration(time_unit="us"))).dt.replace_time_zone("UTC")
    instant = pl.lit(raw).cast(pl.Datetime("us", raw.dtype.time_zone if isinstance(raw.dtype, pl.Datetime) else None))
    zoned = isinstance(raw.dtype, pl.Datetime) and raw.dtype.time_zone is not None
    return instant.dt.convert_time_zone("UTC") if zoned else instant.dt.replace_time_zone("UTC")


def _timestamp_parts(raw: pl.Series) -> pl.Series:
    return raw.str.strip_chars().str.extract_groups(_TIMESTAMP)


def _field(parts: pl.Series, name: str) -> pl.Expr:
    return pl.lit(parts).struct.field(name)


def _wall_clock(parts: pl.Series) -> pl.Expr:
    text = pl.format(
        "{} {}:{}.{}",
        _field(parts, "day"),
        _field(parts, "minute").fill_null("00:00"),
        _field(parts, "second").fill_null("00"),
        _field(parts, "fraction").fill_null("0"),
    )
    return text.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)
