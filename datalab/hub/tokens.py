"""Tokens of servers: pages that are open stay signed in when their server starts again.

When a server ends, JupyterHub drops the OAuth client of that server and with it what every open
page had shown: after a crash each page would be refused until it is loaded again, and what was
typed there meanwhile would be gone. ``will_resume`` of a spawner keeps the client. It also
keeps the server's own token, which is not wanted: each start gets a new one, and the former ones
go here.
"""

from __future__ import annotations

from typing import Any

from jupyterhub import orm


def forget_earlier_tokens(spawner: Any) -> None:
    """Delete the tokens that earlier runs of this server had; a ``pre_spawn_hook``."""
    present = orm.APIToken.find(spawner.db, spawner.api_token)
    if present is None:
        return
    for token in list(spawner.user.orm_user.api_tokens):
        # Named by the hub: "Server at /user/<name>/".
        if token.id != present.id and token.note == present.note:
            spawner.db.delete(token)
    spawner.db.commit()
