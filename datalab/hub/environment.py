"""What a notebook server is told by its environment."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from datalab.i18n import Language
from datalab.isolation import doorway, sandbox
from datalab.isolation.sandbox import Room, Walls

SERVER_CONFIG = Path(__file__).with_name("server")
PROXIES = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")


def environment(
    given: Mapping[str, object],
    walls: Walls,
    room: Room,
    inside: str,
    *,
    language: Language,
    lake: str,
    portal: str,
    runtime: str,
    hub_port: int,
    shared: bool,
    plain: bool,
) -> dict[str, str]:
    """``given`` is the hub's own; ``shared`` is for the server of a project.

    ``plain`` leaves out the settings that lie in the home: the way out where they are what keeps
    a server from starting.
    """
    walled = walls.mode in {"root", "user"}
    # A project's settings come first: what both say, the project's says.
    configs = [SERVER_CONFIG / "project", SERVER_CONFIG] if shared else [SERVER_CONFIG]
    told = {k: str(v) for k, v in given.items() if v} | {
        "HOME": inside,
        "USER": room.account,
        "LOGNAME": room.account,
        "SHELL": "/bin/bash",
        "PATH": f"{Path(sys.prefix) / 'bin'}:/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "VIRTUAL_ENV": sys.prefix,
        "DATALAB_LANGUAGE": language,
        "DATALAB_LAKE": sandbox.LAKE if walled else lake,
        "DATALAB_PORTAL_URL": portal,
        "DATALAB_ASSETS_URL": f"{portal}assets/",
        "JUPYTER_CONFIG_PATH": ":".join(map(str, configs)),
        # Kernels speak through sockets in a folder of their own: on loopback, anybody could
        # have listened to what a neighbour's kernel prints.
        "JUPYTER_RUNTIME_DIR": runtime,
    }
    if walled:
        # The ways out of a room with a network of its own.
        web = f"http://127.0.0.1:{doorway.WEB_PORT}"
        told[doorway.WAYS] = (
            f"{hub_port}={doorway.HUB_FOLDER}/{doorway.SOCKET},"
            f"{doorway.WEB_PORT}={doorway.WEB_FOLDER}/{doorway.SOCKET}"
        )
        told |= dict.fromkeys(PROXIES, web)
        told |= dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1,localhost")
        if "DASK_GATEWAY__ADDRESS" in told:
            # Said outright: a gateway on this machine is not on the loopback of the room.
            told["DASK_GATEWAY__HTTP_CLIENT__PROXY"] = web
    if plain:
        # A folder that only this server has: in the machine's own /tmp others could prepare one.
        told |= {"JUPYTER_CONFIG_DIR": f"{runtime}/plain", "IPYTHONDIR": f"{runtime}/ipython"}
        told |= {"PYTHONNOUSERSITE": "1", "JUPYTER_PREFER_ENV_PATH": "1"}
    return told


def lake_without_walls(walls: Walls, lake: Path, records: Path) -> str:
    """By file modes, where the server has a uid of its own; else the open lake only."""
    if walls.private:
        return str(lake)
    shown = records.with_name("lake")
    shown.mkdir(mode=0o700, exist_ok=True)
    link = shown / "open"
    if not link.is_symlink():
        link.symlink_to(lake / "open")
    return str(shown)


def runtime_folder(uid: int) -> str:
    """A private folder for sockets, whose paths may not be longer than 107 bytes."""
    folder = tempfile.mkdtemp(prefix="datalab-")
    if os.geteuid() == 0:
        os.chown(folder, uid, uid)
    return folder
