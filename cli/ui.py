"""`replenish ui`: the Dagster UI over a data root."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.terminal import JsonOption, emit


def ui(
    data: Annotated[str | None, typer.Option(help="Data root; default: REPLENISH_DATA, else ./data.")] = None,
    source: Annotated[str | None, typer.Option(help="Source the raw stage reads; default: the demo market below the data root.")] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 3000,
    as_json: JsonOption = False,
) -> None:
    """Open the Dagster UI (webserver and daemon) on this machine.

    Example: `replenish ui --data data --port 3000`
    """
    from domain.settings import load_settings
    from orchestration.instance import open_instance
    from orchestration.resources import ui_environment

    settings = load_settings(data=data, source=source)
    root = settings.data if settings.data.startswith("s3://") else str(Path(settings.data).resolve())
    workspace = Path(__file__).resolve().parent.parent / "workspace.yaml"
    with open_instance(root) as instance:
        home = Path(instance.root_directory)
    environment = ui_environment(root=root, source=settings.source or f"{root}/demo-market", home=home)
    url = f"http://127.0.0.1:{port}"
    emit({"url": url, "data": root, "home": str(home)}, f"Dagster UI on {url} (stop with Ctrl-C)", as_json=as_json)
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "orchestration.ui_server",
        "dev",
        "--workspace",
        str(workspace),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    os.chdir(home)
    os.execve(sys.executable, command, environment)  # noqa: S606  in place of this process, so that whoever stops it stops Dagster
