"""The file: one JSON line per message in `alerts.jsonl`, beside Dagster's records. On by default; each line is written exactly once."""

import json
import os
from pathlib import Path
from typing import Literal

from domain.errors import DeliveryError
from domain.settings import AlertSettings
from quality.alerts.alert import Notification

FILE_NAME = "alerts.jsonl"


class FileChannel:
    """Lines at the end of a file."""

    name: Literal["file"] = "file"

    def __init__(self, settings: AlertSettings, *, folder: str | Path) -> None:
        self._path, self._link_base = Path(folder) / FILE_NAME, settings.link_base

    def send(self, notification: Notification) -> None:
        """Append the line, unless an attempt that was cut off has written it already, perhaps when other alerts fired."""
        line = json.dumps(notification.as_record(link_base=self._link_base)).encode()
        try:
            written = self._path.read_bytes() if self._path.exists() else b""
            if any(_has_id(told, notification.id) for told in written.splitlines()):
                return
            torn = b"\n" if written and not written.endswith(b"\n") else b""
            with self._path.open("ab") as file:
                file.write(torn + line + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise DeliveryError(f"cannot write {self._path}", got=str(error), wanted="a writable file", remedy="Free space or correct the rights.") from error


def _has_id(line: bytes, notification_id: str) -> bool:
    """Whether a line tells this message, and whole."""
    if notification_id.encode() not in line:
        return False
    try:
        return bool(json.loads(line)["id"] == notification_id)
    except ValueError:  # torn
        return False
