"""Executes docs/tutorial.md from top to bottom and compares what it shows with what is printed.

```sh        commands; `replenish` runs in this process, everything else in a shell
```python    one namespace for the whole page
```csv file=NAME   is written to NAME
```text      lines that the block before has printed, in this order; `…` stands for lines left out
```text figures    the same with every number masked: figures change with the engine
```console   shown, not executed
"""

import contextlib
import io
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from cli import main

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tutorial.md"
_BLOCK = re.compile(r"^```(\w+)[ ]?([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^(?:(?P<name>\w+)=(?P<value>\S+) )?replenish (?P<arguments>.*)$")
_CLOCK = re.compile(r"^\d\d:\d\d:\d\d  ")
_NUMBER = re.compile(r"\d[\d,.]*")


class Block(NamedTuple):
    language: str
    option: str
    text: str
    line: int


def blocks() -> Iterator[Block]:
    page = PAGE.read_text(encoding="utf-8")
    for found in _BLOCK.finditer(page):
        yield Block(*found.groups(), line=page.count("\n", 0, found.start()) + 1)


class Reader:
    """Somebody who works through the page."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capfd = monkeypatch, capfd
        self._names: dict[str, object] = {}
        self.printed = ""
        self.code = 0

    def follow(self, block: Block) -> None:
        if block.language == "sh":
            self.code, self.printed = 0, ""
            for script in _scripts(block.text):
                self._replenish(script) if _COMMAND.match(script) else self._shell(script)
        elif block.language == "python":
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                exec(compile(block.text, f"{PAGE.name}:{block.line}", "exec"), self._names)  # noqa: S102 - our own page
            self.code, self.printed = 0, printed.getvalue()
        elif block.language == "csv":
            Path(block.option.removeprefix("file=")).write_text(block.text, encoding="utf-8")

    def _replenish(self, command: str) -> None:
        found = _COMMAND.match(command)
        assert found
        self._capfd.readouterr()
        with self._monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["replenish", *shlex.split(found["arguments"])])
            if found["name"]:
                patch.setenv(found["name"], found["value"])
            try:
                main()
            except SystemExit as stop:
                self.code = int(stop.code or 0)
        self.printed += "".join(self._capfd.readouterr())

    def _shell(self, script: str) -> None:
        self.printed += subprocess.run(["sh", "-ec", script], check=True, capture_output=True, text=True).stdout


def _scripts(text: str) -> list[str]:
    """`replenish` commands one by one, what stands between them as one script."""
    parts = [""]
    for line in text.splitlines(keepends=True):
        parts += [line.rstrip(), ""] if _COMMAND.match(line) else []
        parts[-1] += "" if _COMMAND.match(line) else line
    return [part for part in parts if part.strip()]


def comparable(text: str, *, masked: bool) -> list[str]:
    lines = [" ".join(_CLOCK.sub("", line).split()) for line in text.splitlines()]
    return [_NUMBER.sub("#", line) if masked else line for line in lines if line]


def missing_line(shown: Block, printed: str) -> str | None:
    """The first line of the block that was not printed, or not in this order."""
    masked = shown.option == "figures"
    rest = iter(comparable(printed, masked=masked))
    return next((line for line in comparable(shown.text, masked=masked) if line != "…" and line not in rest), None)


def test_the_tutorial_does_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CHECKOUT", str(ROOT))
    reader = Reader(monkeypatch, capfd)
    executed, printed = list(blocks()), dict[str, str]()
    for block, shown in zip(executed, [*executed[1:], None], strict=True):
        reader.follow(block)
        if block.language not in {"sh", "python"}:
            continue
        refused = shown is not None and shown.language == "text" and shown.text.startswith("error:")
        assert reader.code == (2 if refused else 0), f"line {block.line}: {reader.printed}"
        if shown is not None and shown.language == "text":
            assert missing_line(shown, reader.printed) is None, f"line {shown.line}: {missing_line(shown, reader.printed)!r} is not in:\n{reader.printed}"
        printed[block.text] = reader.printed
    without_returns, with_returns = (next(text for command, text in printed.items() if file in command) for file in ("--out first", "--out second"))
    assert "assumed return_rate = 0" in without_returns
    assert "return_rate" not in with_returns


def test_a_line_that_was_not_printed_is_found() -> None:
    shown = Block("text", "figures", "  orders to place   12 of 16\n…\nlast line\n", 1)
    assert missing_line(shown, "12:00:00  orders to place  9 of 16 \nother\nlast line\n") is None
    assert missing_line(shown._replace(option=""), "orders to place  9 of 16\nlast line") == "orders to place 12 of 16"
    assert missing_line(shown, "last line\norders to place  9 of 16\n") == "last line"


def test_every_block_of_the_page_is_understood() -> None:
    assert {block.language for block in blocks()} == {"sh", "python", "csv", "text", "console"}
    assert PAGE.read_text(encoding="utf-8").count("```") == 2 * len(list(blocks()))
