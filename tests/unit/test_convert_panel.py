import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from domain.errors import DataError, StorageError, UsageError
from sources.conversion import ConversionReport
from sources.folder import read_source
from sources.weekly_panel import convert_weekly_panel

TUESDAY = dt.date(2026, 6, 2)
NAMES = {"merchant": "store", "article": "item", "week": "day", "units": "sold"}


def convert(tmp_path: Path, rows: dict[str, list[Any]], *, csv: bool = False, **columns: str) -> ConversionReport:
    n_rows = max(len(values) for values in rows.values())
    good: dict[str, list[Any]] = {"store": [1] * n_rows, "item": list(range(n_rows)), "day": [TUESDAY] * n_rows, "sold": [1.0] * n_rows}
    frame = pl.DataFrame(good | rows, strict=False)
    file = tmp_path / ("panel.csv" if csv else "panel.parquet")
    frame.write_csv(file) if csv else frame.write_parquet(file)
    report = convert_weekly_panel(file, out=tmp_path / "out", **(NAMES | columns))
    assert report.rows_read == n_rows
    assert report.rows_accepted + report.rows_rejected == report.rows_read
    assert sum(report.rejects.values()) == report.rows_rejected == pl.read_parquet(tmp_path / "out" / "rejects.parquet").height
    return report


def weeks(tmp_path: Path) -> pl.DataFrame:
    read = read_source(str(tmp_path / "out"), today=dt.date(2026, 6, 30))
    assert read.rows_rejected == 0
    return read.frames["weekly_sales"]


def test_any_day_is_mapped_to_its_iso_monday_and_ids_to_text(tmp_path: Path) -> None:
    report = convert(tmp_path, {"day": [TUESDAY, dt.date(2026, 6, 7), dt.date(2026, 6, 8)], "sold": [2.0, None, 0.0]})
    assert weeks(tmp_path).select("merchant_id", "article_id", "week", "sales_units").rows() == [
        ("1", "0", dt.date(2026, 6, 1), 2),
        ("1", "1", dt.date(2026, 6, 1), None),
        ("1", "2", dt.date(2026, 6, 8), 0),
    ]
    assert report.as_dict() == {"rows_read": 3, "rows_accepted": 3, "rows_rejected": 0, "rejects": {}, "tables": {"weekly_sales": 3}, "out": report.out}


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        ({"sold": [1.0, 2.0, -1.0]}, "sales_units|min"),
        ({"sold": [1.0, 2.0, 1.5]}, "sales_units|castable"),
        ({"sold": [1.0, 2.0, float("nan")]}, "sales_units|castable"),
        ({"store": [1, 2, None]}, "merchant_id|nullability"),
        ({"day": [TUESDAY, TUESDAY, None]}, "week|nullability"),
        ({"day": ["2026-06-02", "2026-06-02", "soon"]}, "week|castable"),
        ({"day": [TUESDAY, TUESDAY, dt.date(1980, 1, 1)]}, "week|not_before_1990"),
        ({"day": [TUESDAY, TUESDAY, dt.date(2900, 1, 1)]}, "week|not_in_the_future"),
        ({"item": [1, 1, 2], "day": [TUESDAY, TUESDAY, TUESDAY]}, "primary_key"),
    ],
)
@pytest.mark.parametrize("csv", [False, True])
def test_a_bad_row_is_one_reject(tmp_path: Path, rows: dict[str, list[Any]], rule: str, csv: bool) -> None:
    assert convert(tmp_path, rows, csv=csv).rejects == {f"weekly_sales: {rule}": 1}


def test_of_two_rows_on_one_date_the_one_that_sorts_first_is_kept_and_two_dates_add_up(tmp_path: Path) -> None:
    for day, sold in (([TUESDAY, TUESDAY, dt.date(2026, 6, 7)], [5.0, 3.0, 4.0]), ([dt.date(2026, 6, 7), TUESDAY, TUESDAY], [4.0, 3.0, 5.0])):
        report = convert(tmp_path, {"item": [1, 1, 1], "day": day, "sold": sold})
        assert pl.read_parquet(tmp_path / "out" / "weekly_sales.parquet")["sales_units"].to_list() == [7]
        assert report.rejects == {"weekly_sales: primary_key": 1}
        assert "row" not in report.warnings[0].split("added up")[1]


@pytest.mark.parametrize(("in_stock", "shares"), [([True, False, None], [1.0, 0.0, None]), ([0.25, 1, 0], [0.25, 1.0, 0.0])])
@pytest.mark.parametrize("csv", [False, True])
def test_price_and_stock_columns(tmp_path: Path, in_stock: list[Any], shares: list[Any], csv: bool) -> None:
    convert(tmp_path, {"stock": in_stock, "eur": [1.5, 2.0, None]}, csv=csv, in_stock="stock", price="eur")
    assert weeks(tmp_path)["available_share"].to_list() == shares
    assert weeks(tmp_path)["unit_price_eur"].to_list() == [1.5, 2.0, None]


def test_a_broken_line_of_a_csv_file_is_counted(tmp_path: Path) -> None:
    (tmp_path / "panel.csv").write_text("store,item,day,sold\n1,1,2026-06-02,3\n1,2,2026-06-02\n")
    report = convert_weekly_panel(tmp_path / "panel.csv", out=tmp_path / "out", **NAMES)
    assert (report.rows_read, report.rejects) == (2, {"weekly_sales: line|parsable": 1})


def test_what_cannot_be_converted_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="columns store, item, day, sold") as caught:
        convert(tmp_path, {"sold": [1.0]}, merchant="shop")
    assert "'shop'" in str(caught.value)
    with pytest.raises(DataError, match="column week"):
        convert(tmp_path, {"day": [20_260_602]})
    with pytest.raises(StorageError, match="cannot read"):
        convert_weekly_panel(tmp_path / "absent.csv", out=tmp_path / "out", **NAMES)
    assert not (tmp_path / "out").exists()
