"""Resources: the settings. The only file besides `domain/settings.py` that reads environment variables."""

import os
from pathlib import Path

import dagster as dg

from assets.partitioned import Progress
from domain.settings import Settings
from orchestration.io_managers import ParquetPartitions

DAGSTER_HOME_VARIABLE = "REPLENISH_DAGSTER_HOME"


def build_resources(settings: Settings, *, on_progress: Progress | None = None) -> dict[str, object]:
    """What assets and checks ask for by name."""
    tell: Progress = on_progress or (lambda _: None)
    return {
        "progress": dg.ResourceDefinition.hardcoded_resource(tell),
        "settings": dg.ResourceDefinition.hardcoded_resource(settings),
        "io_manager": ParquetPartitions(settings, on_progress=tell),
    }


def dagster_home_override() -> str | None:
    """Folder for Dagster's own records, where the data root is not a local folder."""
    return os.environ.get(DAGSTER_HOME_VARIABLE)


def user_state_folder() -> Path:
    """Where a program keeps what must outlive it, of this user alone (XDG: `$XDG_STATE_HOME`, else `~/.local/state`)."""
    named = os.environ.get("XDG_STATE_HOME")
    return Path(named) if named else Path("~/.local/state").expanduser()


def ui_environment(*, root: str, source: str, home: Path) -> dict[str, str]:
    """This process's environment with what `dagster dev` and the code it loads must know."""
    return os.environ | {"DAGSTER_HOME": str(home), "REPLENISH_DATA": root, "REPLENISH_SOURCE": source}
