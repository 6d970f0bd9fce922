"""Pages for people: text files written whole or not at all, locally or to an object store."""

import os
import tempfile
from pathlib import Path

from domain.errors import StorageError
from sources.storage import TEMPORARY_PREFIX, is_remote, publish_file


def write_page(text: str, location: str) -> None:
    """Write a text at exactly this location, replacing what is there.

    Raises:
        StorageError: The folder cannot be written.
    """
    try:
        folder = Path(tempfile.gettempdir()) if is_remote(location) else Path(location).parent
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f"{TEMPORARY_PREFIX}{os.getpid()}-{location.rsplit('/', maxsplit=1)[-1]}"
        temporary.write_text(text, encoding="utf-8")
        publish_file(temporary, location)
    except OSError as error:
        raise StorageError(f"cannot write {location}", got=str(error), wanted="a writable folder", remedy="Correct the rights or name another.") from error
