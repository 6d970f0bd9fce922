"""What a source says must not depend on row order or spelling, and every row is accounted for, however bad it is."""

import datetime as dt
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import DataError
from domain.tables import RAW_TABLES, ROW_KEYS
from sources.filtering import filter_rows
from sources.folder import RawTables, read_source

TODAY = dt.date(2026, 6, 30)
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

Spelling = Callable[[pl.Series], pl.Series]
WHOLE_NUMBERS: list[Spelling] = [lambda s, t=dtype: s.cast(t) for dtype in (pl.Int8, pl.Int16, pl.Int64, pl.Int128, pl.Float32, pl.Float64, pl.String)]  # type: ignore[misc]
WHOLE_NUMBERS.append(lambda s: s.cast(pl.Decimal(12, 2)))
TEXT_IDS: list[Spelling] = [*WHOLE_NUMBERS[:4], lambda s: s.cast(pl.String), lambda s: s.cast(pl.String).cast(pl.Categorical)]
"""Ids in a CSV file are text already: 9.0 stays another id than 9."""
IDS: list[Spelling] = [*TEXT_IDS, lambda s: s.cast(pl.Float32), lambda s: s.cast(pl.Float64), lambda s: s.cast(pl.Decimal(12, 2))]
DAYS: list[Spelling] = [
    lambda s: s,
    lambda s: s.cast(pl.Datetime("ms")),
    lambda s: s.cast(pl.Datetime("ns", "UTC")),
    lambda s: s.cast(pl.String),
    lambda s: s.cast(pl.Datetime).dt.strftime("%Y-%m-%dT%H:%M"),
]
PRICES: list[Spelling] = [lambda s: s, lambda s: s.cast(pl.Float32), lambda s: s.cast(pl.String)]
SPELLINGS = {"merchant_id": IDS, "article_id": IDS, "week": DAYS, "sales_units": WHOLE_NUMBERS, "unit_price_eur": PRICES}

days = st.sampled_from([dt.date(2026, 6, 1), dt.date(2026, 6, 8), dt.date(2026, 6, 9), dt.date(1989, 12, 25), dt.date(2026, 7, 6)])
rows = st.tuples(
    st.one_of(st.none(), st.integers(1, 2)), st.integers(1, 2), days, st.one_of(st.none(), st.integers(-2, 4)), st.sampled_from([None, 0.5, 2.0, -1.0])
)
GOOD = (9, 9, dt.date(2026, 6, 1), 1, None)


def read(frame: pl.DataFrame, *, csv: bool) -> RawTables:
    with tempfile.TemporaryDirectory() as folder:
        if csv:
            frame.write_csv(Path(folder, "weekly_sales.csv"))
        else:
            frame.write_parquet(Path(folder, "weekly_sales.parquet"))
        return read_source(folder, today=TODAY)


@QUICK
@given(content=st.lists(rows, max_size=12), data=st.data())
def test_row_order_types_and_format_do_not_matter(content: list[tuple[Any, ...]], data: st.DataObject) -> None:
    frame = pl.DataFrame([*content, GOOD], schema=dict.fromkeys(SPELLINGS), orient="row", infer_schema_length=None)
    frame = frame.cast({"merchant_id": pl.Int64, "sales_units": pl.Int64, "unit_price_eur": pl.Float64})
    try:
        expected = read(frame, csv=False)
    except DataError as error:
        assert "a fault of the table" in str(error)  # noqa: PT017 - most of the few rows break one rule
        return
    shuffled = frame[data.draw(st.permutations(range(frame.height)))]
    csv = data.draw(st.booleans())
    spelt = SPELLINGS | ({"merchant_id": TEXT_IDS, "article_id": TEXT_IDS} if csv else {})
    respelt = shuffled.with_columns(data.draw(st.sampled_from(spellings))(shuffled[name]).alias(name) for name, spellings in spelt.items())
    respelt = respelt.select(data.draw(st.permutations(respelt.columns)))
    actual = read(respelt, csv=csv)
    assert actual.frames["weekly_sales"].equals(expected.frames["weekly_sales"])
    assert actual.rejects_by_rule == expected.rejects_by_rule


cells = st.one_of(
    st.none(),
    st.sampled_from(["m", "1", "-3", "2.5", "nan", "-inf", "2026-06-01", "2026-06-01 10:00", "1970-01-01", "2099-01-05", "extended", ""]),
    st.text(max_size=4),
)


@QUICK
@given(table=st.sampled_from(sorted(RAW_TABLES)), data=st.data())
def test_every_garbage_row_is_accepted_or_rejected_once(table: str, data: st.DataObject) -> None:
    schema = RAW_TABLES[table]
    plausible = {pl.String: "m", pl.Int64: "1", pl.Float64: "0.5", pl.Date: "2026-06-01", pl.Datetime: "2026-06-01 10:00"}
    good: Mapping[str, str | None] = {name: plausible[dtype.base_type()] for name, dtype in pl.Schema(schema).items()}
    good = {**good, **dict.fromkeys({"policy", "trigger", "objective"} & good.keys())}
    n_rows = data.draw(st.integers(1, 10))
    garbage = [{**good, **data.draw(st.dictionaries(st.sampled_from(sorted(good)), cells, max_size=3))} for _ in range(n_rows)]
    raw = pl.DataFrame(garbage, schema=dict.fromkeys(good, pl.String))
    try:
        accepted, rejects, _, _, n_added_up = filter_rows(table, raw, today=TODAY, location="garbage")
    except DataError as error:
        assert "cannot be read as" in str(error)  # noqa: PT017 - refusing the whole column is the other right answer
        return
    assert accepted.height + n_added_up + rejects.height == n_rows
    assert not accepted.select(pl.struct(ROW_KEYS[table]).is_duplicated().any()).item()
    schema.validate(accepted)


@QUICK
@given(lines=st.lists(st.text(alphabet='ab12,"\n -', max_size=25), max_size=4))
def test_every_garbage_line_of_a_csv_file_is_accounted_for(lines: list[str]) -> None:
    good = [f"m,a{number},2026-06-01,1" for number in range(9)]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "weekly_sales.csv").write_text("\n".join(["merchant_id,article_id,week,sales_units", *good, *lines]))
        try:
            source = read_source(folder, today=TODAY)
        except DataError as error:
            assert "a fault of the table" in str(error)  # noqa: PT017 - more than a tenth of the lines are no rows
            return
    assert source.rows_accepted + source.rows_rejected == source.rows_read
    assert source.frames["weekly_sales"].filter(pl.col("merchant_id") == "m").height == len(good)
