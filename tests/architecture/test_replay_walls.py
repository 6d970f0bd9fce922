"""The wall between world and engine: who may read the truth, and what the engine's side of a replay may import."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("assets", "benchmarks", "cli", "domain", "feature_store", "ml", "orchestration", "quality", "simulation", "sources")
MAY_READ_TRUTH = {"cli/replay.py", "cli/backtest.py", "cli/value.py", "assets/backtest/stage.py", "benchmarks/backtest_page.py"}
"""They hand it to the world of a replay, unread."""
ENGINE_SIDE = (
    "assets/replay/engine.py",
    "assets/replay/forecasts.py",
    "assets/replay/opening.py",
    "assets/replay/engine_view.py",
    "simulation/replay/decisions.py",
)
WORLD_SIDE = {"sources.truth", "assets.replay.reality", "assets.replay.demand", "simulation.replay.foresight"}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def test_only_replay_and_backtest_read_the_truth() -> None:
    readers = {str(path.relative_to(ROOT)) for package in PACKAGES for path in (ROOT / package).rglob("*.py") if "sources.truth" in imports(path)}
    assert "cli/replay.py" in readers
    assert readers <= MAY_READ_TRUTH


def test_the_engines_side_imports_nothing_of_the_world() -> None:
    for name in ENGINE_SIDE:
        assert not WORLD_SIDE & set(imports(ROOT / name)), name
