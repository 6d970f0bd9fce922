"""The committed reference pages are what the code says."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from assets.marts import DICTIONARY, STAGE_VIEWS, load_marts
from docs.reference.generate import pages
from domain.settings import Settings
from domain.stage_tables import STAGE_TABLES
from domain.tables import RAW_TABLES

FOLDER = Path(__file__).parents[2] / "docs" / "reference"


@pytest.mark.parametrize("page", ["tables.md", "settings.md", "data_dictionary.md", "expectations.md"])
def test_pages_are_up_to_date(page: str) -> None:
    assert (FOLDER / page).read_text(encoding="utf-8") == pages()[page], "run: python -m docs.reference.generate"


def test_every_table_of_the_analysts_file_is_listed() -> None:
    page = (FOLDER / "data_dictionary.md").read_text(encoding="utf-8")
    assert all(f"### {name}\n" in page for name in (*STAGE_VIEWS, *(mart.name for mart in load_marts()), DICTIONARY))
    assert "| `weeks_of_cover` | DOUBLE | weeks |" in page
    assert "| `merchant_id` 🔑 | VARCHAR |  | Who. |" in page


def test_every_table_and_setting_is_listed() -> None:
    tables, settings = (FOLDER / "tables.md").read_text(encoding="utf-8"), (FOLDER / "settings.md").read_text(encoding="utf-8")
    assert all(f"### {name}\n" in tables for name in (*RAW_TABLES, *STAGE_TABLES))
    assert "| `demand_quantiles_units` |" in tables
    assert "| `sales_units` |" in tables
    sections = {name for name, field in Settings.model_fields.items() if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)}
    names = Settings.model_fields.keys() - sections
    assert all(f"| `{name}` | `REPLENISH_{name.upper()}` |" in settings for name in names)
    assert "| `n_trees` | `REPLENISH_FORECAST__N_TREES` | whole number | 90 | ≥ 1 |" in settings
