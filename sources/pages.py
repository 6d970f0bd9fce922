"""Pages for people: text files written whole or not at all, locally or to an object store."""

import tempfile
from pathlib import Path

from domain.errors import StorageError
from sources.part_files import replacing
from sources.storage import is_remote, publish_file


def write_page(content: str | bytes, location: str) -> None:
    """Write a text, or a picture's bytes, at exactly this location, replacing what is there.

    Raises:
        StorageError: The folder cannot be written.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        if is_remote(location):
            with tempfile.NamedTemporaryFile(delete=False) as file:
                file.write(data)
            publish_file(Path(file.name), location)
        else:
            with replacing(Path(location)) as part:
                part.write(data)
    except OSError as error:
        raise StorageError(f"cannot write {location}", got=str(error), wanted="a writable folder", remedy="Correct the rights or name another.") from error
