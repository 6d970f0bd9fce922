"""The committed reference pages are what the code says."""

from pathlib import Path

import pytest

from docs.reference.generate import pages
from domain.settings import Settings
from domain.stage_tables import STAGE_TABLES
from domain.tables import RAW_TABLES

FOLDER = Path(__file__).parents[2] / "docs" / "reference"


@pytest.mark.parametrize("page", ["tables.md", "settings.md"])
def test_pages_are_up_to_date(page: str) -> None:
    assert (FOLDER / page).read_text(encoding="utf-8") == pages()[page], "run: python -m docs.reference.generate"


def test_every_table_and_setting_is_listed() -> None:
    tables, settings = (FOLDER / "tables.md").read_text(encoding="utf-8"), (FOLDER / "settings.md").read_text(encoding="utf-8")
    assert all(f"### {name}\n" in tables for name in (*RAW_TABLES, *STAGE_TABLES))
    assert "| `demand_quantiles_units` |" in tables
    assert "| `sales_units` |" in tables
    names = {name for name in Settings.model_fields if name not in {"forecast", "simulation", "optimizer", "inventory", "costs"}}
    assert all(f"| `{name}` | `REPLENISH_{name.upper()}` |" in settings for name in names)
    assert "| `n_trees` | `REPLENISH_FORECAST__N_TREES` | whole number | 90 | ≥ 1 |" in settings
