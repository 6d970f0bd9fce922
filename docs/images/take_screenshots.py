"""Take the pictures of the Dagster UI that the documentation shows: `python -m docs.images.take_screenshots --data DIR`.

Needs a data root that `replenish run` has filled, the dependency group `screenshots` and a Chromium. It starts the UI itself, or looks at a running one (`--url`).
"""

import argparse
import contextlib
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Page, sync_playwright

from assets.layout import newest_partition

FOLDER = Path(__file__).parent
CHROMIUM = "/usr/bin/chromium"
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PORT = 3999
_START_SECONDS = 180
_DRAWN_SECONDS = 4.0
"""The graph and the bars fade in after the data has come."""


def take_all(url: str, day: str) -> None:
    """The three pictures, beside this file.

    Args:
        url: Of the UI.
        day: Decision day whose partition is shown.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        page = browser.new_page(viewport={"width": 1500, "height": 850})
        partition = f"{url}/assets/policy/policies?view=partitions&partition={quote(f'{day}|00')}"
        _graph(page, f"{url}/asset-groups")
        _partitions(page, partition)
        _plot(page, partition)
        browser.close()


def _graph(page: Page, address: str) -> None:
    """The groups, collapsed: the overview."""
    page.set_viewport_size({"width": 1600, "height": 1060})
    _open(page, address, until="Materialize all")
    page.get_by_text("Hide navigation").click()
    _open(page, f"{address}/?expanded=", until="Materialize all")
    _save(page, "asset_graph.png")
    page.set_viewport_size({"width": 1500, "height": 850})


def _partitions(page: Page, address: str) -> None:
    _open(page, address, until="Partitions Selected")
    _save(page, "partitions.png")


def _plot(page: Page, address: str) -> None:
    _open(page, address, until="Partitions Selected")
    page.get_by_text("[Show Markdown]").first.click()
    time.sleep(_DRAWN_SECONDS)
    _save(page, "policy_plot.png")


def _open(page: Page, address: str, *, until: str) -> None:
    page.goto(address)
    page.get_by_text(until).first.wait_for()
    time.sleep(_DRAWN_SECONDS)


def _save(page: Page, name: str) -> None:
    page.screenshot(path=FOLDER / name)


@contextlib.contextmanager
def running_ui(data: str) -> Iterator[str]:
    """Address of a UI over a data root; it ends with the block."""
    url = f"http://127.0.0.1:{PORT}"
    process = subprocess.Popen([str(Path(sys.executable).with_name("replenish")), "ui", "--data", data, "--port", str(PORT)])  # noqa: S603
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not _answers(url):
            if time.monotonic() > deadline:
                raise TimeoutError(f"no UI at {url} after {_START_SECONDS} s")
            time.sleep(1)
        yield url
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/server_info", timeout=5):  # noqa: S310
            return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="data root that `replenish run` has filled")
    parser.add_argument("--url", help="a UI over it that runs already")
    arguments = parser.parse_args()
    day = newest_partition(arguments.data, "policy/policies", "day")
    if day is None:
        sys.exit(f"nothing decided in {arguments.data}: run `replenish run --data {arguments.data} …` first")
    with contextlib.nullcontext(arguments.url) if arguments.url else running_ui(arguments.data) as url:
        take_all(url, day)


if __name__ == "__main__":
    main()
