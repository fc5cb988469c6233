"""A case as agents see it: what was typed, where, what stands around it, and its whole history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from datalab.i18n import Language, Phrase, translate
from datalab.participation import docket, handling, journal, request, request_list
from datalab.participation.docket import Asked
from datalab.participation.journal import Change
from datalab.participation.request_state import Request
from datalab.participation.screening import screen
from datalab.portal import equipment, figures
from datalab.portal.control import Room, Row
from datalab.portal.equipment import Thing
from datalab.portal.library import Shelf

KINDS = {
    "request.submit": Phrase("reported"),
    "request.accept": Phrase("accepted"),
    "request.reject": Phrase("refused"),
    "request.assign": Phrase("given to"),
    "request.answer": Phrase("answered in public"),
    "request.note": Phrase("note of the control room"),
    "request.correct": Phrase("category or commune put right"),
    "request.equipment": Phrase("tied to a piece of equipment"),
    "request.escalate": Phrase("escalated: a delay is over"),
    "request.reopen": Phrase("opened again by who reported it"),
    "request.rate": Phrase("rated by who reported it"),
}
# Columns whose changes the history spells out; the others follow from them.
SHOWN = ("state", "team", "assignee", "service_code", "commune", "moderation", "duplicate_of")
MOST_SIMILAR = 5


@dataclass(frozen=True)
class Entry:
    """One change. ``inside``: only the control room reads its words; ``back``: it can be undone."""

    number: int
    at: float
    who: str
    what: str
    details: tuple[str, ...]
    words: str
    inside: bool
    public: bool
    undone: bool
    back: bool


@dataclass(frozen=True)
class CasePage:
    """``typed`` is what stands in the database; ``masked`` what the machine would show of it."""

    case: Request
    row: Row
    day: str
    masked: str
    masked_address: str
    concerns: list[dict[str, Any]]
    attributes: list[tuple[str, str]]
    history: list[Entry]
    repeats: list[Row]
    similar: list[tuple[Row, int]]
    things: list[Thing]
    thing: str
    satisfaction: int | None


def page_of(connection: Connection, shelf: Shelf, room: Room, id: str) -> CasePage:
    """Everything about a case.

    Raises
    ------
    UnknownRequest
    """
    found = request.get(connection, id)
    row = _rows(connection, room, (id,))[0]
    repeats = tuple(one.id for one in handling.repeats(connection, id))
    things: list[Thing] = []
    similar: list[tuple[Row, int]] = []
    if found.latitude is not None and found.longitude is not None:
        place = (found.latitude, found.longitude)
        things = equipment.near(shelf, *place, room.language)
        close = request_list.near(
            connection, found.service_code, *place, limit=MOST_SIMILAR + 1, inside=True
        )
        metres = {one.id: round(far) for one, far in close if one.id != id}
        rows = {r.line.id: r for r in _rows(connection, room, tuple(metres))} if metres else {}
        similar = [(rows[one], far) for one, far in metres.items() if one in rows]
    held = found.equipment or {}
    return CasePage(
        case=found,
        row=row,
        day=figures.day(datetime.fromtimestamp(found.requested_at, UTC).date(), room.language),
        masked=screen(found.description, room.language).said,
        masked_address=screen(found.address, room.language).said,
        concerns=found.concerns,
        attributes=_attributes(room, found),
        history=_history(room, journal.since(connection, 0, f"request:{id}")),
        repeats=_rows(connection, room, repeats) if repeats else [],
        similar=similar[:MOST_SIMILAR],
        things=things,
        thing=str(held.get("id", "")),
        satisfaction=found.satisfaction,
    )


def _rows(connection: Connection, room: Room, ids: tuple[str, ...]) -> list[Row]:
    return [room.row(line) for line in docket.listed(connection, Asked(ids=ids), room.now)]


def _attributes(room: Room, found: Request) -> list[tuple[str, str]]:
    """Answers to the questions of the category, in words."""
    about = room.services.get(found.service_code)
    asked = {one.code: one for one in about.attributes} if about else {}
    said = []
    for code, value in found.attributes.items():
        one = asked.get(code)
        names = dict(one.values) if one else {}
        values = value if isinstance(value, list) else [value]
        words = [names.get(str(v), {}).get(room.language, str(v)) for v in values]
        label = one.description.get(room.language, code) if one else code
        said.append((label, ", ".join(words)))
    return said


def _history(room: Room, changes: list[Change]) -> list[Entry]:
    gone = {change.undoes for change in changes if change.undoes}
    back = handling.undoable(changes)
    # Only the last change of a row can be taken back; older ones would be refused.
    last: dict[tuple[str, str], int] = {
        (row["table"], row["id"]): change.id for change in changes for row in change.rows
    }
    entries = []
    for change in changes:
        free = all(last[row["table"], row["id"]] == change.id for row in change.rows)
        words, public = _words(change)
        what = _what(room, change)
        if change.undoes:
            what = translate("taken back: {what}", room.language, what=what)
        entries.append(
            Entry(
                number=change.id,
                at=change.at,
                who=_who(room, change.actor),
                what=what,
                details=_details(room, change),
                words=words,
                inside=bool(words) and not public,
                public=bool(words) and public,
                undone=change.id in gone,
                back=free and change.id in back,
            )
        )
    return list(reversed(entries))


def _what(room: Room, change: Change) -> str:
    named = KINDS.get(change.kind)
    if named is not None:
        return named.in_(room.language)
    state = change.kind.partition(".")[2]
    return room.states.get(state, change.kind)


def _who(room: Room, actor: str) -> str:
    if actor.startswith("author:"):
        return translate("the citizen", room.language)
    if actor.startswith("key:"):
        return translate("a program (Open311)", room.language)
    if actor == "lab":
        return translate("the lab", room.language)
    return room.agents.get(actor, actor)


def _words(change: Change) -> tuple[str, bool]:
    """What was written in a note, and whether everybody reads it."""
    for row in change.rows:
        if row["table"] == "note":
            note = row["after"] or row["before"] or {}
            return str(note.get("text", "")), bool(note.get("public"))
    return "", False


def _details(room: Room, change: Change) -> tuple[str, ...]:
    found = []
    for row in change.rows:
        if row["table"] != "request" or row["before"] is None or row["after"] is None:
            continue
        for name in SHOWN:
            old, new = row["before"].get(name), row["after"].get(name)
            if name in row["after"] and old != new:
                found.append(f"{_value(room, name, old)} → {_value(room, name, new)}")
    return tuple(found)


def _value(room: Room, name: str, given: object) -> str:
    language: Language = room.language
    if not given:
        return "–"
    value = str(given)
    if name == "state":
        return room.states.get(value, value)
    if name == "assignee":
        return room.agents.get(value, value)
    if name == "service_code":
        about = room.services.get(value)
        return about.name(language) if about else value
    if name == "commune":
        return room.communes.get(value, value)
    words = {"waiting": "to be read", "accepted": "accepted", "rejected": "refused"}
    return translate(words[value], language) if value in words else value
