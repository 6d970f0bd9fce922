"""The Dagster UI of a data root as an operator starts it (`replenish ui`), and its GraphQL API."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

Found = TypeVar("Found")
PATIENCE_SECONDS = 400.0
"""For a slow machine with other work; nothing here waits longer than it must."""

_LAUNCH_BACKFILL = """
mutation ($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) { __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } }
}"""
_BACKFILL = "query ($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status } ... on PythonError { message } } }"
_RUNS = """
query ($key: String!, $value: String!) {
  runsOrError(filter: {tags: [{key: $key, value: $value}]}) {
    ... on Runs { results { runId status parentRunId tags { key value } stepStats { stepKey status } } }
  }
}"""
_EVENTS = """
query ($id: ID!) {
  logsForRun(runId: $id) {
    ... on EventConnection { events { ... on EngineEvent { metadataEntries { label ... on TextMetadataEntry { text } } } } }
  }
}"""
_LOCATION = "{ workspaceOrError { ... on Workspace { locationEntries { loadStatus locationOrLoadError { __typename } } } } }"


class DagsterServer:
    """A running UI with its daemon."""

    def __init__(self, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.process = process
        self.log = log

    def query(self, text: str, **variables: object) -> Any:
        """Data of a GraphQL answer."""
        body = json.dumps({"query": text, "variables": variables}).encode()
        request = urllib.request.Request(f"{self.url}/graphql", data=body, headers={"Content-Type": "application/json"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            content = json.load(answer)
        assert "errors" not in content, content["errors"]
        return content["data"]

    def refusal(self, text: str, **headers: str) -> int:
        """Status with which a GraphQL request with these headers is refused; 0 = it is answered."""
        request = urllib.request.Request(  # noqa: S310
            f"{self.url}/graphql", data=json.dumps({"query": text}).encode(), headers={"Content-Type": "application/json"} | headers
        )
        try:
            with urllib.request.urlopen(request, timeout=60):  # noqa: S310
                return 0
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    def launch_backfill(self, tables: list[str], partitions: list[str], **parameters: object) -> str:
        """Launch a backfill of some assets ("stage/name") over some partition keys; return its id."""
        selection = [{"path": table.split("/")} for table in tables]
        answer = self.query(_LAUNCH_BACKFILL, params={"assetSelection": selection, "partitionNames": partitions, **parameters})["launchPartitionBackfill"]
        assert answer["__typename"] == "LaunchBackfillSuccess", answer
        return str(answer["backfillId"])

    def backfill_status(self, backfill_id: str) -> str:
        """`REQUESTED`, `COMPLETED_SUCCESS`, …"""
        return str(self.query(_BACKFILL, id=backfill_id)["partitionBackfillOrError"]["status"])

    def wait_for_backfill(self, backfill_id: str) -> str:
        """The status it ends with."""
        return self.wait_for(lambda: status if (status := self.backfill_status(backfill_id)).startswith(("COMPLETED", "FAILED", "CANCELED")) else None)

    def runs_of(self, backfill_id: str) -> list[Mapping[str, Any]]:
        """Its runs, newest first."""
        return list(self.query(_RUNS, key="dagster/backfill", value=backfill_id)["runsOrError"]["results"])

    def process_of(self, run_id: str) -> int | None:
        """Process id that the run has reported; `None` before it has."""
        events = self.query(_EVENTS, id=run_id)["logsForRun"]["events"]
        reported = [entry["text"] for event in events for entry in event.get("metadataEntries", []) if entry["label"] == "pid"]
        return int(reported[-1]) if reported else None

    def wait_for(self, look: Callable[[], Found | None]) -> Found:
        """What a look finds, as soon as it finds something."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"the UI has stopped:\n{self.log.read_text()[-3_000:]}"
            found = look()
            if found is not None:
                return found
            time.sleep(0.2)
        raise TimeoutError(f"nothing after {PATIENCE_SECONDS} s:\n{self.log.read_text()[-3_000:]}")

    def wait_until_ready(self) -> None:
        """Wait until the definitions are loaded."""
        self.wait_for(self._is_ready)

    def _is_ready(self) -> bool | None:
        try:
            entries = self.query(_LOCATION)["workspaceOrError"]["locationEntries"]
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return None
        return True if entries and all(entry["loadStatus"] == "LOADED" for entry in entries) else None


@contextlib.contextmanager
def serve(data: Path, source: Path, *, environment: Mapping[str, str]) -> Iterator[DagsterServer]:
    """Start `replenish ui` on a free port, ready after `wait_until_ready`; stop it with everything it started."""
    port = free_port()
    command = [str(Path(sys.executable).with_name("replenish")), "ui", "--data", str(data), "--source", str(source), "--port", str(port)]
    log = data.parent / f"{data.name}-ui.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=os.environ | environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        yield DagsterServer(port, process, log)
    finally:
        stop_group(process)


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def stop_group(process: subprocess.Popen[bytes]) -> None:
    """Interrupt a process as Ctrl-C does, wait for its end, then kill what is left of its session."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=30)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=30)
