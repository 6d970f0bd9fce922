"""The table of policies by scenario family: its figures, its page, its command."""

import json

import numpy as np
import pytest

from benchmarks import scenario_table
from benchmarks.families import FAMILIES
from benchmarks.scenario_page import READING, page
from cli import main
from domain.errors import UsageError
from domain.settings import OptimizerSettings, Settings, SimulationSettings

FEW = Settings(simulation=SimulationSettings(n_paths_optimize=60, n_paths_evaluate=150), optimizer=OptimizerSettings(evaluation_budget=40))


@pytest.fixture(scope="module")
def figures():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scenario_table, "Settings", lambda: FEW)
        yield scenario_table.run(n_skus=14, threads=1)


def test_every_group_and_objective_has_every_policy(figures):
    assert list(figures["groups"]) == ["all", "life_cycle", "steady_state", *FAMILIES]
    sizes = {name: group["n_skus"] for name, group in figures["groups"].items()}
    assert sizes == {"all": 14, "life_cycle": 6, "steady_state": 8, **dict.fromkeys(FAMILIES, 2)}
    for group in figures["groups"].values():
        assert all(list(group[objective]) == list(scenario_table.NAMES) for objective in scenario_table.OBJECTIVES)


def test_nobody_beats_hindsight_and_extended_is_compared_with_itself(figures):
    for group in figures["groups"].values():
        for objective in scenario_table.OBJECTIVES:
            rows = group[objective]
            assert min(row["cost_eur"] for row in rows.values()) == rows["hindsight"]["cost_eur"]
            assert rows["hindsight"]["hindsight_plan_vs_bound"] >= 0
            assert (rows["extended"]["cost_vs_extended"], rows["extended"]["cheaper_share"]) == (0.0, 0.0)
            assert all(row["low"] <= row["cost_vs_extended"] <= row["high"] for row in rows.values())
            assert all(0 <= row[share] <= 1 for row in rows.values() for share in ("fill_rate", "availability"))


def test_groups_add_up(figures):
    groups = figures["groups"]
    for name in scenario_table.NAMES:
        by_family = [groups[family]["mean"][name]["cost_eur"] for family in FAMILIES]
        assert groups["all"]["mean"][name]["cost_eur"] == pytest.approx(np.mean(by_family), abs=0.02)


def test_differences_are_of_sums_with_a_paired_interval():
    rng = np.random.default_rng(0)
    reference = rng.lognormal(3, 2, 200)
    same = scenario_table._against(1.1 * reference, reference)
    assert same == {"cost_vs_extended": 0.1, "low": 0.1, "high": 0.1, "cheaper_share": 0.0}
    mixed = scenario_table._against(reference * np.where(np.arange(200) < 50, 0.5, 1.0), reference)
    assert mixed["cheaper_share"] == 0.25
    assert mixed["low"] < mixed["cost_vs_extended"] < mixed["high"] <= 0


def test_the_page_shows_the_figures_and_keeps_what_people_wrote(figures):
    text = page(figures, before=f"old figures\n{READING}\nWe conclude.\n")
    assert text.endswith(f"{READING}\nWe conclude.\n")
    assert "old figures" not in text
    assert text.count("| hindsight |") == 2 * len(scenario_table.GROUPS)
    row = figures["groups"]["launch"]["p75"]["newsvendor"]
    assert f"| newsvendor | {row['cost_eur']:,.1f} | {row['cost_vs_extended']:+.1%} [" in text
    assert text == page(figures, before=text)


def test_too_few_skus_are_refused():
    with pytest.raises(UsageError, match="too few SKUs"):
        scenario_table.run(n_skus=13)


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_the_command_prints_tables_or_json(options, figures, monkeypatch, capfd):
    monkeypatch.setattr(scenario_table, "run", lambda **_: figures)
    monkeypatch.setattr("sys.argv", ["replenish", "bench", "policies", "--skus", "14", *options])
    with pytest.raises(SystemExit) as done:
        main()
    out = capfd.readouterr().out
    assert not done.value.code
    assert json.loads(out) == figures if options else "## Life cycle: launch, decay, seasonal peak (6 SKUs)" in out
