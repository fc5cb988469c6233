"""The folder of a lab: made with its modes, and held by one supervisor at a time."""

from __future__ import annotations

import fcntl
import os

from datalab.errors import AlreadyRunning
from datalab.hub.plan import Plan
from datalab.isolation.launcher import READERS
from datalab.isolation.sandbox import Walls
from datalab.settings import Settings


def prepare(settings: Settings, walls: Walls) -> int:
    """Make the folders of a home with their modes and take its lock.

    Returns
    -------
    lock
        the descriptor that holds the home; closing it gives the home back.

    Raises
    ------
    AlreadyRunning
        where another supervisor holds it.
    """
    # Sandboxed accounts read the lake under their own uid; the home around it is closed.
    os.umask(0o022)
    home = settings.home
    # Without a sandbox, servers reach their homes and the lake by the real paths.
    crossed = 0o711 if walls.mode == "setuid" else 0o700
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings.run.mkdir(mode=0o700, exist_ok=True)
    lock = _take_lock(settings)
    os.chmod(home, crossed)
    own = [settings.secrets, settings.run, settings.logs, settings.writer, settings.staging]
    own += [
        settings.cache,
        settings.assets,
        home / "hub",
        settings.pictures.parent,
        settings.own_catalog,
        settings.run / "servers",
        settings.run / "ways",
    ]
    accounts = [home / "accounts", home / "accounts/homes", home / "accounts/etc"]
    accounts += [settings.shared]
    lakes = [settings.lake, settings.lake / "open", settings.lake / "members"]
    for folders, mode in ((own, 0o700), (accounts, crossed), (lakes, 0o755)):
        for folder in folders:
            folder.mkdir(mode=mode, exist_ok=True)
            os.chmod(folder, mode)
    if walls.mode == "setuid":
        # Without mounts a group says who reads it.
        os.chown(settings.lake / "members", -1, READERS)
        os.chmod(settings.lake / "members", 0o750)  # noqa: S103
    elif os.geteuid() == 0:
        os.chown(settings.lake / "members", -1, 0)
    for lake in settings.lake.glob("restricted-*"):
        os.chmod(lake, 0o700)
    return lock


def plan_before(settings: Settings) -> Plan | None:
    """The plan of the start before this one, where there is one that can be read."""
    try:
        return Plan.read(settings.run)
    except (OSError, ValueError, TypeError):
        return None


def _take_lock(settings: Settings) -> int:
    handle = os.open(settings.run / "lab.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        before = plan_before(settings)
        raise AlreadyRunning(home=str(settings.home), url=before.url if before else "?") from None
    return handle
