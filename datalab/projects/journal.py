"""A journal that code of a project or a person writes in its own folder, read as nobody's word.

A file of JSON lines in ``.datalab``. Who reads it is often root: nothing that this code may
have put there leads anywhere else, and no more than the end of it is read.
"""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = ".datalab"


def journal_lines(home: Path, name: str, largest: int) -> list[bytes]:
    """The last ``largest`` bytes of a journal as lines, no link followed; none where it is not
    there or is no file. ``home`` is the folder of the project or the person."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        top = os.open(home, flags | os.O_DIRECTORY)
        try:
            folder = os.open(FOLDER, flags | os.O_DIRECTORY, dir_fd=top)
        finally:
            os.close(top)
        try:
            handle = os.open(name, flags | os.O_NONBLOCK, dir_fd=folder)
        finally:
            os.close(folder)
    except OSError:
        return []
    with os.fdopen(handle, "rb") as file:
        try:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - largest))
            return file.read(largest).splitlines()
        except OSError:  # a folder or a pipe of that name
            return []
