"""Pictures that people send: encoded anew by a child that can do nothing else, kept as files.

What is kept was drawn by us from the pixels that one sees, upright, at 1600 and 400 pixels: no
place, no name of a phone, no profile, nothing that hid behind the picture. Nobody but a moderator
and its author sees one before it is accepted.
"""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from datalab.errors import PictureRefused, TooFast
from datalab.i18n import Phrase
from datalab.isolation.sandbox import NOBODY, Room, Walls, mounts, probe
from datalab.participation.author import short_id
from datalab.participation.store import Store
from datalab.participation.tables.author import PICTURE
from datalab.settings import Settings

LOG = logging.getLogger(__name__)
LARGEST = 20_000_000  # bytes of what is sent
LONGEST_DESCRIPTION = 300  # characters
SECONDS = 30
AT_ONCE = 2  # children
MOST_WAITING = 40
FULL = {errno.ENOSPC, errno.EDQUOT}
ID_LENGTH = 20
CHILD = (sys.executable, "-I", "-m", "datalab.participation.encoder")
REASONS = {
    "large": Phrase("it is larger than 20 MB. Take it again with a smaller size, or crop it."),
    "empty": Phrase("the file is empty. Choose it again."),
    "heic": Phrase(
        "it is in the format HEIC of some phones, which few programs read. Send it as JPEG (in "
        "the phone's camera settings: “Most compatible”), or take a screenshot of it."
    ),
    "format": Phrase("it is no JPEG, PNG, WebP or GIF picture. Take a photo or a screenshot."),
    "pixels": Phrase("it has too many pixels. Take it again with a smaller size."),
    "room": Phrase(
        "there is no room left for pictures here. Send what you have to say without it, and the "
        "picture another day: whoever runs this lab has to make room first."
    ),
    "broken": Phrase("the file is damaged or incomplete. Choose it again, or take another photo."),
    "ours": Phrase(
        "no picture can be read here at the moment, whatever it is. Send what you have to say "
        "without it; whoever runs this lab finds the reason in its log."
    ),
}
SIGNALS = 128  # a program in the walls that a signal ended answers this and its number
REFUSED = 3  # what the child ends with where the picture is at fault
Rectangle = tuple[float, float, float, float]  # left, top, right, bottom, shares of the sides
_pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="picture")


@dataclass(frozen=True)
class Encoded:
    """Both sizes as JPEG; ``width`` and ``height`` are of the larger."""

    large: bytes
    small: bytes
    width: int
    height: int


async def keep(
    store: Store,
    settings: Settings,
    data: bytes,
    author_id: str | None,
    scope: str,
    alternative: str,
    now: float,
) -> str:
    """Keep what somebody sent; returns the id of the picture.

    ``alternative`` is the text for who does not see it.

    Raises
    ------
    PictureRefused
        with what is wrong and what to send instead.
    TooFast
        where too many pictures wait already.
    """
    check_room(settings)
    made = await encode(data, settings)
    id = short_id(ID_LENGTH)
    try:
        await asyncio.to_thread(_write, settings.pictures, id, made)
    except OSError as error:
        erase_files(settings.pictures, id)
        if error.errno not in FULL:
            raise
        raise PictureRefused(reason=REASONS["room"]) from None
    values = {
        "id": id,
        "author_id": author_id,
        "scope": scope,
        "width": made.width,
        "height": made.height,
        "bytes": len(made.large) + len(made.small),
        "alternative": alternative.strip()[:LONGEST_DESCRIPTION],
        "created_at": now,
    }

    def work(connection: Connection) -> None:
        connection.execute(insert(PICTURE).values(**values))

    try:
        await asyncio.wrap_future(store.submit(work))
    except BaseException:
        erase_files(settings.pictures, id)
        raise
    return id


def check_room(settings: Settings) -> None:
    """
    Raises
    ------
    PictureRefused
        where the disk has less free than the setting ``picture_floor``: pictures are what fills
        it, and words have to find room longer than they do.
    """
    folder = settings.pictures
    folder = next(one for one in (folder, *folder.parents) if one.exists())
    if shutil.disk_usage(folder).free < settings.picture_floor:
        raise PictureRefused(reason=REASONS["room"])


async def encode(data: bytes, settings: Settings, rectangles: Sequence[Rectangle] = ()) -> Encoded:
    """``data`` drawn anew, with ``rectangles`` in black.

    Raises
    ------
    PictureRefused, TooFast
    """
    if _pool._work_queue.qsize() > MOST_WAITING:
        raise TooFast(SECONDS)
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_pool, encode_now, data, settings.home, tuple(rectangles))


