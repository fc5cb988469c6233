"""Experience sheets, questions and answers among municipalities, read by somebody before all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from datalab.errors import FieldRefused, UnknownShared
from datalab.i18n import Language, Phrase
from datalab.participation import journal
from datalab.participation.author import short_id
from datalab.participation.journal import Edit
from datalab.participation.screening import screen
from datalab.participation.shared import LONGEST_TITLE, MOST_WAITING, folded, tags_of, verdict
from datalab.participation.tables.exchange import PEER_POST
from datalab.participation.wording import said

# The parts of a sheet: those of Cerema's cards (context, stakes, success factors, internal skills:
# smartcitymag.fr 267), and what did not work.
PARTS: dict[str, dict[str, Phrase]] = {
    "sheet": {
        "context": Phrase("Context and stakes"),
        "done": Phrase("What was done"),
        "success": Phrase("Success factors"),
        "trouble": Phrase("What did not work"),
        "skills": Phrase("Skills and means that it took"),
    },
    "question": {"text": Phrase("The question")},
    "answer": {"text": Phrase("The answer")},
}
NEEDED = {"context", "done", "text"}
LONGEST = 3_000
MOST_LISTED = 500


@dataclass(frozen=True)
class Post:
    """``said`` is what everybody reads once published; ``answers`` are those of a question."""

    id: str
    kind: str
    parent_id: str | None
    title: str
    parts: dict[str, str]
    said: dict[str, str]
    concerns: list[dict[str, Any]]
    tags: list[str]
    origin: str
    account: str
    state: str
    reason: str
    read_by: str | None
    sent_at: float
    read_at: float | None
    version: int
    answers: tuple[Post, ...] = ()


def send(
    connection: Connection,
    *,
    kind: str,
    parent: str | None,
    fields: Mapping[str, str],
    actor: str,
    now: float,
    language: Language = "fr",
) -> str:
    """Keep a post that waits to be read; returns its id.

    Raises
    ------
    FieldRefused, UnknownShared
    """
    if kind not in PARTS or (kind == "answer") != (parent is not None):
        raise UnknownShared()
    if parent is not None and get(connection, parent).kind != "question":
        raise UnknownShared()
    asked = select(func.count()).where(PEER_POST.c.account == actor, PEER_POST.c.state == "waiting")
    if connection.execute(asked).scalar_one() >= MOST_WAITING:
        reason = Phrase("Many of yours wait to be read already. Come back when they are.")
        raise FieldRefused("title" if kind != "answer" else "text", reason)
    title = said("title", fields.get("title", ""), LONGEST_TITLE, needed=kind != "answer")
    parts = {
        name: said(name, fields.get(name, ""), LONGEST, needed=name in NEEDED)
        for name in PARTS[kind]
    }
    screened = {name: screen(text, language) for name, text in parts.items()}
    heading = screen(title, language)
    values = {
        "id": short_id(),
        "kind": kind,
        "parent_id": parent,
        "title": heading.said,
        "parts": parts,
        "said": {name: one.said for name, one in screened.items()},
        "concerns": [
            *heading.concerns,
            *(concern for one in screened.values() for concern in one.concerns),
        ],
        "tags": tags_of(fields.get("tags", "")),
        "origin": said("origin", fields.get("origin", ""), LONGEST_TITLE),
        "account": actor,
        "state": "waiting",
        "sent_at": now,
    }
    id = str(values["id"])
    _record(connection, id, "peer.send", Edit.insert(PEER_POST, values), actor, now)
    return id


def read_over(
    connection: Connection,
    id: str,
    *,
    state: str,
    reason: str,
    seen: int,
    actor: str,
    now: float,
) -> None:
    """Publish a post, refuse it or take it back.

    Raises
    ------
    FieldRefused, Stale
    """
    values = verdict(state, reason, actor, now)
    _record(connection, id, "peer.read", Edit.update(PEER_POST, id, values, seen), actor, now)


def get(connection: Connection, id: str, account: str = "") -> Post:
    """A published post, or one's own.

    Raises
    ------
    UnknownShared
    """
    for one in listed(connection, account):
        if one.id == id:
            return one
    raise UnknownShared()


def listed(connection: Connection, account: str = "") -> list[Post]:
    """Sheets and questions that are published, and one's own; the newest first."""
    asked = select(PEER_POST).order_by(PEER_POST.c.sent_at.desc(), PEER_POST.c.id)
    seen = [
        Post(**row)
        for row in connection.execute(asked.limit(4 * MOST_LISTED)).mappings()
        if row["state"] == "published" or (account and row["account"] == account)
    ]
    answers: dict[str, list[Post]] = {}
    for one in reversed(seen):
        if one.parent_id:
            answers.setdefault(one.parent_id, []).append(one)
    return [
        Post(**{**one.__dict__, "answers": tuple(answers.get(one.id, ()))})
        for one in seen
        if one.parent_id is None
    ]


def waiting(connection: Connection) -> list[Post]:
    """What waits to be read, the oldest first."""
    asked = select(PEER_POST).where(PEER_POST.c.state == "waiting")
    rows = connection.execute(asked.order_by(PEER_POST.c.sent_at, PEER_POST.c.id)).mappings()
    return [Post(**row) for row in rows]


def found(posts: list[Post], words: str, tag: str = "") -> list[Post]:
    """Posts that hold every word, answers included."""
    wanted = folded(words).split()

    def text(one: Post) -> str:
        parts = [one.title, one.origin, *one.tags, *one.said.values()]
        return folded(" ".join([*parts, *(text(answer) for answer in one.answers)]))

    return [
        one
        for one in posts
        if (not tag or tag in one.tags) and all(word in text(one) for word in wanted)
    ]


def _record(connection: Connection, id: str, kind: str, edit: Edit, actor: str, now: float) -> None:
    journal.record(connection, scope=f"peer:{id}", at=now, actor=actor, kind=kind, edits=[edit])
