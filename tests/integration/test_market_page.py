"""The comparison of the synthetic market with published panels: its generator works and the page in the tree is its own."""

from pathlib import Path

import polars as pl
import pytest

from docs.market.generate import main
from docs.market.page import PAGE, SECTIONS, page_text
from docs.market.panels import FAVORITA, TODAY, Panel, check_published, market_panel, panel_of
from docs.market.pictures import PICTURES, draw_pictures
from domain.errors import UsageError
from sources.folder import read_source
from sources.market import PROFILES
from sources.weekly_panel import convert_weekly_panel
from tests.weekly_tables import panel_tables

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def markets() -> list[Panel]:
    return [market_panel(profile, n_merchants=2, n_articles=8, n_weeks=110, seed=1) for profile in PROFILES]


@pytest.fixture(scope="module")
def panels() -> list[Panel]:
    made_up = panel_tables(n_series=6, n_weeks=110)
    return [panel_of(name, made_up) for name in ("Favorita", "Online Retail", "Dominick's")]


def structure(page: str) -> list[str]:
    """Titles, pictures, and of the tables the header and the first column: everything but the figures."""
    kept = [line for line in page.splitlines() if line.startswith(("#", "![", "|"))]
    generated, _, _ = "\n".join(kept).partition("## Where the market lies outside")
    return [line if line.startswith(("#", "![", "|  |")) else line.split("|")[1] for line in generated.splitlines()]


def test_the_page_in_the_tree_has_the_generators_tables(panels: list[Panel], markets: list[Panel]) -> None:
    made = page_text(panels, markets, published_lag_days=[9.0, 60.0])
    kept = (ROOT / PAGE).read_text(encoding="utf-8")
    assert structure(kept) == structure(made), "run: python -m docs.market.generate"
    assert made.partition("## Size")[0] == kept.partition("## Size")[0], "run: python -m docs.market.generate"
    assert all((ROOT / "docs" / "images" / f"market_{name}.png").is_file() for name in PICTURES)


def test_what_the_pages_prose_claims_stands_in_its_tables() -> None:
    cells = {line.split("|")[1].strip(): line.split("|")[2:-1] for line in (ROOT / PAGE).read_text(encoding="utf-8").splitlines() if line.startswith("| ")}
    in_sales, in_demand = (cells[f"strength{of}, by merchant (median)"][-len(PROFILES) :] for of in ("", " of the true demand"))
    assert all(float(sold) < float(asked) for sold, asked in zip(in_sales, in_demand, strict=True))
    assert float(cells["weeks without a sale"][0].strip(" %")) < 2, "Favorita sells in nearly every week"


def test_a_market_has_every_figure_but_marked_promotions(markets: list[Panel]) -> None:
    for market in markets:
        missing = {row.figure for section in SECTIONS for row in section.rows if market.figures[row.figure] is None}
        assert missing <= {"promotion_share", "promotion_uplift"}, market.name
        assert 0 < market.figures["human_fill_rate"] <= 1
    assert len({market.figures["units_mean"] for market in markets}) == len(PROFILES)


def test_the_same_panels_give_the_same_bytes(panels: list[Panel], markets: list[Panel], tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        draw_pictures([*panels, *markets], tmp_path / name)
    for picture in (tmp_path / "first").iterdir():
        assert picture.read_bytes() == (tmp_path / "second" / picture.name).read_bytes(), picture.name


def test_what_lies_outside_the_panels_is_said(panels: list[Panel], markets: list[Panel]) -> None:
    busy = markets[0]._replace(figures=markets[0].figures | {"zero_share": 0.999})
    text = page_text(panels, [busy, *markets[1:]], published_lag_days=[9.0, 60.0])
    _, _, outside = text.partition("## Where the market lies outside")
    assert "| Zero weeks: weeks without a sale |" in outside
    assert "| 99.9% |" in outside


def test_missing_published_data_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="favorita_21stores_weekly"):
        check_published(tmp_path)
    with pytest.raises(UsageError):
        main(tmp_path, root=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_sample_of_the_real_data_has_its_known_figures(tmp_path: Path) -> None:
    file = Path("../shared/data") / FAVORITA
    if not file.exists():
        pytest.skip("public data set Favorita is not beside the checkout (../shared/data)")
    pl.scan_parquet(file).filter(pl.col("store_idx") < 2, pl.col("product_idx") < 60).collect().write_parquet(tmp_path / "sample.parquet")
    convert_weekly_panel(
        tmp_path / "sample.parquet", out=tmp_path / "source", merchant="store_idx", article="product_idx", week="week_start_inferred", units="units"
    )
    panel = panel_of("sample", read_source(str(tmp_path / "source"), today=TODAY).frames)
    assert (panel.figures["n_series"], panel.figures["n_weeks"]) == (120, 171)
    assert (panel.figures["zero_share"] or 0.0) < 0.05  # fast movers only
    assert (panel.figures["smooth_share"] or 0.0) > 0.8
    assert (panel.figures["seasonality_merchant"] or 0.0) > 0.1
    assert panel.figures["return_rate"] is panel.figures["human_fill_rate"] is None
