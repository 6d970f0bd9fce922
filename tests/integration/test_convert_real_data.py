"""The converters on the published data sets, where these lie beside the checkout."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from sources.dominicks import convert_dominicks
from sources.folder import read_source
from sources.online_retail import convert_online_retail, match_returns
from sources.weekly_panel import convert_weekly_panel

TODAY = dt.date(2026, 1, 1)


def published(name: str) -> Path:
    path = Path("../shared/data") / name
    if not path.exists():
        pytest.skip(f"public data set {name} is not beside the checkout (../shared/data)")
    return path


def test_online_retail(tmp_path: Path) -> None:
    file = published("online_retail/online_retail_2010-12_2011-12.parquet")
    report = convert_online_retail(file, out=tmp_path)
    assert report.rows_read == 541_909 == report.rows_accepted + report.rows_rejected
    assert report.rejects["sales_transactions: line|duplicate"] == 5_268
    assert set(report.rejects) == {
        f"sales_transactions: {rule}" for rule in ("line|duplicate", "quantity|positive", "stock_code|article", "unit_price|positive")
    }
    read = read_source(str(tmp_path), today=TODAY)
    assert read.rows_rejected == 0
    assert {name: frame.height for name, frame in read.frames.items() if frame.height} == report.tables
    sold = read.frames["returns"].drop_nulls("transaction_id").join(read.frames["sales_transactions"], on=["merchant_id", "article_id", "transaction_id"])
    assert sold.height > 7_000
    assert sold.filter((pl.col("quantity_units_right") < pl.col("quantity_units")) | (pl.col("occurred_at") != pl.col("sold_at"))).is_empty()


def test_online_retail_does_not_depend_on_row_order(tmp_path: Path) -> None:
    file = published("online_retail/online_retail_2010-12_2011-12.parquet")
    part = pl.read_parquet(file).filter(pl.col("InvoiceDate").dt.month() == 11)
    part.write_parquet(tmp_path / "part.parquet")
    part.sample(fraction=1.0, shuffle=True, seed=3).write_parquet(tmp_path / "shuffled.parquet")
    for name in ("part", "shuffled"):
        convert_online_retail(tmp_path / f"{name}.parquet", out=tmp_path / name)
    for written in (tmp_path / "part").iterdir():
        assert written.read_bytes() == (tmp_path / "shuffled" / written.name).read_bytes(), written.name


def test_returns_match_the_published_pairs() -> None:
    raw = pl.read_parquet(published("online_retail/online_retail_2010-12_2011-12.parquet")).with_row_index()
    pairs = pl.read_parquet(published("online_retail/cancellations_matched_to_last_purchase.parquet"))
    lines = raw.select(
        pl.col("index").cast(pl.String).alias("line_id"),
        pl.col("InvoiceNo").str.starts_with("C").alias("is_return"),
        pl.col("InvoiceDate").alias("at_utc"),
        pl.col("InvoiceDate").alias("at"),
        pl.col("CustomerID").cast(pl.String).alias("customer"),
        pl.col("StockCode").alias("article_id"),
        pl.col("Quantity").abs().alias("units"),
        "Quantity",
    )
    returns = lines.filter(pl.col("is_return") & pl.col("customer").is_not_null())
    sales = lines.filter(~pl.col("is_return") & (pl.col("Quantity") > 0)).rename({"line_id": "transaction_id"})
    matched = match_returns(returns, sales)
    assert matched["units_bought"].count() == pairs["BuyQty"].count() == 7_599
    enough = (pairs["BuyQty"] >= -pairs["Quantity"]).sum()
    assert matched["transaction_id"].count() == pytest.approx(enough, abs=20)  # several purchases in one minute: we take the largest


def test_favorita(tmp_path: Path) -> None:
    file = published("favorita_21_stores/favorita_21stores_weekly.parquet")
    report = convert_weekly_panel(file, out=tmp_path, merchant="store_idx", article="product_idx", week="week_start_inferred", units="units")
    assert (report.rows_read, report.rows_rejected) == (1_034_208, 10)
    assert report.rejects == {"weekly_sales: sales_units|min": 10}
    weeks = pl.read_parquet(tmp_path / "weekly_sales.parquet", columns=["week"])["week"]
    assert (weeks.min(), weeks.max()) == (dt.date(2012, 12, 31), dt.date(2016, 4, 4))


def test_dominicks(tmp_path: Path) -> None:
    folder = published("dominicks_orange_juice")
    report = convert_dominicks(folder, out=tmp_path)
    assert (report.rows_read, report.rows_accepted) == (106_139, 106_139)
    weeks = read_source(str(tmp_path), today=TODAY).frames["weekly_sales"]
    first = weeks.filter(pl.col("merchant_id") == "2", pl.col("article_id") == "1").row(0, named=True)
    assert first["week"] == dt.date(1989, 9, 11) + dt.timedelta(weeks=39)
    assert first["sales_units"] == 8_256
    assert first["unit_price_eur"] == pytest.approx(0.060469, abs=1e-6)
    assert first["promotion"] == 1.0
    assert (weeks["merchant_id"].n_unique(), weeks["article_id"].n_unique()) == (83, 11)
