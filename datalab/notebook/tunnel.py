"""A port of this notebook's own loopback that leads to one address, through the lab's web proxy.

Dask speaks TCP, and a notebook reaches other machines by the web proxy of its room only
(``isolation.web``), which carries what asks for it by ``CONNECT`` (RFC 9110, 9.3.6). What passes is
TLS between the notebook and the scheduler: neither end of the way reads it.
"""

from __future__ import annotations

import asyncio
import threading
from urllib.parse import urlsplit

from datalab.relay import join

CONNECT_SECONDS = 20


class Tunnel:
    """Open until :meth:`close`. ``port`` is on ``127.0.0.1``.

    Parameters
    ----------
    host, port
        where it leads.
    proxy
        ``http://host:port`` of the web proxy.
    """

    def __init__(self, host: str, port: int, proxy: str) -> None:
        self.there = f"{host}:{port}"
        parts = urlsplit(proxy)
        self.proxy = (parts.hostname or "127.0.0.1", parts.port or 3128)
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, name="tunnel", daemon=True).start()
        server = asyncio.run_coroutine_threadsafe(self._serve(), self.loop).result()
        self.port: int = server.sockets[0].getsockname()[1]

    async def _serve(self) -> asyncio.Server:
        return await asyncio.start_server(self._carry, "127.0.0.1", 0)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                far_reader, far_writer = await asyncio.open_connection(*self.proxy)
                head = f"CONNECT {self.there} HTTP/1.1\r\nHost: {self.there}\r\n\r\n"
                far_writer.write(head.encode())
                answer = await far_reader.readuntil(b"\r\n\r\n")
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            writer.close()
            return
        if b" 200 " in answer.split(b"\r\n")[0]:
            await join((reader, writer), (far_reader, far_writer))
            return
        far_writer.close()
        writer.close()

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
