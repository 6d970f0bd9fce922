from pathlib import Path

from benchmarks.suite_checks import judged, write_market


def test_the_benchmark_judges_a_market_that_fits_together(tmp_path: Path) -> None:
    write_market(tmp_path, 10_000)
    figures = judged(str(tmp_path))
    assert figures["tables"]["raw/sales_transactions"]["rows"] == 10_000
    assert {name: table["not_met"] for name, table in figures["tables"].items()} == dict.fromkeys(figures["tables"], "none")
    assert figures["rows"] == sum(table["rows"] for table in figures["tables"].values()) > 20_000
    assert min(figures[name] for name in ("seconds", "processor_seconds", "peak_rss_gib", "import_seconds")) >= 0
