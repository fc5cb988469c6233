"""Somebody at a notebook: speaks the Yjs protocol as JupyterLab's ``WebsocketProvider`` does.

It keeps its document while it is offline, sends its state vector when it comes back, and sends
what the server lacks. ``reload`` is what closing the page does: the document is gone.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from pycrdt import (
    Array,
    Decoder,
    Doc,
    Map,
    Text,
    YMessageType,
    create_sync_message,
    create_update_message,
    handle_sync_message,
)
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import (
    WebSocketClientConnection,
    WebSocketClosedError,
    websocket_connect,
)

from datalab.live import notes

# y-websocket: 100 ms, doubled up to 2.5 s.
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.5
# The reason that ends a page for good: JupyterLab shows it and lets go of the document.
TURNED_AWAY = 1003


@dataclass
class Collaborator:
    """``address`` is the server's base (``http://…/user/proj-x/``), ``headers`` sign its owner in.

    ``heard`` is called with every text that arrives from others.
    """

    name: str
    address: str
    headers: dict[str, str]
    path: str
    heard: Callable[[str], None] = lambda text: None
    kind: str = "notebook"
    doc: Doc[Any] = field(default_factory=Doc)
    synced: bool = False
    reloads: int = 0
    turned_away: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    heard_notes: list[dict[str, Any]] = field(default_factory=list)
    _socket: WebSocketClientConnection | None = None
    _task: asyncio.Task[None] | None = None
    _session: dict[str, str] | None = None
    _remote: bool = False
    _watching: list[Any] = field(default_factory=list)

    # -- page ---------------------------------------------------------------------------------

    def open(self) -> None:
        """Open the page: it connects, and connects again whenever it was cut off."""
        self._new_document()
        self._task = asyncio.create_task(self._stay())

    def _new_document(self) -> None:
        self.doc = Doc()
        self.cells = self.doc.get("cells", type=Array)
        self.synced, self._session = False, None
        self._watching = [
            self.doc.observe(self._changed),
            self.cells.observe_deep(self._inserted),
        ]

    async def close(self) -> None:
        """Close the page. What was not sent is gone."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self.cut()

    async def reload(self) -> None:
        """Close the page and open it again: nothing is kept."""
        await self.close()
        self.reloads += 1
        self.open()

    def cut(self) -> None:
        """Lose the connection without a word."""
        self.synced = False
        if self._socket is not None and self._socket.protocol is not None:
            stream = getattr(self._socket.protocol, "stream", None)
            if stream is not None:
                stream.close()
        self._socket = None

    async def _stay(self) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                await self._connect()
                pause = FIRST_PAUSE
                if await self._listen() == TURNED_AWAY:
                    return
            except Exception as error:
                # Whatever it was: a browser tries again.
                self.problems.append(f"{type(error).__name__}: {error}")
            self.synced = False
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _connect(self) -> None:
        if self._session is None:
            request = HTTPRequest(
                f"{self.address}api/collaboration/session/{quote(self.path)}",
                method="PUT",
                headers=self.headers,
                body=json.dumps(
                    {"format": "json" if self.kind == "notebook" else "text", "type": self.kind}
                ),
                request_timeout=20,
            )
            answer = await AsyncHTTPClient().fetch(request)
            self._session = json.loads(answer.body)
        said = self._session
        room = quote(f"{said['format']}:{said['type']}:{said['fileId']}", safe=":")
        address = f"{self.address}api/collaboration/room/{room}?sessionId={said['sessionId']}"
        request = HTTPRequest(
            address.replace("http", "ws", 1), headers=self.headers, connect_timeout=10
        )
        self._socket = await websocket_connect(request, max_message_size=2**28)
        await self._send(create_sync_message(self.doc))

    async def _listen(self) -> int | None:
        socket = self._socket
        assert socket is not None
        while (message := await socket.read_message()) is not None:
            assert isinstance(message, bytes)
            if said := raw_text(message):
                self.heard_notes.append(json.loads(said))
            if message[0] != YMessageType.SYNC:
                continue
            self._remote = True
            try:
                answer = handle_sync_message(message[1:], self.doc)
            finally:
                self._remote = False
            if answer is not None:
                await self._send(answer)
            elif message[1] == 1:
                self.synced = True
        if socket.close_code == TURNED_AWAY:
            self.turned_away.append(socket.close_reason or "")
        return socket.close_code

    async def _send(self, message: bytes) -> None:
        if self._socket is not None:
            await self._socket.write_message(message, binary=True)

    def _changed(self, event: Any) -> None:
        if self._remote or self._socket is None:
            return
        # As a browser does: what cannot be sent now is in the document, and is sent later.
        with suppress(WebSocketClosedError):
            sent = self._socket.write_message(create_update_message(event.update), binary=True)
            sent.add_done_callback(lambda done: done.exception())

    def _inserted(self, events: list[Any]) -> None:
        if not self._remote:
            return
        for event in events:
            for part in getattr(event, "delta", None) or []:
                inserted = part.get("insert")
                if isinstance(inserted, str):
                    self.heard(inserted)
                elif isinstance(inserted, list):
                    for cell in inserted:
                        if isinstance(cell, Map) and isinstance(cell.get("source"), Text):
                            self.heard(str(cell["source"]))

    async def ask(self, number: int) -> None:
        """Ask, as the page does, to be told once everything sent so far is on disk."""
        await self._send(notes.written("stored", number=number))

    # -- typing -------------------------------------------------------------------------------

    def type(self, text: str, cell: int = 0, *, front: bool = False) -> None:
        """Type into a cell, at its end or at its front."""
        source = self.cells[cell]["source"]
        if front:
            source.insert(0, text)
        else:
            source += text

    def add_cell(self, identifier: str, text: str) -> None:
        """Add a cell at the end."""
        self.cells.append(
            Map(
                {
                    "id": identifier,
                    "cell_type": "markdown",
                    "source": Text(text),
                    "metadata": Map({}),
                }
            )
        )

    def delete_text(self, cell: int, start: int, stop: int) -> None:
        """Delete what lies between two positions (in bytes of UTF-8)."""
        del self.cells[cell]["source"][start:stop]

    def sources(self) -> list[str]:
        """The text of every cell."""
        return [str(cell["source"]) for cell in self.cells]

    def text(self) -> str:
        return "".join(self.sources())


def raw_text(message: bytes) -> str:
    """The text of a message of type RAW, "" for any other."""
    decoder = Decoder(message)
    return decoder.read_var_string() if decoder.read_var_uint() == 2 else ""
