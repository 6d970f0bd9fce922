"""The data flow as a file under review: a change of flow is a diff a reviewer sees."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.stages import GROUPS, STAGES
from domain.settings import Settings
from orchestration.definitions import build_definitions

GOLDEN = Path(__file__).with_name("asset_graph.txt")
README = Path(__file__).parents[2] / "README.md"
UPDATE = "PYTHONPATH=. python tests/architecture/test_asset_graph.py"


def graph_of(settings: Settings) -> Any:  # Dagster does not export the type
    return build_definitions(settings).resolve_asset_graph()


def asset_graph_text() -> str:
    """One line per asset: key, group, partitions, upstream keys; stages in order."""
    graph = graph_of(Settings(n_shards=2))
    stages = list(STAGES)
    nodes = sorted(graph.asset_nodes, key=lambda node: (stages.index(node.key.path[0]), node.key.path))
    return "".join(f"{node.key.to_user_string()} | {node.group_name} | {_partitions(node.partitions_def)} | {_upstream(node)}\n" for node in nodes)


def _partitions(definition: dg.PartitionsDefinition | None) -> str:
    if isinstance(definition, dg.MultiPartitionsDefinition):
        return " × ".join(sorted(definition.partition_dimension_names, key=lambda name: name == "shard"))
    if isinstance(definition, dg.TimeWindowPartitionsDefinition):
        return "week"
    return "shard" if definition else "none"


def _upstream(node: Any) -> str:
    return ", ".join(sorted(key.to_user_string() for key in node.parent_keys)) or "-"


def test_graph_is_the_reviewed_one() -> None:
    assert asset_graph_text() == GOLDEN.read_text(encoding="utf-8"), f"the flow changed; if that is meant: {UPDATE}"


def test_stages_are_modules_in_order() -> None:
    assert [module.__name__ for module in STAGES.values()] == [f"assets.{stage}" for stage in STAGES]
    assert {node.key.path[0] for node in graph_of(Settings(n_shards=2)).asset_nodes} == set(STAGES)


def test_every_group_has_its_sentence_and_tables_that_watch_stand_apart() -> None:
    nodes = graph_of(Settings(n_shards=2)).asset_nodes
    assert {node.group_name for node in nodes} == set(GROUPS)
    apart = {node.key.to_user_string() for node in nodes if node.group_name != node.key.path[0]}
    assert {table for table in apart if "drift" in table or "tallies" in table} == apart - {"evaluation/forecast_accuracy"}
    assert [group for group in GROUPS if group in STAGES] == list(STAGES)
    assert all(sentence.endswith(".") and len(sentence.split()) <= 25 for sentence in GROUPS.values())


def test_groups_follow_each_other_without_a_circle() -> None:
    """Collapsed, every arrow points forward: a newcomer can read the overview from left to right."""
    groups = list(GROUPS)
    graph = graph_of(Settings(n_shards=2))
    group_of = {node.key: node.group_name for node in graph.asset_nodes}
    backward = {(group_of[parent], node.group_name) for node in graph.asset_nodes for parent in node.parent_keys}
    assert {(above, below) for above, below in backward if groups.index(above) > groups.index(below)} == set()


def test_the_ui_shows_the_overview_of_the_code_location() -> None:
    shown = build_definitions(Settings(n_shards=2)).metadata["overview"].value
    assert all(f"| {group} | {sentence} |" in shown for group, sentence in GROUPS.items())
    assert shown in README.read_text(encoding="utf-8")


def test_no_asset_reads_a_later_stage() -> None:
    stages = list(STAGES)
    for node in graph_of(Settings(n_shards=2)).asset_nodes:
        assert all(stages.index(key.path[0]) <= stages.index(node.key.path[0]) for key in node.parent_keys), node.key


@pytest.mark.parametrize("attribute", ["description", "owners", "kinds", "code_version"])
def test_every_asset_is_documented_and_owned(attribute: str) -> None:
    graph = graph_of(Settings(n_shards=2))
    assert [node.key.path for node in graph.asset_nodes if not getattr(node, attribute)] == []


def test_definitions_load_for_the_webserver() -> None:
    dg.Definitions.validate_loadable(build_definitions(Settings(n_shards=2)))


if __name__ == "__main__":
    GOLDEN.write_text(asset_graph_text(), encoding="utf-8")
