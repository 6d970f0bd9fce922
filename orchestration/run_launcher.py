"""Launches runs as Dagster's default launcher does, and can tell whether a run's process still lives.

Dagster's code server notices when a run it launched dies. Nobody notices when both die (a reboot, a kill of the whole
group), nor when `replenish run` does: such a run would count as under way for ever, and hold the queue. `dagster.yaml`
names this class, and Dagster's run monitoring asks it.
"""

import os
from pathlib import Path

import dagster as dg
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus  # Dagster does not export what a launcher must return
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher

_STARTED_SLACK_SECONDS = 2.0
"""Clocks of events and processes are read at different moments, with ticks of 10 ms and a boot time in whole seconds."""
_ZOMBIE = "Z"
"""Ended, but nobody has asked how: usual in containers without an init process."""


class LocalRunLauncher(DefaultRunLauncher):
    """For one machine: all runs are processes of this host."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Yes."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether the process that last reported for the run lives; a run that has not reported yet is given the benefit."""
        reported = _last_process(self._instance, run.run_id)
        if reported is None or is_alive(reported[0], reported_at=reported[1]):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.NOT_FOUND, f"Process {reported[0]} of the run is gone.")


def is_alive(pid: int, *, reported_at: float) -> bool:
    """Whether the process that had this id at a moment lives: ids are given out again after a reboot.

    Args:
        pid: Process id.
        reported_at: A moment at which it lived, in seconds since the epoch.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    known = _state_and_start(pid)
    return known is None or (known[0] != _ZOMBIE and known[1] <= reported_at + _STARTED_SLACK_SECONDS)


def _last_process(instance: dg.DagsterInstance, run_id: str) -> tuple[int, float] | None:
    """Process id and moment of the last event in which a process named itself."""
    for entry in reversed(instance.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)):
        pid = entry.get_dagster_event().engine_event_data.metadata.get("pid")
        if pid is not None:
            return int(str(pid.value)), entry.timestamp
    return None


def _state_and_start(pid: int) -> tuple[str, float] | None:
    """State letter of a process and the second (since the epoch) in which it started; `None` where the system has no /proc."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime "))
    except (OSError, StopIteration):
        return None
    return fields[0], int(boot.split()[1]) + int(fields[19]) / os.sysconf("SC_CLK_TCK")
