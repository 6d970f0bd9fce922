"""Which views the DuckDB file has, and their documentation: from the contracts, and from the header of each `.sql` file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class StageView:
    """A stage table as a view: its newest partition."""

    table: str
    dimension: Literal["week", "day"] | None = None
    is_replicated: bool = False
    """Every shard holds the same rows: one is enough."""


STAGE_VIEWS: Mapping[str, StageView] = {
    "articles": StageView("raw/articles"),
    "merchants": StageView("raw/merchants", is_replicated=True),
    "stock_levels": StageView("raw/stock_levels"),
    "inbound_shipments": StageView("raw/inbound_shipments"),
    "rejects": StageView("raw/rejects"),
    "weekly_demand": StageView("series/weekly_demand", "week"),
    "merchant_profiles": StageView("series/merchant_profiles", "week", is_replicated=True),
    "forecasts": StageView("forecast/quantiles", "week"),
    "forecast_accuracy": StageView("evaluation/forecast_accuracy", "week"),
    "sku_vectors": StageView("vectors/sku_vectors", "day"),
    "policies": StageView("policy/policies", "day"),
    "exceptions": StageView("evaluation/exceptions", "day"),
}
"""Views by name; those of a week or day show the newest one."""


@dataclass(frozen=True)
class DerivedView:
    """A view over views, as its file describes it."""

    name: str
    description: str
    columns: Mapping[str, str]
    query: str


def derived_views() -> list[DerivedView]:
    """The views of the `.sql` files of this folder, by name.

    A file begins with `-- what the view shows`, then one `-- column: what it means` per column, then the query.
    """
    return [_parse(path) for path in sorted(FOLDER.glob("*.sql"))]


def _parse(path: Path) -> DerivedView:
    lines = path.read_text(encoding="utf-8").splitlines()
    header = [line.removeprefix("-- ") for line in lines if line.startswith("-- ")]
    columns = dict(line.split(": ", maxsplit=1) for line in header[1:])
    return DerivedView(path.stem, header[0], columns, "\n".join(line for line in lines if not line.startswith("-- ")).strip())
