"""One person's connection to one open document.

It replaces ``YDocWebSocketHandler`` of jupyter-server-ydoc 3.0.4, which was seen to:

* make a room, and read its file, for a request that is only then refused;
* accept connections from pages of any origin;
* go on with a browser that it had just told to reload, and merge two histories: every cell twice;
* stay open when the task that served it had ended: what was typed then went nowhere;
* answer with changes that were in memory only.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from jupyter_server.utils import ensure_async
from jupyter_server_ydoc.handlers import DocSessionHandler, YDocWebSocketHandler
from jupyter_server_ydoc.rooms import TransientRoom
from jupyter_server_ydoc.utils import (
    YDOC_SERVER_VERSION,
    MessageType,
    decode_file_path,
    encode_file_path,
    room_id_from_encoded_path,
)
from jupyter_server_ydoc.websocketserver import RoomNotFound
from tornado import web
from tornado.websocket import WebSocketClosedError

from datalab.i18n import language_of, translate
from datalab.live import notes
from datalab.live.room import LiveRoom

# The largest change: the proxy in front carries no more either.
LARGEST_MESSAGE = 2**28
CLOSED = 1003  # JupyterLab shows the reason in a dialog and lets go of the document
AGAIN = 1012  # it connects again by itself
STATUSES = {400: 4400, 404: 4404}


class LiveChannel(YDocWebSocketHandler):  # type: ignore[misc]
    """A websocket that carries one person's changes into a room and the others' out of it."""

    revoked = False

    async def prepare(self) -> None:
        """Nothing happens for whoever may not be here."""
        await JupyterHandler.prepare(self)
        if self._finished:
            return
        user = self.current_user
        if not user or not self.authorizer.is_authorized(self, user, "read", "contents"):
            raise web.HTTPError(403)
        server = self._websocket_server
        if not server.started.is_set():
            self.create_task(server.start())
            await server.started.wait()
        # A proxy may have quoted the colons: upstream then opened an empty room that is no file.
        self._room_id = unquote(room_id_from_encoded_path(self.request.path))
        async with self._room_lock(self._room_id):
            try:
                self.room = await server.get_room(self._room_id)
            except RoomNotFound:
                self.room = self._new_room()
                await server.start_room(self.room)
                server.add_room(self._room_id, self.room)

    def _new_room(self) -> Any:
        if self._room_id.count(":") < 2:
            room = TransientRoom(self._room_id, log=self.log)
            if self._room_id == "JupyterLab:globalAwareness":
                room.awareness.observe(self._on_global_awareness_event)
            return room
        form, kind, file_id = decode_file_path(self._room_id)
        if self._file_id_manager.get_path(file_id) is None:
            raise web.HTTPError(404)
        return LiveRoom(
            self._room_id,
            form,
            kind,
            self._file_loaders[file_id],
            self.event_logger,
            self._ystore_class(path=f".{kind}:{file_id}.y", log=self.log),
            self.log,
            save_delay=self._document_save_delay,
        )

    def check_origin(self, origin: str | None = None) -> bool:
        """The lab's own pages only, as for every other websocket of the server."""
        return bool(WebSocketMixin.check_origin(self, origin))

    @property
    def max_message_size(self) -> int:
        return LARGEST_MESSAGE

    async def open(self, room_id: str) -> None:
        """Let in whoever holds this very history of the document, or none yet."""
        if not isinstance(self.room, LiveRoom):
            self.create_task(self._serve())
            return
        try:
            async with self._room_lock(self._room_id):
                await self.room.initialize()
        except Exception as error:
            await self._refuse(error)
            return
        session = self.get_query_argument("sessionId", "")
        if session != await session_of(self.room.room_id):
            said = translate("The document was opened anew.", language_of())
            self.turn_away(said, reloadable=True)
            return
        self.create_task(self._serve())
        self._emit_awareness_event(self.current_user.username, "join")

    async def _serve(self) -> None:
        """Until the connection ends; where serving ends first, the browser is to come back."""
        try:
            await self._websocket_server.serve(self)
        finally:
            if self.ws_connection is not None and not self.ws_connection.is_closing():
                self.close(AGAIN, "")

    async def _refuse(self, error: Exception) -> None:
        """Say why the document cannot be opened, and forget the room: the file may be mended."""
        path = self.room._document.path
        self.log.error("%s cannot be opened: %s", path, error)
        code = STATUSES.get(getattr(error, "status_code", 0))
        if code == STATUSES[400] or code is None:
            said = translate("This file is no notebook that can be read.", language_of())
            self.turn_away(said if code else str(error)[:40], reloadable=False)
        else:
            self.close(code, "")
        self._message_queue.put_nowait(b"")
        if not self.room.clients:
            async with self._room_lock(self._room_id):
                if self._websocket_server.rooms.get(self._room_id) is self.room:
                    await self._websocket_server.delete_room(room=self.room)
                loader = self.room._file
                if not loader.number_of_subscriptions and loader.file_id in self._file_loaders:
                    await self._file_loaders.remove(loader.file_id)

    def turn_away(self, reason: str, *, reloadable: bool) -> None:
        """Close so that JupyterLab shows ``reason`` and stops trying.

        A close reason may have 123 bytes (RFC 6455, section 5.5).
        """
        kind = "unknown_session" if reloadable else "initialization_error"
        said = {"reason": kind, "reloadable": reloadable, "errorReason": reason}
        text = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
        while len(text.encode()) > 123:
            said["errorReason"] = str(said["errorReason"])[:-2] + "…"
            text = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
        self.close(CLOSED, text)

    # -- messages -----------------------------------------------------------------------------

    async def on_message(self, message: str | bytes) -> None:
        """What is no message of the protocol ends the connection, not the room."""
        if self.revoked:
            return
        if isinstance(message, str) or not message:
            self.close(1003, "")
            return
        if message[0] == MessageType.RAW and not isinstance(self.room, LiveRoom):
            return
        if notes.question(message) is not None:
            # In its turn: after the changes that were sent before it.
            self._message_queue.put_nowait(message)
            return
        try:
            await super().on_message(message)
        except Exception as error:
            self.log.warning("A message that cannot be read: %s", error)
            self.close(1007, "")

    async def __anext__(self) -> Any:
        # The room handles a message between two calls of this, without waiting: what changes in
        # between was typed by this person.
        self.room.writer = None
        message = await super().__anext__()
        while (number := notes.question(message)) is not None:
            self.create_task(self._confirm(number))
            message = await super().__anext__()
        if self.revoked:
            raise StopAsyncIteration
        self.room.writer = self.current_user.username
        return message

    async def _confirm(self, number: int) -> None:
        """Tell the page that what it sent before its question is on disk."""
        await self.room.settled()
        self.deliver(notes.written("stored", number=number, trouble=self.room.trouble.message))

    async def send(self, message: bytes) -> None:
        """An answer may hold changes that are not on disk yet: it waits for them."""
        if isinstance(self.room, LiveRoom) and message and message[0] == MessageType.SYNC:
            await self.room.settled()
        self.deliver(message)

    def deliver(self, message: bytes) -> None:
        """Put a message on its way; whoever has gone asks again when they come back."""
        with suppress(WebSocketClosedError):
            self.write_message(message, binary=True)

    def on_close(self) -> None:
        self._message_queue.put_nowait(b"")
        if isinstance(self.room, LiveRoom):
            self._emit_awareness_event(self.current_user.username, "leave")


class LiveSessions(DocSessionHandler):  # type: ignore[misc]
    """Tells a browser which history of a document it is about to join."""

    @web.authenticated
    @authorized
    async def put(self, path: str) -> None:
        body = self.get_json_body() or {}
        form, kind = str(body.get("format")), str(body.get("type"))
        identities = self.settings["file_id_manager"]
        if not await ensure_async(self.contents_manager.file_exists(path)):
            raise web.HTTPError(404, f"File {path!r} does not exist")
        file_id = identities.get_id(path) or identities.index(path)
        session = await session_of(encode_file_path(form, kind, file_id))
        answer = {"format": form, "type": kind, "fileId": file_id, "sessionId": session}
        self.finish(json.dumps(answer))


async def session_of(room: str) -> str:
    """The identity that a browser shows when it comes back.

    The same over restarts while the log has the document, so that what was typed meanwhile is
    merged; another one after the log was lost or JupyterLab's part of the protocol changed.
    """
    found = await LiveRoom.log_of_server.ask("incarnation", room)
    return f"{found}-{YDOC_SERVER_VERSION}"
