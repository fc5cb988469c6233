"""Bytes carried both ways between two connections: a room's way out, a tunnel of a notebook."""

from __future__ import annotations

import asyncio
from contextlib import suppress

PIECE = 2**16  # bytes read at once
Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def join(one: Ends, other: Ends) -> None:
    """Carry bytes both ways until both sides have ended; closes both."""
    await asyncio.gather(_carry(one[0], other[1]), _carry(other[0], one[1]))
    for writer in (one[1], other[1]):
        writer.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()
    with suppress(OSError, RuntimeError):
        writer.write_eof()
