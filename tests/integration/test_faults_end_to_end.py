"""`replenish run` on a market with faults in its newest week: what docs/how-to/inject_faults.md promises."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from domain.errors import DataError
from domain.settings import load_settings
from orchestration.run import run_platform
from sources.market import write_market
from sources.market.faults import faults_from_rows

WEEK = date(2026, 9, 21)
FAULTS = (
    {"kind": "duplicated_week", "week": WEEK, "merchants": ["M003"]},
    {"kind": "frozen_stock_feed", "week": WEEK, "merchants": ["M003"]},
)


def test_a_duplicated_week_stops_the_run_until_a_person_accepts_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_market(n_merchants=3, n_articles=16, n_weeks=60, seed=7, out=tmp_path / "source", faults=faults_from_rows(FAULTS))
    monkeypatch.setattr("orchestration.run.FEWEST_HISTORY_WEEKS", 1_000)  # the newest cutoff alone
    small: dict[str, Any] = {
        "forecast": {"n_trees": 6, "n_threads": 1},
        "simulation": {"n_paths_optimize": 50, "n_paths_evaluate": 60, "n_threads": 1},
        "optimizer": {"evaluation_budget": 20},
    }

    settings = load_settings(data=str(tmp_path / "data"), source=str(tmp_path / "source"), profile="tiny", n_shards=1, **small)
    with pytest.raises(DataError, match="input_is_sound") as caught:
        run_platform(settings)
    assert "sales_repeated (merchant M003)" in str(caught.value)
    assert "accepted_weeks" in str(caught.value)
    assert (tmp_path / "data" / "series" / "input_drift" / f"week={WEEK}").exists()
    assert not (tmp_path / "data" / "features").exists()
    assert not (tmp_path / "data" / "policy").exists()

    accepted = load_settings(
        data=str(tmp_path / "data"), source=str(tmp_path / "source"), profile="tiny", n_shards=1, drift={"accepted_weeks": [WEEK.isoformat()]}, **small
    )
    summary = run_platform(accepted)
    assert summary.n_series == 48
    told = {line.split(":")[0] for line in summary.drift}
    assert {"sales_repeated (merchant M003)", "stock_frozen (merchant M003)"} <= told
