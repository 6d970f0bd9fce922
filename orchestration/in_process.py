"""Runs in this process, for the command line: same definitions, same records, no queue; and errors as their owner must see them."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import dagster as dg
import duckdb

from assets.partitioned import Progress
from domain.errors import DataError, ReplenishError, StorageError
from domain.settings import Settings
from orchestration.definitions import build_definitions
from orchestration.instance import open_instance
from orchestration.jobs import LOGS_TO_INSTANCE
from orchestration.run_tags import REASON

_EVIDENCE = ("detail", "not_met")
"""What a check's metadata call it: a rule of ours, a suite."""


class InProcess:
    """The definitions and the instance of a data root, as they are now."""

    def __init__(self, settings: Settings, *, reason: str, on_progress: Progress) -> None:
        self._definitions = build_definitions(settings, on_progress=on_progress)
        self._reason = reason
        self.instance = open_instance(settings.data)

    def run(self, job_name: str, tags: Mapping[str, str]) -> dg.ExecuteInProcessResult:
        """One job over the partitions that the tags name.

        Raises:
            DataError: A check that blocks has failed.
        """
        job = self._definitions.resolve_job_def(job_name)
        with _failed_checks_told(self.instance):
            return job.execute_in_process(instance=self.instance, tags={**tags, REASON: self._reason}, run_config=LOGS_TO_INSTANCE)

    def materialize(self, table: str, tags: Mapping[str, str]) -> dg.ExecuteInProcessResult:
        """One table ("stage/name") with its checks, over the partitions that the tags name."""
        job = self._definitions.resolve_implicit_global_asset_job_def()
        return job.execute_in_process(
            instance=self.instance, asset_selection=[dg.AssetKey(table.split("/"))], tags={**tags, REASON: self._reason}, run_config=LOGS_TO_INSTANCE
        )


@contextmanager
def _failed_checks_told(instance: dg.DagsterInstance) -> Iterator[None]:
    """Say which check stopped the newest run, and on what evidence; Dagster names the check only."""
    try:
        yield
    except dg.DagsterError as error:
        newest = instance.get_runs(limit=1)
        records = instance.get_records_for_run(newest[0].run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION).records if newest else []
        events = [event for record in records if (event := record.event_log_entry.dagster_event) is not None]
        found = [event.event_specific_data for event in events if isinstance(event.event_specific_data, dg.AssetCheckEvaluation)]
        failed = [each for each in found if each.blocking and not each.passed and each.severity == dg.AssetCheckSeverity.ERROR]
        if not failed:
            raise
        names = ", ".join(f"{each.asset_key.to_user_string()}: {each.check_name}" for each in failed)
        evidence = "; ".join(str(value.value) for each in failed for name, value in each.metadata.items() if name in _EVIDENCE)
        raise DataError(
            f"a check stopped the run: {names}",
            got=evidence,
            wanted="nothing in breach; no table below it was written",
            remedy="docs/how-to/a_bad_week.md: correct the source and run again, or accept the week (settings `drift.accepted_weeks`).",
        ) from error


@contextmanager
def errors_of_ours(*, root: str) -> Iterator[None]:
    """Raise the error of ours that Dagster wrapped, or that a full or read-only disk was met, in place of Dagster's.

    Raises:
        ReplenishError: As the failing step raised it.
        StorageError: The data root is full or read-only.
        KeyboardInterrupt: A person stopped it: Dagster has an exception of its own for that.
    """
    try:
        yield
    except dg.DagsterExecutionInterruptedError as error:
        raise KeyboardInterrupt from error
    except Exception as error:
        known = _known_error(error, root=root)
        if known is None or known is error:
            raise
        raise known from error


def _known_error(error: BaseException | None, *, root: str) -> ReplenishError | None:
    """The error of ours that Dagster wrapped, or what a full or read-only disk did to its records; `None` = a defect."""
    seen = set[int]()
    while error is not None and id(error) not in seen:  # a chain of causes and contexts can close on itself
        seen.add(id(error))
        if isinstance(error, ReplenishError):
            return error
        if isinstance(error, sqlite3.OperationalError | duckdb.IOException):
            return StorageError(
                f"cannot write below {root}",
                got=str(error).splitlines()[0],
                wanted="a writable folder with space left",
                remedy="Free space or name another data root.",
            )
        error = error.__cause__ or error.__context__
    return None
