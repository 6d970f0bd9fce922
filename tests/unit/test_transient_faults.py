"""A fault that passes is waited for; one that a person must act on fails at once; either comes out as itself."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from assets import transient_faults
from assets.partitioned import PartitionedFrames
from assets.transient_faults import BACKOFF, MAX_RETRIES, transient_faults_retried
from domain.errors import DataError, StaleInputError, StorageError, UsageError
from domain.settings import Settings
from orchestration.io_managers import ParquetPartitions

FRAME = pl.DataFrame({"table": ["sales"], "rule": ["units|positive"], "row": ["{}"]})


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transient_faults, "BACKOFF", dg.RetryPolicy(delay=0))


def failing(error: BaseException, *, times: int) -> tuple[Callable[[object], pl.DataFrame], list[int]]:
    calls: list[int] = []

    def compute(_: object) -> pl.DataFrame:
        calls.append(1)
        if len(calls) <= times:
            raise error
        return FRAME

    return compute, calls


def materialize(root: Path, compute: Callable[[object], pl.DataFrame]) -> dg.ExecuteInProcessResult:
    @dg.asset(key=["raw", "rejects"], partitions_def=dg.StaticPartitionsDefinition(["00"]))
    def rejects() -> PartitionedFrames:
        return PartitionedFrames([{"shard": "00"}], compute)

    manager = ParquetPartitions(Settings(data=str(root), n_shards=1), on_progress=lambda _: None)
    job = dg.Definitions(assets=[rejects], resources={"io_manager": manager}, jobs=[dg.define_asset_job("job", [rejects])]).resolve_job_def("job")
    with dg.DagsterInstance.ephemeral() as instance:
        return job.execute_in_process(instance=instance, partition_key="00")


@pytest.mark.parametrize("fault", [StorageError("the bucket does not answer"), OSError("stale file handle"), sqlite3.OperationalError("database is locked")])
def test_a_fault_that_passes_is_waited_for(fault: Exception, tmp_path: Path) -> None:
    compute, calls = failing(fault, times=2)
    result = materialize(tmp_path, compute)
    assert result.success
    assert len(calls) == 3
    assert [event.step_key for event in result.all_events if event.is_step_restarted] == ["raw__rejects"] * 2


@pytest.mark.parametrize("error", [DataError("no sales"), UsageError("no such merchant"), StaleInputError("no forecast"), ZeroDivisionError("ours")])
def test_what_trying_again_cannot_mend_fails_at_once(error: Exception, tmp_path: Path) -> None:
    compute, calls = failing(error, times=99)
    with pytest.raises(type(error)):
        materialize(tmp_path, compute)
    assert len(calls) == 1


def test_a_fault_that_stays_comes_out_as_the_cause(tmp_path: Path) -> None:
    fault = StorageError("the disk is full")
    compute, calls = failing(fault, times=99)
    with pytest.raises(dg.DagsterError) as caught:
        materialize(tmp_path, compute)
    assert len(calls) == 1 + MAX_RETRIES
    chain: list[BaseException | None] = [caught.value]
    while chain[-1] is not None:
        chain.append(chain[-1].__cause__ or chain[-1].__context__)
    assert fault in chain


def test_ctrl_c_is_no_fault() -> None:
    with pytest.raises(KeyboardInterrupt), transient_faults_retried(0):
        raise KeyboardInterrupt


def test_pauses_grow_and_stay_short() -> None:
    pauses = [BACKOFF.calculate_delay(attempt) for attempt in range(1, MAX_RETRIES + 1)]
    assert pauses == sorted(pauses)
    assert 5 < sum(pauses) < 20
