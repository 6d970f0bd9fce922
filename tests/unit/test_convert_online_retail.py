from pathlib import Path

import polars as pl
import pytest

from domain.errors import DataError, UsageError
from sources.conversion import ConversionReport
from sources.online_retail import convert_online_retail

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
SOLD = "536365,85123A,HOLDER,6,12/1/2010 8:26,2.55,17850,United Kingdom\n"


def convert(tmp_path: Path, *lines: str, encoding: str = "utf-8") -> ConversionReport:
    (tmp_path / "retail.csv").write_bytes((HEADER + "".join(lines)).encode(encoding))
    report = convert_online_retail(tmp_path / "retail.csv", out=tmp_path / "out")
    assert report.rows_accepted + report.rows_rejected == report.rows_read == len(lines)
    return report


def table(tmp_path: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(tmp_path / "out" / f"{name}.parquet")


def test_a_sale_in_both_spellings_of_the_date(tmp_path: Path) -> None:
    convert(tmp_path, SOLD, SOLD.replace("12/1/2010 8:26", "2010-12-01 08:26:00").replace("536365", "536366"))
    sales = table(tmp_path, "sales_transactions")
    assert sales["transaction_id"].to_list() == ["536365-85123A-1", "536366-85123A-1"]
    assert sales["occurred_at"].n_unique() == 1
    assert sales.select("merchant_id", "article_id", "quantity_units", "unit_price_eur").row(0) == ("online-retail", "85123A", 6, 2.55)
    assert table(tmp_path, "merchants")["name"].to_list() == ["UCI Online Retail"]


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({}, "line|duplicate"),
        ({"85123A": "POST"}, "stock_code|article"),
        ({"85123A": "gift_0001_20"}, "stock_code|article"),
        ({",6,": ",-6,"}, "quantity|positive"),
        ({",6,": ",0,"}, "quantity|positive"),
        ({"2.55": "0"}, "unit_price|positive"),
        ({"2.55": "-11062.06"}, "unit_price|positive"),
        ({"85123A": ""}, "transaction_id|nullability"),
        ({",6,": ",six,"}, "quantity_units|castable"),
        ({"12/1/2010": "13/1/2010"}, "occurred_at|castable"),
    ],
)
def test_a_bad_line_is_one_reject(tmp_path: Path, changes: dict[str, str], rule: str) -> None:
    bad = SOLD
    for old, new in changes.items():
        bad = bad.replace(old, new)
    report = convert(tmp_path, SOLD, SOLD.replace("536365", "536366"), SOLD.replace("536365", "536367"), bad)
    assert report.rejects == {f"sales_transactions: {rule}": 1}


def test_a_cancellation_is_a_return_of_the_latest_earlier_purchase(tmp_path: Path) -> None:
    later = SOLD.replace("536365", "536400").replace("12/1/2010", "12/3/2010")
    convert(
        tmp_path,
        SOLD,
        later,
        "C1,85123a,HOLDER,-6,12/4/2010 9:00,2.55,17850,United Kingdom\n",
        "C2,85123A,HOLDER,-6,12/2/2010 9:00,2.55,17850,United Kingdom\n",
        "C3,85123A,HOLDER,-7,12/2/2010 9:00,2.55,17850,United Kingdom\n",
        "C4,85123A,HOLDER,-1,12/2/2010 9:00,2.55,,United Kingdom\n",
        "C5,85123A,HOLDER,-1,11/1/2010 9:00,2.55,17850,United Kingdom\n",
    )
    returns = table(tmp_path, "returns").sort("return_id")
    assert returns["transaction_id"].to_list() == ["536400-85123A-1", "536365-85123A-1", None, None, None]
    assert returns["quantity_units"].to_list() == [6, 6, 7, 1, 1]
    assert returns["sold_at"].is_null().to_list() == [False, False, True, True, True]


def test_lines_of_one_invoice_and_article_are_numbered_whatever_their_order(tmp_path: Path) -> None:
    lines = [SOLD, SOLD.replace(",6,", ",2,"), SOLD.replace("2.55", "2.10"), SOLD]
    convert(tmp_path, *lines)
    forwards = table(tmp_path, "sales_transactions")
    convert(tmp_path, *reversed(lines))
    assert table(tmp_path, "sales_transactions").equals(forwards)
    assert forwards["transaction_id"].to_list() == ["536365-85123A-1", "536365-85123A-2", "536365-85123A-3"]
    assert forwards["quantity_units"].to_list() == [2, 6, 6]


def test_the_published_csv_is_not_utf_8(tmp_path: Path) -> None:
    assert convert(tmp_path, SOLD.replace("HOLDER", "GIFT FOR £5"), encoding="cp1252").rows_accepted == 1


def test_another_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UsageError, match="'InvoiceNo'"):
        convert_online_retail(tmp_path / "x.csv", out=tmp_path / "out")


def test_a_column_of_the_wrong_type_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(HEADER + SOLD.replace(",6,", ",six,"))
    with pytest.raises(DataError, match="column Quantity"):
        convert_online_retail(tmp_path / "x.csv", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
