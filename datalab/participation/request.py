"""Service requests: what was reported, and every step until it is closed.

Each change goes through the journal under the scope ``request:<id>``. Nothing that waits in
moderation, or was rejected there, is ever public: whoever shows requests to others asks
:mod:`datalab.participation.request_list`, or :func:`public`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, select, update

from datalab.errors import RequestClosed, UnknownRequest, UnknownService
from datalab.i18n import Phrase, translate
from datalab.participation import journal, routing, service
from datalab.participation.author import short_id
from datalab.participation.batch import learn
from datalab.participation.journal import Change, Edit
from datalab.participation.report import Reviewed
from datalab.participation.request_receipt import Submitted, known, recorded
from datalab.participation.request_state import (
    CLOSED,
    DAY,
    HOUR,
    REOPEN_DAYS,
    STATES,
    Request,
    State,
    request_of,
)
from datalab.participation.screening import screen
from datalab.participation.service import Service
from datalab.participation.tables.author import PICTURE
from datalab.participation.tables.request import NOTE, REQUEST

__all__ = [
    "CLOSED",
    "DAY",
    "HOUR",
    "REOPEN_DAYS",
    "STATES",
    "Request",
    "State",
    "Submitted",
    "known",
]


def submit(connection: Connection, reviewed: Reviewed, now: float) -> Submitted:
    """Record a report, once for each receipt. Without concerns it is accepted at once.

    Raises
    ------
    UnknownService
        also where the service is no longer offered.
    ReceiptReused
    """
    report = reviewed.report
    if (before := known(connection, report.receipt)) is not None:
        return before.for_same(report.digest)
    about = service.get(connection, report.service_code)
    if not about.active:
        raise UnknownService(code=about.code)
    return enter(connection, reviewed, about, now)


def enter(connection: Connection, reviewed: Reviewed, about: Service, now: float) -> Submitted:
    """Record a report whose receipt and service were looked at in this transaction."""
    report = reviewed.report
    made, token = short_id(), short_id(24)
    values = {
        **{name: getattr(report, name) for name in _REPORTED},
        "id": made,
        "token": token,
        "state": "received",
        "status": "open",
        "moderation": "accepted" if reviewed.clean else "waiting",
        "concerns": [dict(one) for one in reviewed.concerns],
        "said": reviewed.said if reviewed.clean else "",
        "attributes": dict(report.attributes),
        "team": routing.team_of(connection, report.service_code, report.commune),
        "requested_at": now,
        "updated_at": now,
        "expected_at": now + about.closure_hours * HOUR,
    }
    journal.enter(
        connection,
        REQUEST,
        values,
        scope=f"request:{made}",
        at=now,
        actor=_reporter(report),
        kind="request.submit",
    )
    done = Submitted(made if reviewed.clean else None, token, made, digest=report.digest)
    learn(connection, recorded, report.receipt, replace(done, repeated=True))
    return done


_REPORTED = (
    "receipt",
    "digest",
    "service_code",
    "channel",
    "description",
    "latitude",
    "longitude",
    "commune",
    "address",
    "address_id",
    "zipcode",
    "picture_id",
    "equipment",
    "author_id",
    "api_key_id",
)


def _reporter(report: Any) -> str:
    if report.api_key_id:
        return f"key:{report.api_key_id}"
    return f"author:{report.author_id}" if report.author_id else "lab"


def get(connection: Connection, id: str) -> Request:
    """Any request, for who may see what is not public.

    Raises
    ------
    UnknownRequest
    """
    return _found(connection, id, REQUEST.c.id == id)


def public(connection: Connection, id: str) -> Request:
    """A request that everybody may see.

    Raises
    ------
    UnknownRequest
    """
    return _found(connection, id, (REQUEST.c.id == id) & (REQUEST.c.moderation == "accepted"))


def of_token(connection: Connection, token: str) -> Request:
    """The request that ``token`` was given for, whatever its moderation.

    Raises
    ------
    UnknownRequest
    """
    return _found(connection, token, REQUEST.c.token == token)


def find(connection: Connection, id: str) -> Request | None:
    """As :func:`get`, None where there is none."""
    try:
        return get(connection, id)
    except UnknownRequest:
        return None


def find_token(connection: Connection, token: str) -> Request | None:
    """As :func:`of_token`, None where there is none."""
    try:
        return of_token(connection, token)
    except UnknownRequest:
        return None


def _found(connection: Connection, named: str, condition: Any) -> Request:
    if "\0" in named:  # no text of PostgreSQL holds it, nor may be compared with it
        raise UnknownRequest(id=named[:60])
    row = connection.execute(select(REQUEST).where(condition)).mappings().first()
    if row is None:
        raise UnknownRequest(id=named[:60])
    return request_of(row)


def moderate(
    connection: Connection,
    id: str,
    accepted: bool,
    *,
    actor: str,
    seen: int | None,
    now: float,
    said: str | None = None,
    address: str | None = None,
    reason: str = "",
) -> Change:
    """Let everybody see a request, or nobody; ``said`` is its text as the moderator left it.

    Without ``said`` and ``address`` what the machine masked is shown. ``reason`` is told to who
    reported where it is rejected.

    Raises
    ------
    Stale
    """
    found = get(connection, id)
    values: dict[str, Any] = {"moderation": "accepted" if accepted else "rejected"}
    values["updated_at"] = now
    if accepted:
        values["said"] = screen(found.description).said if said is None else said
        values["address"] = screen(found.address).said if address is None else address
    else:
        values["status_notes"] = reason
    if found.picture_id:
        kept = update(PICTURE).where(PICTURE.c.id == found.picture_id)
        connection.execute(kept.values(accepted=accepted))
    kind = "request.accept" if accepted else "request.reject"
    return _record(connection, id, now, actor, kind, Edit.update(REQUEST, id, values, seen))


def change_state(
    connection: Connection,
    id: str,
    state: State,
    *,
    actor: str,
    seen: int | None,
    now: float,
    note: str = "",
    duplicate_of: str | None = None,
    more: Mapping[str, Any] | None = None,
) -> Change:
    """Move a request to ``state``, with an answer that everybody reads where there is a ``note``.

    ``duplicate_of`` is needed to close it as a duplicate; ``more`` are other columns to change in
    the same step (team, assignee, agency). An open state for a closed request opens it again.

    Raises
    ------
    Stale, RequestClosed, UnknownRequest
    """
    found = get(connection, id)
    if found.moderation == "rejected":
        raise RequestClosed(id=id, reason=Phrase("it was rejected in moderation"))
    values: dict[str, Any] = {**(more or {}), "state": state, "updated_at": now}
    if state == "duplicate":
        first = _first_of(connection, found, duplicate_of)
        values["duplicate_of"] = first.id
        said = "Reported before (duplicate): it is followed under {id}."
        note = note or translate(said, id=first.id)
    elif found.duplicate_of:
        values["duplicate_of"] = None
    if state in CLOSED:
        values |= {
            "status": "closed",
            "closed_at": now if found.status == "open" else found.closed_at,
        }
    else:
        values |= {"status": "open", "closed_at": None}
        if found.status == "closed":
            values |= _opened_again(connection, found, now)
    edits = _answer(id, values, note, actor, now) if note else []
    if found.answered_at is None and (note or state != "received"):
        values["answered_at"] = now
    edits.insert(0, Edit.update(REQUEST, id, values, seen))
    return _record(connection, id, now, actor, f"request.{state}", *edits)


def _first_of(connection: Connection, found: Request, duplicate_of: str | None) -> Request:
    """The request that ``found`` repeats, never itself nor one that repeats it."""
    first = get(connection, duplicate_of or "")
    if first.duplicate_of and first.duplicate_of != found.id:
        first = get(connection, first.duplicate_of)
    if found.id in (first.id, first.duplicate_of):
        raise RequestClosed(id=found.id, reason=Phrase("it cannot be the duplicate of itself"))
    return first


def reopen(connection: Connection, id: str, *, author_id: str, reason: str, now: float) -> Change:
    """Open it again because who reported it says so; only the control room reads ``reason``.

    Raises
    ------
    RequestClosed
        where it is open, is somebody else's, or was closed more than REOPEN_DAYS ago.
    """
    found = get(connection, id)
    if found.author_id is None or found.author_id != author_id:
        raise UnknownRequest(id=id[:60])
    if found.status == "open" or found.closed_at is None:
        raise RequestClosed(id=id, reason=Phrase("it is open already"))
    if now - found.closed_at > REOPEN_DAYS * DAY:
        late = Phrase("it was closed more than {days} days ago", days=round(REOPEN_DAYS))
        raise RequestClosed(id=id, reason=late)
    actor = f"author:{author_id}"
    values: dict[str, Any] = {"state": "received", "status": "open", "closed_at": None}
    values |= {"updated_at": now, "duplicate_of": None, **_opened_again(connection, found, now)}
    told = translate("Opened again by the person who reported it.")
    edits = _answer(id, values, told, actor, now)
    if reason:
        edits.append(Edit.insert(NOTE, _note(id, reason, False, actor, now)))
    edits.insert(0, Edit.update(REQUEST, id, values))
    return _record(connection, id, now, actor, "request.reopen", *edits)


def note(
    connection: Connection, id: str, text: str, *, public: bool, actor: str, now: float
) -> Change:
    """Write under a request: for everybody, or for the control room alone.

    Raises
    ------
    UnknownRequest
    """
    found = get(connection, id)
    if not public:
        inside = Edit.insert(NOTE, _note(id, text, False, actor, now))
        return _record(connection, id, now, actor, "request.note", inside)
    values: dict[str, Any] = {"updated_at": now}
    if found.answered_at is None:
        values["answered_at"] = now
    edits = _answer(id, values, text, actor, now)
    edits.insert(0, Edit.update(REQUEST, id, values))
    return _record(connection, id, now, actor, "request.answer", *edits)


def _opened_again(connection: Connection, found: Request, now: float) -> dict[str, Any]:
    about = service.get(connection, found.service_code)
    return {"reopened": found.reopened + 1, "expected_at": now + about.closure_hours * HOUR}


def _answer(id: str, values: dict[str, Any], text: str, actor: str, now: float) -> list[Edit]:
    """The public note ``text``, told as the status notes of the request too."""
    values["status_notes"] = text
    return [Edit.insert(NOTE, _note(id, text, True, actor, now))]


def _note(id: str, text: str, public: bool, actor: str, now: float) -> dict[str, Any]:
    made = {"id": short_id(), "request_id": id, "actor": actor, "text": text}
    return {**made, "public": public, "at": now}


def _record(
    connection: Connection, id: str, now: float, actor: str, kind: str, *edits: Edit
) -> Change:
    return journal.record(
        connection, scope=f"request:{id}", at=now, actor=actor, kind=kind, edits=edits
    )
