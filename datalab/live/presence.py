"""Addresses below ``/user/<account>/datalab/``: who is here, what is saved, who must go."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import nbformat
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import ensure_async
from tornado import web

from datalab.live.access import Access
from datalab.live.members import Members
from datalab.live.room import LiveRoom
from datalab.live.sockets import Sockets

# The open rooms of a file: one, or one as a notebook and one as text.
Rooms = Callable[[str], list[LiveRoom]]


class PresenceHandler(APIHandler):
    """``GET presence``: one entry per person and notebook that they have open."""

    auth_resource = "datalab"

    def initialize(self, sockets: Sockets, members: Members) -> None:
        self.sockets, self.members = sockets, members

    @web.authenticated
    @authorized
    async def get(self) -> None:
        found: dict[tuple[str, str | None], dict[str, Any]] = {}
        somewhere: set[str] = set()
        for socket in sorted(self.sockets, key=lambda s: s.since):
            room = getattr(socket.handler, "room", None)
            notebook = room.path if isinstance(room, LiveRoom) else None
            if notebook is not None:
                somewhere.add(socket.name)
            user = socket.handler.current_user
            entry = {
                "name": socket.name,
                "display_name": getattr(user, "plain_name", None) or user.display_name,
                "color": user.color,
                "role": self.members.role(socket.name),
                "since": datetime.fromtimestamp(int(socket.since), UTC).isoformat(),
                "notebook": notebook,
            }
            found.setdefault((socket.name, notebook), entry)
        # Whoever has a notebook open is not also "somewhere".
        here = [e for (n, book), e in found.items() if book is not None or n not in somewhere]
        self.finish(json.dumps(here))


class RevokeHandler(APIHandler):
    """``POST revoke {"user": NAME}``: that person's connections end now. For services only."""

    auth_resource = "datalab"

    def initialize(self, access: Access, own: str) -> None:
        self.access, self.own = access, own

    @web.authenticated
    @authorized
    async def post(self) -> None:
        asking = getattr(self.current_user, "hub_user", {})
        if asking.get("kind") != "service" and asking.get("name") != self.own:
            # A member must not be able to put another one out.
            raise web.HTTPError(403)
        body = self.get_json_body()
        name = body.get("user") if isinstance(body, dict) else None
        if not isinstance(name, str) or not name:
            raise web.HTTPError(400, "user: the name of an account is missing")
        self.finish(json.dumps({"closed": self.access.revoke(name)}))


class SavedHandler(APIHandler):
    """``GET saved?path=…``: what of an open document the lab has on disk.

    ``state`` is the Yjs state vector (hexadecimal) of what is in the log: a browser whose own
    vector is covered by it may say "saved". ``trouble`` is a sentence, "" where all is well.
    """

    auth_resource = "contents"

    def initialize(self, rooms: Rooms) -> None:
        self.rooms = rooms

    @web.authenticated
    @authorized
    async def get(self) -> None:
        path = self.get_query_argument("path", "").strip("/")
        found = self.rooms(path)
        if not found:
            raise web.HTTPError(404, f"{path!r} is not open")
        room = found[0]
        await room.settled()
        self.finish(
            json.dumps(
                {
                    "path": path,
                    "state": room.ydoc.get_state().hex(),
                    "in_file": room.in_file,
                    "trouble": room.trouble.message,
                }
            )
        )


class RestoreHandler(APIHandler):
    """``POST restore {"path", "content"}``: a file becomes this text, as one edit that all see.

    Where the file is open, what is typed at the same moment in cells that stay is kept.
    """

    auth_resource = "contents"

    def initialize(self, rooms: Rooms) -> None:
        self.rooms = rooms

    @web.authenticated
    @authorized
    async def post(self) -> None:
        body = self.get_json_body()
        path = body.get("path") if isinstance(body, dict) else None
        content = body.get("content") if isinstance(body, dict) else None
        if not isinstance(path, str) or not isinstance(content, str):
            raise web.HTTPError(400, "path and content are needed")
        path = path.strip("/")
        model: dict[str, Any] = {"type": "file", "format": "text", "content": content}
        if path.endswith(".ipynb"):
            try:
                # Read like a file: a source that is a list of lines becomes one text.
                document = nbformat.reads(content, as_version=4)
                nbformat.validate(document)
            except (ValueError, AttributeError, nbformat.ValidationError) as error:
                raise web.HTTPError(400, "content is no notebook") from error
            model = {"type": "notebook", "format": "json", "content": document}
        opened = self.rooms(path)
        if not opened:
            await ensure_async(self.contents_manager.save(model, path))
        for room in opened:
            # A notebook may be open as text, too: each room takes what it shows.
            await room.become(model["content"] if room.holds(model["type"]) else content)
            await room.save()
        self.finish(json.dumps({"path": path}))
