"""What happened to the datasets, for feeds and pages: read from the history that each run leaves.

An *event* is worth telling: a publication, an attempt that was kept out or failed (the first of a
row), a release, a change of columns announced or made, a change of access, a way back. Its id is
made of what happened, so that it is the same in every feed and for ever.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from uuid import NAMESPACE_URL, uuid5

from datalab.catalog.compatibility import told
from datalab.i18n import Language, translate
from datalab.lake.layout import folder
from datalab.portal.figures import day, number
from datalab.portal.library import Holding, Shelf
from datalab.portal.page import PAGE_ONLY

Kind = Literal[
    "published", "kept", "failed", "release", "schema", "announced", "access", "rollback"
]
NAMESPACE = uuid5(NAMESPACE_URL, "https://datalab.dijon-metropole.fr/changes")
TAIL = 400_000  # bytes of a history that are read
EACH = 50  # events of one dataset
MOST = 100  # events of a feed


@dataclass(frozen=True)
class Event:
    """One thing that happened; ``at`` is ISO 8601 in UTC."""

    id: str
    at: str
    kind: Kind
    dataset: str
    title: str
    text: str
    snapshot: int | None
    release: str | None = None
    by: str | None = None
    access: str = field(default="open", metadata=PAGE_ONLY)


@dataclass(frozen=True)
class _Fact:
    """An event before it is put into words."""

    kind: Kind
    at: str
    key: str
    snapshot: int | None
    by: str
    facts: Mapping[str, Any]


class Histories:
    """Facts by dataset, read again only where the history of a dataset has grown."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[tuple[int, int, int], list[_Fact]]] = {}

    def of(self, lake: Path, holding: Holding) -> list[_Fact]:
        """What the runs of a dataset tell, oldest first."""
        path = folder(lake, holding.entry.lake).history(holding.id)
        try:
            found = path.stat()
        except OSError:
            return []
        stamp = (found.st_ino, found.st_size, found.st_mtime_ns)
        known = self._known.get(path)
        if known is None or known[0] != stamp:
            known = (stamp, list(_facts(_tail(path)))[-EACH:])
            self._known[path] = known
        return known[1]


def events_of(
    histories: Histories, lake: Path, holding: Holding, language: Language
) -> list[Event]:
    """What happened to one dataset, newest first."""
    facts = [*histories.of(lake, holding)]
    facts += [
        _Fact("release", r.at, f"{r.lake}/{r.name}", r.snapshot, r.author, r.as_json())
        for r in holding.releases
    ]
    facts.sort(key=lambda fact: fact.at)
    return [_event(fact, holding, language) for fact in reversed(facts[-EACH:])]


def events(histories: Histories, lake: Path, shelf: Shelf, language: Language) -> list[Event]:
    """What happened to all datasets, newest first."""
    key = ("events", language)
    if key not in shelf.remembered:
        found = [
            event
            for holding in shelf.holdings.values()
            for event in events_of(histories, lake, holding, language)
        ]
        found.sort(key=lambda event: event.at, reverse=True)
        shelf.remembered[key] = found[:MOST]
    listed: list[Event] = shelf.remembered[key]
    return listed


def _tail(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - TAIL))
        lines = file.read(TAIL).splitlines()
    for line in lines[1:] if size > TAIL else lines:
        try:
            run = json.loads(line)
        except ValueError:  # cut short by a loss of power
            continue
        if isinstance(run, dict) and run.get("run_id"):
            yield run


def _facts(runs: Iterator[dict[str, Any]]) -> Iterator[_Fact]:
    before = ""
    for run in runs:
        state, key = str(run.get("state")), str(run["run_id"])
        at, by = str(run.get("finished_at")), str(run.get("author") or "")
        snapshot = run.get("snapshot")
        kinds: list[Kind] = []
        mark = state
        if state == "published":
            if run.get("moved_from"):
                kinds.append("access")
            if run.get("schema_changes"):
                kinds.append("schema")
            kinds.append("rollback" if run.get("rollback") else "published")
        elif held := run.get("held"):
            mark = f"held {held.get('schema')}"
            if mark != before:
                kinds.append("announced")
        elif state in {"kept", "failed"} and state != before:
            kinds.append("kept" if state == "kept" else "failed")
        for kind in kinds:
            yield _Fact(kind, at, key, snapshot, by, run)
        before = mark


def _event(fact: _Fact, holding: Holding, language: Language) -> Event:
    name = holding.dataset.title.in_(language)
    title, text = _words(fact, name, language)
    return Event(
        id=f"urn:uuid:{uuid5(NAMESPACE, f'{holding.id} {fact.kind} {fact.key}')}",
        at=fact.at,
        kind=fact.kind,
        dataset=holding.id,
        title=title,
        text=text,
        snapshot=fact.snapshot,
        release=str(fact.facts["name"]) if fact.kind == "release" else None,
        by=fact.by or None,
        access=holding.dataset.access,
    )


def _words(fact: _Fact, name: str, language: Language) -> tuple[str, str]:
    """Title and text. Nothing of the rows is told: a feed is public."""
    facts, snapshot = fact.facts, fact.snapshot
    if fact.kind == "published":
        return (
            translate("{name}: new version", language, name=name),
            translate(
                "Version {snapshot}, {rows} rows.",
                language,
                snapshot=snapshot,
                rows=number(facts.get("rows") or 0, language),
            ),
        )
    if fact.kind == "rollback":
        back = facts["rollback"]
        return (
            translate("{name}: back to an earlier version", language, name=name),
            translate(
                "Version {snapshot} shows the rows of version {to} again. Reason: {note}",
                language,
                snapshot=snapshot,
                to=back.get("to"),
                note=back.get("note"),
            ),
        )
    if fact.kind == "release":
        return (
            translate("{name}: release {release}", language, name=name, release=facts["name"]),
            translate(
                "Version {snapshot} has a name for ever. {note}",
                language,
                snapshot=snapshot,
                note=facts.get("note") or "",
            ),
        )
    if fact.kind == "schema":
        return (
            translate("{name}: its columns changed", language, name=name),
            told(facts["schema_changes"], language),
        )
    if fact.kind == "announced":
        held = facts["held"]
        return (
            translate("{name}: a change is announced", language, name=name),
            translate(
                "It breaks what reads these data and comes on {day} at the latest. {changes}",
                language,
                day=day(str(held["until"]), language),
                changes=told(held["changes"], language),
            ),
        )
    if fact.kind == "access":
        return (
            translate("{name}: its access changed", language, name=name),
            translate(
                "Who may read these data was decided anew; earlier versions are not kept.", language
            ),
        )
    if fact.kind == "kept":
        return (
            translate("{name}: new data kept out", language, name=name),
            translate(
                "New data did not pass their tests: the last good version stays in place.", language
            ),
        )
    return (
        translate("{name}: not refreshed", language, name=name),
        translate("The last good version stays in place. The lab tries again.", language),
    )
