"""The page on feature families must know every feature, or a family measured as worthless may only be a name nobody has."""

import re
from pathlib import Path

import pytest

from benchmarks.forecast_accuracy import PANELS
from benchmarks.forecast_features import CUTOFFS, FAMILIES, NOISE, write_page
from domain.settings import ForecastSettings
from ml.preprocessing import build_weekly_demand
from ml.transformation import build_inference_rows
from ml.transformation.feature_rows import feature_names
from tests.weekly_tables import panel_tables, week

NOT_OF_A_FAMILY = {"horizon_week", "smoothed", *(f"mean_{weeks}" for weeks in (2, 4, 8, 13, 26, 52))}
"""Without the horizon and the levels there is no forecast to compare with."""


def test_every_feature_is_of_one_family() -> None:
    demand = build_weekly_demand(panel_tables(n_series=5, n_weeks=20), cutoff=week(19), history_weeks=156)
    names = feature_names(build_inference_rows(demand, cutoff=week(19), settings=ForecastSettings(n_threads=1)))
    families = {name: [family for family, pattern in FAMILIES.items() if re.search(pattern, name)] for name in names}
    assert {name for name, found in families.items() if not found} == NOT_OF_A_FAMILY
    assert all(len(found) <= 1 for found in families.values()), families
    assert {family for found in families.values() for family in found} == set(FAMILIES)


@pytest.mark.parametrize("panel", list(CUTOFFS))
def test_its_cutoffs_are_reported_nowhere_else(panel: str) -> None:
    assert CUTOFFS[panel].isoformat() not in PANELS[panel].cutoffs
    assert CUTOFFS[panel].weekday() == 0


def test_changes_are_against_all_features(tmp_path: Path) -> None:
    write_page({"retailer": {"all features": 0.5, NOISE: 0.505, "without lags": 0.6}}, tmp_path / "page.md")
    text = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert "| without lags | 0.6000 (+20.0 %) |" in text
    assert f"| {NOISE} | 0.5050 (+1.0 %) |" in text
