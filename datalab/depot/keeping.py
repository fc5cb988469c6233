"""The depot's own process: sends what was published here, or fetches what was published there.

A store that is away stops nobody: what people read lies on this machine, and what waits to be sent
is sent once it answers.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from datalab.depot.fetching import pull
from datalab.depot.ledger import State, state
from datalab.depot.objects import Objects
from datalab.depot.shipping import Moved, push
from datalab.errors import DatalabError
from datalab.isolation.private import secret
from datalab.lake.layout import own, require_own
from datalab.lake.lock import Lock
from datalab.settings import Settings

log = logging.getLogger("datalab.depot")

PAUSE = 5.0  # seconds between two looks
LONGEST_PAUSE = 60.0  # while it is away
SAID_AGAIN = timedelta(minutes=1)
PATIENCE = 60.0  # seconds that a command waits for the process


def step(settings: Settings, take: bool = False) -> list[Moved]:
    """One push, or one pull where this lab reads; how it went is kept for who asks.

    ``take`` publishes in the place of whoever did before: from then on a copy is the lake itself.

    Raises
    ------
    NoDepot, DepotAway, DepotBroken, DepotEmpty, DepotRestless, DepotTaken, LakeBusy, LakeIsCopy
    """
    role: Literal["publisher", "reader"] = "reader" if settings.depot_reader else "publisher"
    objects = Objects(settings)
    before = state(settings.run) or State(role, settings.depot)
    for folder in (settings.home, settings.run, settings.secrets):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with Lock(settings.run / "depot.lock.json", "depot", PATIENCE):
            if settings.depot_reader:
                moved = pull(settings.lake, settings.depot_ledgers, objects)
            else:
                if take:
                    own(settings.lake)
                else:
                    require_own(settings.lake)
                moved = push(
                    settings.lake,
                    settings.depot_ledgers,
                    objects,
                    _lab(settings),
                    restricted=settings.depot_restricted,
                    take=take,
                )
    except DatalabError as error:
        said = {"fr": error.message("fr"), "en": error.message("en")}
        since = before.since or _now()
        replace(before, role=role, since=since, error=said).keep(settings.run)
        raise
    now = State(role, settings.depot, _now())
    if moved:
        files, size = sum(one.files for one in moved), sum(one.bytes for one in moved)
        replace(now, files=files, bytes=size).keep(settings.run)
    elif replace(before, at=now.at, files=0, bytes=0) != now or _old(before):
        now.keep(settings.run)
    return moved


def run(settings: Settings, stopping: threading.Event) -> None:
    """Step after step until ``stopping``."""
    pause, said = PAUSE, ""
    log.info("started for %s", settings.depot)
    while not stopping.is_set():
        try:
            for one in step(settings):
                log.info("%s: publication %s, %s files", one.name, one.number, one.files)
            if said:
                log.info("%s answers again", settings.depot)
            pause, said = PAUSE, ""
        except DatalabError as error:
            if str(error) != said:
                log.warning("%s", error)
            pause, said = min(pause * 2, LONGEST_PAUSE), str(error)
        except Exception:
            log.exception("depot")
            pause = LONGEST_PAUSE
        stopping.wait(pause)


def _old(told: State) -> bool:
    """Whether it is time to say again that all is well; not at each look, which costs a write."""
    at = datetime.fromisoformat(told.at) if told.at else datetime.min.replace(tzinfo=UTC)
    return datetime.now(UTC) - at > SAID_AGAIN


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _lab(settings: Settings) -> str:
    """What tells this lab from others, which opens nothing."""
    return hashlib.sha256(secret(settings.secrets, "depot").encode()).hexdigest()[:16]
