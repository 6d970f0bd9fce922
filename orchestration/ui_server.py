"""`python -m orchestration.ui_server dev …`: `dagster dev` with a webserver that answers its own pages only.

`dagster dev` starts the webserver as a process of its own and offers no way to put anything before it. So this module takes the place of
`dagster_webserver` in that command line, and puts `own_pages` in front of Dagster's application.
"""

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import dagster_webserver.app
import dagster_webserver.cli
from dagster._cli import dev
from dagster._cli import main as dagster_main
from dagster_webserver.webserver import DagsterWebserver
from starlette.middleware import Middleware

from orchestration.own_pages import own_pages_only

_WEBSERVER, _MODULE = "dagster_webserver", "orchestration.ui_server"
_open_process = dev.open_ipc_subprocess  # type: ignore[attr-defined]  # Dagster is pinned, and a test starts this server


class GuardedWebserver(DagsterWebserver):
    """Dagster's webserver behind `own_pages`."""

    def build_middleware(self) -> list[Middleware]:
        """The layers in front of the routes, the outermost first."""
        return [*own_pages_only(), *super().build_middleware()]


def _open_with_our_webserver(parts: Sequence[str], **kwargs: Any) -> subprocess.Popen[Any]:
    process: subprocess.Popen[Any] = _open_process([_MODULE if part == _WEBSERVER else part for part in parts], **kwargs)
    return process


def main() -> None:
    """Be `dagster dev`, or the webserver that it starts."""
    if sys.argv[1:2] == ["dev"]:
        dev.open_ipc_subprocess = _open_with_our_webserver  # type: ignore[attr-defined]
        dagster_main()  # type: ignore[no-untyped-call]
    else:
        dagster_webserver.app.DagsterWebserver = GuardedWebserver  # type: ignore[attr-defined]
        dagster_webserver.cli.main()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