def encode_now(data: bytes, home: Path, rectangles: Sequence[Rectangle] = ()) -> Encoded:
    """As :func:`encode`, in this thread."""
    if not data:
        raise PictureRefused(reason=REASONS["empty"])
    if len(data) > LARGEST:
        raise PictureRefused(reason=REASONS["large"])
    more = [json.dumps(rectangles)] if rectangles else []
    command = [*_walls(home), *CHILD, *more]
    try:
        done = subprocess.run(
            command,
            input=data,
            capture_output=True,
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            cwd="/",
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PictureRefused(reason=REASONS["pixels"]) from None
    if done.returncode:
        word = done.stderr.decode(errors="replace")
        # A signal ended it: the picture broke its reader. Anything else is no answer of the child.
        if done.returncode != REFUSED and 0 < done.returncode < SIGNALS:
            LOG.error("pictures cannot be read: %s", word.strip()[-500:])
            raise PictureRefused(reason=REASONS["ours"])
        raise PictureRefused(reason=REASONS.get(word, REASONS["broken"]))
    try:
        (large, width, height), (small, _, _) = _parts(done.stdout)
    except ValueError:  # not what our own child says
        raise PictureRefused(reason=REASONS["broken"]) from None
    return Encoded(large, small, width, height)


def accept(connection: Connection, id: str, accepted: bool = True) -> None:
    """Let everybody see a picture, or nobody any more."""
    connection.execute(update(PICTURE).where(PICTURE.c.id == id).values(accepted=accepted))


def get(connection: Connection, id: str) -> Any | None:
    """The row of a picture."""
    return connection.execute(select(PICTURE).where(PICTURE.c.id == id)).mappings().first()


def description(connection: Connection, id: str | None) -> str:
    """What its author wrote for who does not see a picture; "" where there is nothing."""
    row = get(connection, id) if id else None
    return str(row["alternative"]) if row else ""


def describe(connection: Connection, id: str, words: str, seen: str) -> bool:
    """Change what is read to who does not see a picture; False where it is no longer ``seen``."""
    said = " ".join(words.split())[:LONGEST_DESCRIPTION]
    where = (PICTURE.c.id == id, PICTURE.c.alternative == seen)
    return connection.execute(update(PICTURE).where(*where).values(alternative=said)).rowcount == 1


async def black_out(
    store: Store, settings: Settings, id: str, rectangles: Sequence[Rectangle]
) -> None:
    """Paint faces and plates over for good; the picture as it was is gone.

    Raises
    ------
    PictureRefused
    """
    data = await asyncio.to_thread((settings.pictures / f"{id}.jpg").read_bytes)
    made = await encode(data, settings, rectangles)
    await asyncio.to_thread(_write, settings.pictures, id, made)

    def work(connection: Connection) -> None:
        size = len(made.large) + len(made.small)
        connection.execute(update(PICTURE).where(PICTURE.c.id == id).values(bytes=size))

    await asyncio.wrap_future(store.submit(work))


def erase(connection: Connection, folder: Path, id: str) -> None:
    """A picture, its row and its files."""
    connection.execute(delete(PICTURE).where(PICTURE.c.id == id))
    erase_files(folder, id)


def erase_files(folder: Path, id: str) -> None:
    for name in file_names(id):
        (folder / name).unlink(missing_ok=True)


def file_names(id: str) -> tuple[str, str]:
    """The larger file and the smaller."""
    return f"{id}.jpg", f"{id}-small.jpg"


def _write(folder: Path, id: str, made: Encoded) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, content in zip(file_names(id), (made.large, made.small), strict=True):
        partial = folder / f".{name}"
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, folder / name)


@cache
def _walls(home: Path) -> list[str]:
    """Where bubblewrap stands: no network, no file of the lab, nothing that can be written."""
    walls: Walls = probe(home)
    if walls.program is None:
        return []
    room = Room("picture", Path("/nonexistent"), NOBODY, Path("/nonexistent"), {})
    return mounts(walls, room, home=False)


def _parts(output: bytes) -> list[tuple[bytes, int, int]]:
    found, rest = [], output
    while rest:
        head, _, rest = rest.partition(b"\n")
        length, width, height = (int(word) for word in head.split())
        found.append((rest[:length], width, height))
        rest = rest[length:]
    return found
