"""What jupyter-collaboration's slider of earlier states reads: the log of an open room."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from pycrdt import Doc
from pycrdt.store import BaseYStore, YDocNotFound

if TYPE_CHECKING:
    from datalab.live.room import LiveRoom


class Timeline(BaseYStore):
    """The room writes by itself (:mod:`datalab.live.room`); this only reads."""

    room: LiveRoom | None = None

    def __init__(self, path: str, log: Any = None, config: Any = None, **_: Any) -> None:
        self.path = path

    async def read(self) -> AsyncIterator[tuple[bytes, bytes, float]]:
        rows = await self.room.rows() if self.room is not None else []
        if not rows:
            raise YDocNotFound
        for change, at in rows:
            yield change, b"", at

    async def write(self, data: bytes) -> None:
        """Nothing: the room put it into the log before."""

    async def encode_state_as_update(self, ydoc: Doc[Any]) -> None:
        """Nothing, as above."""
