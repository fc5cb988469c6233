"""Put together: names and colours, the register of websockets, the addresses."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from jupyter_server.utils import url_path_join
from tornado import web

from datalab.i18n import language_of
from datalab.live.access import Access, credentials
from datalab.live.authors import Authors
from datalab.live.idle import SETTING
from datalab.live.members import Members
from datalab.live.presence import PresenceHandler, RestoreHandler, RevokeHandler, SavedHandler
from datalab.live.room import LiveRoom
from datalab.live.sockets import Sockets

MEMBERS = "members.json"
YDOC = "jupyter_server_ydoc"


def load(server: Any) -> None:
    """Begin to watch, and answer."""
    root = Path(server.root_dir)
    own = os.environ.get("JUPYTERHUB_USER", "")
    folder = Path(os.environ.get("DATALAB_PROJECT_FOLDER") or root / ".datalab")
    members = Members(folder / MEMBERS, own)
    provider = server.identity_provider
    introduce(provider, members)
    # A Jupyter Server without a hub (tests, a notebook at home) has one person and one token.
    hub_auth = getattr(provider, "hub_auth", None)
    sockets = Sockets()
    sockets.watch(credentials(hub_auth) if hub_auth else lambda _handler: ("", ""))
    access = Access(sockets, hub_auth, members)
    if hub_auth is not None:
        server.io_loop.call_later(0, access.start)
    authors = Authors(root / ".datalab" / "authors.jsonl")

    def typed(name: str, path: str) -> None:
        authors.typed(name, path)
        # Loaded after this package. A save tells it too, but a full disk puts saves off.
        if (idle := server.web_app.settings.get(SETTING)) is not None:
            idle.use(time.time())

    LiveRoom.on_typed = typed

    def rooms(path: str) -> list[LiveRoom]:
        # Asked for late: jupyter-server-ydoc is loaded after this package.
        apps = server.extension_manager.extension_apps.get(YDOC) or set()
        found = [room for app in apps for room in app.ywebsocket_server.rooms.values()]
        return [r for r in found if isinstance(r, LiveRoom) and r.ready and r.path == path]

    base = url_path_join(server.web_app.settings["base_url"], "datalab")
    server.web_app.add_handlers(
        ".*$",
        [
            (f"{base}/presence", PresenceHandler, {"sockets": sockets, "members": members}),
            (f"{base}/revoke", RevokeHandler, {"access": access, "own": own}),
            (f"{base}/saved", SavedHandler, {"rooms": rooms}),
            (f"{base}/restore", RestoreHandler, {"rooms": rooms}),
        ],
    )


def introduce(provider: Any, members: Members) -> None:
    """Show people under their name, role and colour.

    JupyterLab shows ``display_name`` in its list of people and at cursors, and gives whoever has
    no colour a random one at each visit.
    """
    original = provider.get_user
    language = language_of()

    async def get_user(handler: Any) -> Any:
        user = await original(handler)
        if user is not None and members.excludes(user.username):
            # The hub's answer may be some seconds old; the file is the lab's word of now.
            handler._jupyterhub_user = None
            handler.redirect = refuse
            return None
        if user is not None and not hasattr(user, "plain_name"):
            user.plain_name = user.display_name or user.username
            label = members.label(user.username, language)
            user.display_name = f"{user.plain_name} · {label}" if label else user.plain_name
            user.color = user.color or members.colour(user.username)
        return user

    provider.get_user = get_user


def refuse(*_: Any, **__: Any) -> None:
    """Instead of the way to a sign-in that would lead back here.

    Raises
    ------
    tornado.web.HTTPError
        403
    """
    raise web.HTTPError(403)
