"""Whether a run's process still lives: alive, dead, and another process under the same id."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import dagster as dg
from dagster._core.launcher.base import WorkerStatus

from orchestration.instance import POOLS, open_instance
from orchestration.run_launcher import LocalRunLauncher, is_alive

_HANGING_RUN = """
    import sys, time
    import dagster as dg
    from orchestration.instance import open_instance

    @dg.op
    def hang() -> None:
        print("under way", flush=True)
        time.sleep(600)

    @dg.job
    def hanging() -> None:
        hang()

    with open_instance(sys.argv[1]) as instance:
        hanging.execute_in_process(instance=instance)
"""


def test_this_process_lives_and_did_not_long_ago() -> None:
    assert is_alive(os.getpid(), reported_at=time.time())
    if Path("/proc/stat").exists():
        assert not is_alive(os.getpid(), reported_at=time.time() - 86_400 * 365)  # then the id was another process's


def test_an_ended_process_is_gone() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    if Path("/proc/stat").exists():
        assert not is_alive(process.pid, reported_at=time.time())  # ended, but still in the table of processes
    process.wait()
    assert not is_alive(process.pid, reported_at=time.time())


def test_a_run_whose_process_was_killed_is_found_out(tmp_path: Path) -> None:
    command = [sys.executable, "-c", textwrap.dedent(_HANGING_RUN), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=Path(__file__).parents[2]) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"under way\n"
        with open_instance(str(tmp_path)) as instance:
            (run,) = instance.get_runs()
            launcher = instance.run_launcher
            assert isinstance(launcher, LocalRunLauncher)
            assert launcher.supports_check_run_worker_health
            assert launcher.check_run_worker_health(run).status == WorkerStatus.RUNNING
            process.send_signal(signal.SIGKILL)
            process.wait()
            assert not run.is_finished  # nobody could say so
            assert launcher.check_run_worker_health(run).status == WorkerStatus.NOT_FOUND


def test_a_run_that_has_not_reported_yet_is_left_alone(tmp_path: Path) -> None:
    @dg.job
    def empty() -> None:
        pass

    with open_instance(str(tmp_path)) as instance:
        run = instance.create_run_for_job(empty)
        assert instance.run_launcher.check_run_worker_health(run).status == WorkerStatus.RUNNING


def test_the_instance_limits_every_pool_from_the_start(tmp_path: Path) -> None:
    for _ in range(2):
        with open_instance(str(tmp_path)) as instance:
            assert {pool.name: pool.limit for pool in instance.event_log_storage.get_pool_limits()} == dict.fromkeys(POOLS, 1)
            assert instance.run_retries_enabled
            assert instance.run_monitoring_enabled
