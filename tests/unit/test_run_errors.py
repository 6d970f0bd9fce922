import sqlite3
import sys

import dagster as dg
import pytest

from cli import main
from domain.errors import DataError, StorageError
from domain.settings import Settings
from orchestration import run


def raising(error: BaseException, *, wrapped_in: type[Exception] | None = None):
    def fail(*_: object) -> None:
        if wrapped_in is None:
            raise error
        raise wrapped_in("step failed") from error

    return fail


def test_an_error_of_ours_comes_out_as_itself_whatever_dagster_wraps_it_in(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = DataError("table sales is empty")
    monkeypatch.setattr(run, "_run", raising(ours, wrapped_in=RuntimeError))
    with pytest.raises(DataError) as caught:
        run.run_platform(Settings())
    assert caught.value is ours


def test_a_disk_too_full_for_dagsters_records_is_a_storage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_run", raising(sqlite3.OperationalError("database or disk is full"), wrapped_in=RuntimeError))
    with pytest.raises(StorageError, match="disk is full"):
        run.run_platform(Settings())


def test_ctrl_c_during_a_step_ends_with_130_and_no_traceback(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(run, "_run", raising(dg.DagsterExecutionInterruptedError()))
    for arguments in ((), ("--json",)):
        monkeypatch.setattr(sys, "argv", ["replenish", "run", "--source", "x", *arguments])
        with pytest.raises(SystemExit) as stop:
            main()
        assert stop.value.code == 130
    assert "Traceback" not in capfd.readouterr().err


def test_a_defect_stays_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_run", raising(ZeroDivisionError("ours")))
    with pytest.raises(ZeroDivisionError):
        run.run_platform(Settings())


def test_a_chain_of_causes_that_closes_on_itself_comes_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = ZeroDivisionError("ours"), RuntimeError("step failed")
    first.__cause__, second.__cause__ = second, first
    monkeypatch.setattr(run, "_run", raising(first))
    with pytest.raises(ZeroDivisionError):
        run.run_platform(Settings())
