"""Restricted reads that notebooks say of themselves, written in the audit once a day each.

What is certain stands at the start of a server: which lakes it shows. Inside, code reads files, and
nobody is asked. So the lab's own library writes a line for each restricted dataset that a notebook
opens, and this module carries it into the audit as ``access.declared``. Code that goes around the
library leaves no such line; code that writes one itself only ever accuses its own account, of a
dataset that this account may read.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from datalab.lineage.collect import JOURNAL, LARGEST_JOURNAL, collect_all
from datalab.lineage.store import DAY, Lineage
from datalab.people import audit
from datalab.people.accounts import accounts
from datalab.people.audience import RESTRICTED, dataset_of
from datalab.people.store import Store
from datalab.projects.journal import FOLDER, journal_lines
from datalab.projects.project import Project, Projects
from datalab.projects.reading import Reading
from datalab.settings import Settings

LOG = logging.getLogger("datalab.lineage")
OLDEST = 7 * DAY  # a line that says more was not waited for by anybody
MARK = "declared "


def collect_and_audit(settings: Settings, now: float) -> None:
    """One look at what notebooks left behind: uses for the lineage, then reads for the audit."""
    collect_all(settings, now)
    audit_declared(settings, now)


def audit_declared(settings: Settings, now: float) -> None:
    """Write down what is new in the journals of every account and project. ``now`` in seconds
    since the epoch."""
    store, lineage = Store(settings.people), Lineage(settings.lineage)
    reading = Reading(store, settings.lake, now)
    for account in accounts(store):
        home = settings.home / "accounts" / "homes" / account.name
        _account(store, lineage, account.name, home, reading.allowed(account.name), now)
    for project in Projects(settings.shared, settings.projects).all():
        if isinstance(project, Project) and not project.reference:
            lakes = reading.allowed_to_members(reading.present(project.manifest))
            _account(store, lineage, project.account, project.work, lakes, now)


def _account(
    store: Store, lineage: Lineage, name: str, home: Path, lakes: frozenset[str], now: float
) -> None:
    stamp = _stamp(home)
    seen = _seen(lineage.mark("", MARK + name))
    if not stamp or seen.get("") == stamp:
        return
    try:
        for lake, day in sorted(_days(journal_lines(home, JOURNAL, LARGEST_JOURNAL), now)):
            if lake in lakes and day > seen.get(lake, ""):
                facts = {"dataset": dataset_of(lake), "lakes": [lake], "day": day}
                audit.record(store, now, name, "access.declared", name, **facts)
                seen[lake] = day
        lineage.set_mark("", MARK + name, json.dumps({**seen, "": stamp}))
    except OSError:
        LOG.exception("what notebooks of %s read could not be written down", name)


def _days(lines: Iterable[bytes], now: float) -> Iterator[tuple[str, str]]:
    """Restricted lakes and the days on which they were read, each once."""
    found = set()
    for line in lines:
        try:
            said = json.loads(line)
            lake, at = said["lake"], float(said["at"])
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            continue
        if isinstance(lake, str) and lake.startswith(RESTRICTED) and at >= now - OLDEST:
            # A clock inside may say anything; what is later than now was read by now.
            found.add((lake, f"{datetime.fromtimestamp(min(at, now), UTC):%Y-%m-%d}"))
    yield from found


def _stamp(home: Path) -> str:
    try:
        found = os.stat(home / FOLDER / JOURNAL, follow_symlinks=False)
    except OSError:
        return ""
    return f"{found.st_ino} {found.st_size} {found.st_mtime_ns}"


def _seen(mark: str) -> dict[str, str]:
    try:
        known = json.loads(mark or "{}")
    except ValueError:
        return {}
    return {str(lake): str(day) for lake, day in known.items()}
