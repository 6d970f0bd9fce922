"""Rules of the house that a reviewer would otherwise have to remember."""

import ast
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("assets", "cli", "domain", "feature_store", "ml", "orchestration", "quality", "simulation", "sources")
MAY_READ_ENVIRONMENT = {"domain/settings.py", "orchestration/resources.py"}
MAY_PASS_ENVIRONMENT_ON = {"cli/ui.py"}
"""Hands the environment to the process it starts, reads nothing from it."""
MAY_NAME_TRUTH = {"sources/contract_writer.py"}
"""They write it; nothing may read it but the world reader of replay and backtest."""
HEAVY = ("dagster", "lightgbm", "great_expectations")


def python_files() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


def reads_environment(tree: ast.Module) -> bool:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv", "environb"}:
            return True
        if isinstance(node, ast.ImportFrom) and node.module == "os" and {name.name for name in node.names} & {"environ", "getenv"}:
            return True
    return False


def names_truth(tree: ast.Module) -> bool:
    """Whether a string of the code (docstrings aside) is the folder `truth` or a path into it."""
    docstrings = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)}
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value not in docstrings]
    return any("truth" in text.split("/") for text in texts)


def test_environment_is_read_in_two_places() -> None:
    found = {name for name, tree in python_files() if reads_environment(tree)}
    assert found - MAY_PASS_ENVIRONMENT_ON == MAY_READ_ENVIRONMENT


def test_truth_is_named_where_it_is_written_only() -> None:
    assert {name for name, tree in python_files() if names_truth(tree)} <= MAY_NAME_TRUTH


def test_the_scanners_see_what_they_look_for() -> None:
    assert reads_environment(ast.parse("import os\nx = os.environ['A']"))
    assert reads_environment(ast.parse("from os import getenv"))
    assert names_truth(ast.parse("path = folder / 'truth'"))
    assert names_truth(ast.parse("path = f'{root}/truth/weekly_demand.parquet'"))
    assert not names_truth(ast.parse("'''Writes truth/ beside it.'''"))


def test_imports_keep_the_contracts() -> None:
    done = subprocess.run([str(Path(sys.executable).with_name("lint-imports")), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_importing_the_platform_writes_nothing(tmp_path: Path) -> None:
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import orchestration.run"
    subprocess.run([sys.executable, "-W", "error", "-c", program], cwd=tmp_path, check=True)
    assert list(tmp_path.iterdir()) == []


def test_the_command_line_starts_light() -> None:
    program = f"import sys, cli; print([name for name in {HEAVY!r} if name in sys.modules])"
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
        seconds.append(time.perf_counter() - started)
        assert done.stdout.strip() == "[]"
    assert statistics.median(seconds) < 3.0  # 0.5 s on an idle machine; the bound only catches a heavy import
