"""What agents do with a case: give it to a team, answer, put right, merge, take back.

Each act is one change of the journal, which tells it to whom it concerns
(:mod:`datalab.participation.news`) and lets it be taken back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update

from datalab.errors import ControlRefused, Stale
from datalab.i18n import Phrase
from datalab.participation import following, journal, request, routing, service
from datalab.participation.journal import Change, Edit
from datalab.participation.request_state import CLOSED, HOUR, Request, State, request_of
from datalab.participation.tables.author import PICTURE
from datalab.participation.tables.request import REQUEST

LONGEST_ANSWER = 4_000  # characters
LONGEST_TEAM = routing.LONGEST_TEAM
NOT_YET = ("received", "acknowledged")  # states that giving it to somebody moves on


@dataclass(frozen=True)
class Merged:
    """``joined`` people follow ``first`` from now on."""

    change: Change
    first: str
    joined: int


def assign(
    connection: Connection,
    id: str,
    team: str,
    assignee: str | None,
    *,
    actor: str,
    seen: int | None,
    now: float,
) -> Change:
    """Give a case to a team, a person, or both; to nobody where both are empty.

    Raises
    ------
    Stale, RequestClosed, UnknownRequest, ControlRefused
    """
    found = request.get(connection, id)
    if len(team) > LONGEST_TEAM:
        raise ControlRefused(
            reason=Phrase("the name of a team has {limit} letters at most", limit=LONGEST_TEAM)
        )
    given = {"team": team, "assignee": assignee or None}
    if found.status == "closed":
        raise ControlRefused(reason=Phrase("the case is closed; open it again first"))
    if found.state in NOT_YET and (team or assignee):
        return request.change_state(
            connection, id, "assigned", actor=actor, seen=seen, now=now, more=given
        )
    edit = Edit.update(REQUEST, id, {**given, "updated_at": now}, seen)
    return _record(connection, id, "request.assign", edit, actor, now)


def answer(
    connection: Connection,
    id: str,
    text: str,
    state: State | None,
    *,
    actor: str,
    seen: int | None,
    now: float,
) -> Change:
    """Answer in public, move to ``state``, or both.

    Raises
    ------
    Stale, RequestClosed, UnknownRequest
    ControlRefused
        where it says nothing, waits in moderation, or closes without a word.
    """
    found, text = request.get(connection, id), text.strip()
    if len(text) > LONGEST_ANSWER:
        raise ControlRefused(
            reason=Phrase("an answer has {limit} characters at most", limit=LONGEST_ANSWER)
        )
    if not text and state in (None, found.state):
        raise ControlRefused(reason=Phrase("there is no answer and no new state"))
    if found.moderation == "waiting":
        raise ControlRefused(reason=Phrase("accept the report first, or reject it"))
    if state == "duplicate":
        raise ControlRefused(reason=Phrase("merge it with the case that it repeats"))
    if state in CLOSED and not text:
        reason = Phrase("whoever reported it needs a sentence about how it ended")
        raise ControlRefused(reason=reason)
    if state is None or state == found.state:
        if seen is not None and seen != found.version:
            raise Stale(what=f"request {id}", current=dict(vars(found)))
        return request.note(connection, id, text, public=True, actor=actor, now=now)
    return request.change_state(connection, id, state, actor=actor, seen=seen, now=now, note=text)


def remark(connection: Connection, id: str, text: str, *, actor: str, now: float) -> Change:
    """Write what only the control room reads. It needs no version: remarks stand side by side.

    Raises
    ------
    UnknownRequest, ControlRefused
    """
    text = text.strip()
    if not text or len(text) > LONGEST_ANSWER:
        reason = Phrase("a note has from 1 to {limit} characters", limit=LONGEST_ANSWER)
        raise ControlRefused(reason=reason)
    return request.note(connection, id, text, public=False, actor=actor, now=now)


def put_right(
    connection: Connection,
    id: str,
    service_code: str,
    commune: str | None,
    *,
    actor: str,
    seen: int | None,
    now: float,
) -> Change:
    """Another category or municipality: the service level and the team follow it.

    Raises
    ------
    Stale, UnknownRequest, UnknownService
    """
    found, about = request.get(connection, id), service.get(connection, service_code)
    values: dict[str, Any] = {
        "service_code": service_code,
        "commune": commune,
        "team": routing.team_of(connection, service_code, commune) or found.team,
        "updated_at": now,
    }
    if about.code != found.service_code:
        values |= {"attributes": {}, "expected_at": found.requested_at + about.closure_hours * HOUR}
    edit = Edit.update(REQUEST, id, values, seen)
    return _record(connection, id, "request.correct", edit, actor, now)


def equip(
    connection: Connection,
    id: str,
    dataset: str,
    thing: str,
    *,
    actor: str,
    seen: int | None,
    now: float,
) -> Change:
    """Say which piece of equipment a case is about.

    Raises
    ------
    Stale, UnknownRequest
    """
    values = {"equipment": {"dataset": dataset, "id": thing}, "updated_at": now}
    edit = Edit.update(REQUEST, id, values, seen)
    return _record(connection, id, "request.equipment", edit, actor, now)


def merge(
    connection: Connection, id: str, first: str, *, actor: str, seen: int | None, now: float
) -> Merged:
    """Close ``id`` as a duplicate of ``first``: its people follow that one from now on.

    They also stay with ``id``, so that taking the merge back loses nobody.

    Raises
    ------
    Stale, RequestClosed, UnknownRequest, ControlRefused
    """
    if request.get(connection, first).moderation != "accepted":
        reason = Phrase("the case {id} is not public, so nobody could follow it", id=first)
        raise ControlRefused(reason=reason)
    done = request.change_state(
        connection, id, "duplicate", actor=actor, seen=seen, now=now, duplicate_of=first
    )
    primary = request.get(connection, id).duplicate_of or first
    already = set(following.hearers(connection, primary))
    joining = [one for one in following.hearers(connection, id) if one not in already]
    for author_id in joining:
        following.follow(connection, primary, author_id, now)
    return Merged(done, primary, len(joining))


def undo(connection: Connection, id: str, change: int, *, actor: str, now: float) -> Change:
    """Take back a change of this case.

    Raises
    ------
    CannotUndo
    ControlRefused
        where the change is one of another case.
    """
    found = journal.find(connection, change)
    if found is None or found.scope != f"request:{id}" or found.kind == "request.submit":
        raise ControlRefused(reason=Phrase("there is no such change of this case"))
    done = journal.undo(connection, change, at=now, actor=actor)
    shown = request.get(connection, id)
    if shown.picture_id:
        kept = update(PICTURE).where(PICTURE.c.id == shown.picture_id)
        connection.execute(kept.values(accepted=shown.moderation == "accepted"))
    return done


def repeats(connection: Connection, id: str) -> list[Request]:
    """Cases that were merged into ``id``, the oldest first."""
    asked = select(REQUEST).where(REQUEST.c.duplicate_of == id).order_by(REQUEST.c.requested_at)
    return [request_of(row) for row in connection.execute(asked).mappings()]


def undoable(history: Sequence[Change]) -> set[int]:
    """Numbers of the changes that may be taken back: not the first, not those taken back."""
    gone = {change.undoes for change in history if change.undoes}
    return {c.id for c in history if c.id not in gone and c.kind != "request.submit"}


def _record(
    connection: Connection, id: str, kind: str, edit: Edit, actor: str, now: float
) -> Change:
    return journal.record(
        connection, scope=f"request:{id}", at=now, actor=actor, kind=kind, edits=[edit]
    )
