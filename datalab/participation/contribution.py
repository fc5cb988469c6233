"""Contributions: what people say in a session, from sent to accepted, rejected, merged, withdrawn.

``text`` is what was typed and only its author and the moderators read it; ``said`` is the screened
text that everybody may read, set when somebody accepts it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, select, update

from datalab.errors import CannotMove, FieldRefused, ReceiptTaken, UnknownItem
from datalab.i18n import Language, Phrase
from datalab.participation import journal
from datalab.participation.author import short_id
from datalab.participation.batch import learn, one_of
from datalab.participation.journal import Edit
from datalab.participation.screening import described, screen
from datalab.participation.session import Session, record, require_cluster, require_open
from datalab.participation.tables.author import PICTURE
from datalab.participation.tables.contribution import CONTRIBUTION
from datalab.participation.wording import check_receipt, is_plain, said

State = Literal["submitted", "accepted", "rejected", "merged", "withdrawn"]
STATES: dict[str, Phrase] = {
    "submitted": Phrase("waits to be read"),
    "accepted": Phrase("shown to everybody"),
    "rejected": Phrase("not shown"),
    "merged": Phrase("joined with another"),
    "withdrawn": Phrase("withdrawn"),
}
KINDS = ("idea", "comment")
SUBMIT = "contribution.submit"
LONGEST = 1_000  # characters
LONGEST_REASON = 300
LONGEST_PLACE = 200
MOST_WAITING = 50  # contributions of one author in one session


@dataclass(frozen=True)
class Contribution:
    """``concerns`` is what screening found in ``text``: kind, start, end, word; with the ``field``
    "alternative" in the words that describe its picture."""

    id: str
    session_id: str
    phase_id: str | None
    author_id: str | None
    receipt: str
    kind: str
    parent_id: str | None
    text: str
    said: str
    latitude: float | None
    longitude: float | None
    commune: str | None
    place: str
    picture_id: str | None
    evidence: Mapping[str, Any] | None
    state: State
    reason: str
    concerns: Sequence[Mapping[str, Any]]
    cluster_id: str | None
    position: float
    merged_into: str | None
    way: str
    entered_by: str | None
    decided_by: str | None
    submitted_at: float
    decided_at: float | None
    version: int


def submit(
    connection: Connection,
    session: Session,
    *,
    author: str | None,
    receipt: str,
    text: str,
    now: float,
    kind: str = "idea",
    parent: str | None = None,
    latitude: float | None = None,
    longitude: float | None = None,
    commune: str | None = None,
    place: str = "",
    picture: str | None = None,
    shows: str = "",
    evidence: Mapping[str, Any] | None = None,
    cluster: str | None = None,
    way: str = "phone",
    entered_by: str | None = None,
    language: Language = "fr",
) -> Contribution:
    """Keep what somebody says. The same receipt of the same author gives the first one back.

    It waits for a moderator, unless the session moderates afterwards and screening finds nothing.
    A comment is about ``parent``, an accepted idea. ``shows`` is what was typed to describe
    ``picture``.

    Raises
    ------
    SessionNotOpen, FieldRefused, ReceiptTaken, UnknownItem, CannotMove
    """
    check_receipt(receipt)
    known = of_receipt(connection, receipt)
    if known is not None:
        if known.session_id != session.id or known.author_id != author:
            raise ReceiptTaken
        return known
    require_open(session)
    text = said("text", text, LONGEST)
    if kind not in KINDS or (kind == "comment") != (parent is not None):
        raise FieldRefused("kind", Phrase("Choose one of these."))
    if parent is not None and get(connection, session, parent).state != "accepted":
        raise UnknownItem(what=Phrase("contribution"))
    if cluster is not None:
        require_cluster(connection, session, cluster)
    screened = screen(text, language)
    at_once = session.moderation == "after" and not screened.concerns and picture is None
    row = {
        "id": short_id(),
        "session_id": session.id,
        "phase_id": session.phase_id,
        "author_id": author,
        "receipt": receipt,
        "kind": kind,
        "parent_id": parent,
        "text": text,
        "said": screened.said if at_once else "",
        "latitude": latitude,
        "longitude": longitude,
        "commune": commune,
        "place": said("place", place, LONGEST_PLACE, needed=False),
        "picture_id": picture,
        "evidence": dict(evidence) if evidence else None,
        "state": "accepted" if at_once else "submitted",
        "concerns": [*screened.concerns, *described(shows, language)],
        "cluster_id": cluster,
        "position": now,
        "way": way,
        "entered_by": entered_by,
        "decided_at": now if at_once else None,
        "submitted_at": now,
    }
    who = entered_by or (f"author:{author}" if author else "lab")
    kept = journal.enter(
        connection, CONTRIBUTION, row, scope=session.scope, at=now, actor=who, kind=SUBMIT
    )
    made = Contribution(**kept)
    learn(connection, of_receipts, receipt, made)
    return made


def get(connection: Connection, session: Session, id: str) -> Contribution:
    """
    Raises
    ------
    UnknownItem
    """
    asked = select(CONTRIBUTION).where(
        CONTRIBUTION.c.id == id, CONTRIBUTION.c.session_id == session.id
    )
    row = connection.execute(asked).mappings().first() if is_plain(id) else None
    if row is None:
        raise UnknownItem(what=Phrase("contribution"))
    return Contribution(**row)


def of_receipt(connection: Connection, receipt: str) -> Contribution | None:
    return one_of(connection, of_receipts, receipt)


def of_receipts(connection: Connection, receipts: Collection[str]) -> dict[str, Contribution]:
    asked = select(CONTRIBUTION).where(CONTRIBUTION.c.receipt.in_(receipts))
    rows = connection.execute(asked).mappings()
    return {row["receipt"]: Contribution(**row) for row in rows}


def contributions(
    connection: Connection,
    session: Session,
    *,
    states: Sequence[str] | None = None,
    author: str | None = None,
) -> list[Contribution]:
    """Those of a session, as they lie on the board."""
    asked = select(CONTRIBUTION).where(CONTRIBUTION.c.session_id == session.id)
    if states is not None:
        asked = asked.where(CONTRIBUTION.c.state.in_(states))
    if author is not None:
        asked = asked.where(CONTRIBUTION.c.author_id == author)
    asked = asked.order_by(CONTRIBUTION.c.position, CONTRIBUTION.c.id)
    return [Contribution(**row) for row in connection.execute(asked).mappings()]


def accept(
    connection: Connection,
    session: Session,
    one: Contribution,
    *,
    now: float,
    actor: str,
    wording: str | None = None,
    seen: int | None = None,
) -> Contribution:
    """Let everybody read it, as ``wording`` (by default the screened text).

    Raises
    ------
    CannotMove, FieldRefused, Stale
    """
    if one.state not in ("submitted", "rejected"):
        raise CannotMove(reason=_is(one))
    text = screen(one.text).said if wording is None else said("wording", wording, LONGEST)
    values = {"state": "accepted", "said": text, "reason": ""}
    return _decide(connection, session, one, "accept", values, now, actor, seen)


def reject(
    connection: Connection,
    session: Session,
    one: Contribution,
    *,
    reason: str,
    now: float,
    actor: str,
    seen: int | None = None,
) -> Contribution:
    """Nobody but its author reads it, nor the ``reason``.

    Raises
    ------
    CannotMove, FieldRefused, Stale
    """
    if one.state not in ("submitted", "accepted"):
        raise CannotMove(reason=_is(one))
    reason = said("reason", reason, LONGEST_REASON)
    values = {"state": "rejected", "said": "", "reason": reason}
    return _decide(connection, session, one, "reject", values, now, actor, seen)


def withdraw(
    connection: Connection, session: Session, one: Contribution, *, now: float, author: str
) -> Contribution:
    """Its author takes it back.

    Raises
    ------
    UnknownItem
        where it is somebody else's.
    CannotMove
    """
    if one.author_id != author:
        raise UnknownItem(what=Phrase("contribution"))
    if one.state not in ("submitted", "accepted", "rejected"):
        raise CannotMove(reason=_is(one))
    values = {"state": "withdrawn", "said": ""}
    return _decide(connection, session, one, "withdraw", values, now, f"author:{author}", None)


def reword(
    connection: Connection,
    session: Session,
    one: Contribution,
    *,
    wording: str,
    now: float,
    actor: str,
    seen: int | None = None,
) -> Contribution:
    """Change what everybody reads.

    Raises
    ------
    CannotMove, FieldRefused, Stale
    """
    if one.state not in ("accepted", "merged"):
        raise CannotMove(reason=_is(one))
    values = {"said": said("wording", wording, LONGEST)}
    return change(connection, session, one, "edit", values, now=now, actor=actor, seen=seen)


def change(
    connection: Connection,
    session: Session,
    one: Contribution,
    verb: str,
    values: Mapping[str, Any],
    *,
    now: float,
    actor: str,
    seen: int | None,
) -> Contribution:
    edits = [Edit.update(CONTRIBUTION, one.id, dict(values), seen=seen)]
    record(connection, session, f"contribution.{verb}", edits, now=now, actor=actor)
    show_pictures(connection, [one.id])
    return get(connection, session, one.id)


def show_pictures(connection: Connection, ids: Sequence[str]) -> None:
    """A picture is for everybody exactly as long as what it came with is."""
    asked = select(CONTRIBUTION.c.picture_id, CONTRIBUTION.c.state).where(
        CONTRIBUTION.c.id.in_(ids), CONTRIBUTION.c.picture_id.is_not(None)
    )
    for picture, state in connection.execute(asked).all():
        shown = state in ("accepted", "merged")
        connection.execute(update(PICTURE).where(PICTURE.c.id == picture).values(accepted=shown))


def _decide(
    connection: Connection,
    session: Session,
    one: Contribution,
    verb: str,
    values: dict[str, Any],
    now: float,
    actor: str,
    seen: int | None,
) -> Contribution:
    whole = {**values, "decided_by": actor, "decided_at": now}
    edits = [Edit.update(CONTRIBUTION, one.id, whole, seen=seen)]
    if values["state"] != "accepted":
        edits += _set_free(connection, one)
    record(connection, session, f"contribution.{verb}", edits, now=now, actor=actor)
    show_pictures(connection, [one.id])
    return get(connection, session, one.id)


def _set_free(connection: Connection, one: Contribution) -> list[Edit]:
    """What was joined with it does not go with it."""
    asked = select(CONTRIBUTION.c.id, CONTRIBUTION.c.version).where(
        CONTRIBUTION.c.merged_into == one.id, CONTRIBUTION.c.state == "merged"
    )
    values = {"state": "accepted", "merged_into": None}
    return [
        Edit.update(CONTRIBUTION, id, values, seen=version)
        for id, version in connection.execute(asked).all()
    ]


def _is(one: Contribution) -> Phrase:
    return Phrase("the contribution is “{state}”", state=STATES[one.state])
