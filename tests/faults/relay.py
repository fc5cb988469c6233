"""A wire that can be cut: carries bytes between a collaborator and the lab's proxy."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass, field

# RST instead of FIN: what was on its way is gone, in both directions.
AT_ONCE = struct.pack("ii", 1, 0)


@dataclass
class Relay:
    """Listens on ``port`` and passes everything on to the lab at ``target``."""

    target: int
    port: int = 0
    cuts: int = 0
    _server: asyncio.Server | None = None
    _wires: set[asyncio.StreamWriter] = field(default_factory=set)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Break every connection that goes through here, in the middle of whatever it carries."""
        self.cuts += 1
        for wire in tuple(self._wires):
            raw = wire.get_extra_info("socket")
            with suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
            wire.transport.abort()
        self._wires.clear()

    async def stop(self) -> None:
        self.cut()
        if self._server is not None:
            self._server.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        self._wires |= {writer, back}
        with suppress(asyncio.CancelledError):
            await asyncio.gather(self._pass(reader, back), self._pass(there, writer))
        self._wires -= {writer, back}

    @staticmethod
    async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(2**16):
                writer.write(data)
                await writer.drain()
        with suppress(OSError, RuntimeError):
            writer.close()
