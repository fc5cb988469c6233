"""Taking a shared document back: the whole of it or one version, with a reason, until undone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from datalab.errors import CannotUndo, FieldRefused
from datalab.i18n import Phrase
from datalab.participation import journal, shared
from datalab.participation.journal import Edit
from datalab.participation.shared import LONGEST_REASON, Document, Edition
from datalab.participation.tables.exchange import SHARED_EDITION
from datalab.participation.wording import said

KIND = "shared.withdraw"
GONE = frozenset({"withdrawn", "refused"})


@dataclass(frozen=True)
class Withdrawal:
    """Versions that were withdrawn together; ``change`` is what takes it back."""

    change: int
    at: float
    by: str
    reason: str
    numbers: tuple[int, ...]


def withdraw(
    connection: Connection,
    document: Document,
    *,
    number: int | None,
    reason: str,
    actor: str,
    now: float,
) -> int:
    """Withdraw a version, or all (None) that are published or wait to be read.

    ``document`` is as somebody sees it who may withdraw all of it: its sender, a moderator.

    Returns
    -------
    int
        the change, to be undone by :func:`restore`.

    Raises
    ------
    FieldRefused, Stale
    """
    words = said("reason", reason, LONGEST_REASON)
    chosen = [
        one for one in document.editions if number in (None, one.number) and one.state not in GONE
    ]
    if not chosen:
        raise FieldRefused("number", Phrase("Choose a version that is not withdrawn yet."))
    values = {"state": "withdrawn", "reason": words, "read_by": actor, "read_at": now}
    edits = [Edit.update(SHARED_EDITION, one.id, values, one.version) for one in chosen]
    scope = shared.scope_of(document.id)
    return journal.record(connection, scope=scope, at=now, actor=actor, kind=KIND, edits=edits).id


def standing(connection: Connection, document: Document) -> list[Withdrawal]:
    """What is withdrawn of a document and can be taken back, the newest first."""
    changes = journal.since(connection, 0, shared.scope_of(document.id), noun="shared")
    undone = {change.undoes for change in changes}
    versions = {one.id: one for one in document.editions}
    found = []
    for change in reversed(changes):
        if change.kind != KIND or change.undoes is not None or change.id in undone:
            continue
        held = [versions[row["id"]] for row in change.rows if row["id"] in versions]
        if held and all(one.state == "withdrawn" for one in held):
            numbers = tuple(sorted(one.number for one in held))
            reason = held[0].reason
            found.append(Withdrawal(change.id, change.at, change.actor, reason, numbers))
    return found


def restore(
    connection: Connection,
    document: Document,
    change: int,
    *,
    actor: str,
    moderator: bool,
    now: float,
) -> None:
    """Take a withdrawal back: each version is again what it was, read or not.

    Who sent a document takes back their own withdrawals only; moderators take back any.

    Raises
    ------
    CannotUndo
    """
    known = next((one for one in standing(connection, document) if one.change == change), None)
    if known is None:
        raise CannotUndo(reason=Phrase("it was undone already"))
    if known.by != actor and not moderator:
        raise CannotUndo(reason=Phrase("somebody who reads over for the lab withdrew it"))
    journal.undo(connection, change, at=now, actor=actor)


def gone(connection: Connection, id: str, number: int | None = None) -> Edition | None:
    """A version of a document, or its newest, that everybody could read and that is withdrawn.

    Nothing is said of what nobody but its sender could ever read.

    Raises
    ------
    UnknownShared
        where there is no such document.
    """
    document = shared.get(connection, id, all_of=True)
    changes = journal.since(connection, 0, shared.scope_of(id), noun="shared")
    published = {
        row["id"] for change in changes for row in change.rows if _published(row["after"] or {})
    }
    return next(
        (
            one
            for one in document.editions
            if one.state == "withdrawn" and number in (None, one.number) and one.id in published
        ),
        None,
    )


def _published(row: Mapping[str, object]) -> bool:
    return row.get("state") == "published"
