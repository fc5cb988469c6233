"""Answers that are often given: an agent starts from one, and fills in what differs.

A text may name ``{id}``, ``{category}``, ``{address}``, ``{date}`` and ``{team}``; any other word
in braces stays as it is, for the agent to see.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, or_, select

from datalab.participation import journal
from datalab.participation.author import short_id
from datalab.participation.journal import Change, Edit
from datalab.participation.routing import SCOPE
from datalab.participation.tables.request import CANNED_ANSWER

PLACES = ("id", "category", "address", "date", "team")
LONGEST = 2_000  # characters
LONGEST_TITLE = 80


@dataclass(frozen=True)
class CannedAnswer:
    """``service_code`` None is for every service."""

    id: str
    service_code: str | None
    title: str
    text: str
    version: int


def answers(connection: Connection, service_code: str | None = None) -> list[CannedAnswer]:
    """All of them, or those that fit a service, its own first."""
    asked = select(CANNED_ANSWER)
    if service_code is not None:
        column = CANNED_ANSWER.c.service_code
        asked = asked.where(or_(column.is_(None), column == service_code))
    found = [CannedAnswer(**row) for row in connection.execute(asked).mappings()]
    return sorted(found, key=lambda a: (a.service_code is None, a.service_code or "", a.title))


def filled(text: str, facts: Mapping[str, str]) -> str:
    """``text`` with its places filled in; nothing in ``facts`` is read as a place again."""
    return re.sub(r"\{(\w+)\}", lambda found: facts.get(found[1], found[0]), text)


def save(
    connection: Connection,
    id: str | None,
    service_code: str | None,
    title: str,
    text: str,
    *,
    actor: str,
    seen: int | None,
    now: float,
) -> Change:
    """A new one, or another wording of one that is there.

    Raises
    ------
    Stale
    """
    values = {"service_code": service_code, "title": title, "text": text}
    if id is None:
        edit = Edit.insert(CANNED_ANSWER, {"id": short_id(), **values})
        return _record(connection, "canned-answer.add", edit, actor, now)
    edit = Edit.update(CANNED_ANSWER, id, values, seen)
    return _record(connection, "canned-answer.change", edit, actor, now)


def remove(connection: Connection, id: str, *, actor: str, seen: int, now: float) -> Change:
    """Take one away; answers that were given stay.

    Raises
    ------
    Stale
    """
    edit = Edit.delete(CANNED_ANSWER, id, seen)
    return _record(connection, "canned-answer.remove", edit, actor, now)


def _record(connection: Connection, kind: str, edit: Edit, actor: str, now: float) -> Change:
    return journal.record(connection, scope=SCOPE, at=now, actor=actor, kind=kind, edits=[edit])
