"""Dagster's own records (runs, events, schedules): a folder beside the data, so that the UI shows what the CLI ran."""

import hashlib
import os
import shutil
from pathlib import Path

import dagster as dg

from domain.errors import StorageError
from orchestration.resources import DAGSTER_HOME_VARIABLE, dagster_home_override, user_state_folder
from sources.storage import is_remote

CONFIG_NAME = "dagster.yaml"
POOLS = ("ingest", "weekly", "daily")
"""One per rhythm; a run holds the pools of its assets, and `dagster.yaml` lets one run at a time hold each."""
_PROJECT_CONFIG = Path(__file__).resolve().parent.parent / CONFIG_NAME


def open_instance(root: str) -> dg.DagsterInstance:
    """The persistent instance of a data root.

    Raises:
        StorageError: Its folder cannot be written.
    """
    instance = dg.DagsterInstance.from_config(str(prepare_home(root)))
    _limit_pools(instance)
    return instance


def _limit_pools(instance: dg.DagsterInstance) -> None:
    """Create the pools before the first run: Dagster creates an unknown one too late to hold back the first two."""
    known = {pool.name for pool in instance.event_log_storage.get_pool_limits()}
    for pool in POOLS:
        if pool not in known:
            instance.event_log_storage.initialize_concurrency_limit_to_default(pool)


def prepare_home(root: str) -> Path:
    """The instance's folder with the project's `dagster.yaml` in it, ready to be `DAGSTER_HOME`.

    It is `<root>/dagster`. SQLite needs a local disk: for an s3:// root it is the folder `REPLENISH_DAGSTER_HOME`
    names, else `replenish/dagster-<hash of the root>` below the user's state folder, which no other user may enter.

    Raises:
        StorageError: The folder cannot be written.
    """
    home = _home(root)
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700 if is_remote(root) else 0o777)
        copy = home / f".{os.getpid()}-{CONFIG_NAME}"
        shutil.copyfile(_PROJECT_CONFIG, copy)
        copy.replace(home / CONFIG_NAME)  # at once: a running UI may be reading it
    except OSError as error:
        raise StorageError(f"cannot write Dagster's records to {home}", got=str(error), wanted="a writable folder", remedy=_remedy(root)) from error
    return home


def _home(root: str) -> Path:
    if not is_remote(root):
        return Path(root).resolve() / "dagster"
    override = dagster_home_override()
    name = hashlib.sha256(root.encode()).hexdigest()[:16]
    return Path(override) if override else user_state_folder() / "replenish" / f"dagster-{name}"


def _remedy(root: str) -> str:
    return f"Name a folder on a local disk: {DAGSTER_HOME_VARIABLE}." if is_remote(root) else "Correct the rights, or name another data root."
