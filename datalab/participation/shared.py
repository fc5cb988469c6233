"""Documents that municipalities share: each in several editions, read by somebody before all."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select

from datalab.errors import FieldRefused, UnknownShared
from datalab.i18n import Phrase
from datalab.participation import journal
from datalab.participation.author import short_id
from datalab.participation.journal import Edit
from datalab.participation.tables.exchange import SHARED_CONTENT, SHARED_DOCUMENT, SHARED_EDITION
from datalab.participation.upload import Upload
from datalab.participation.wording import said

KIND_NAMES: dict[str, Phrase] = {
    "specification": Phrase("Specifications"),
    "grid": Phrase("Evaluation grid"),
    "clause": Phrase("Clauses of a contract"),
    "guide": Phrase("Guide or method"),
    "other": Phrase("Other document"),
}
LICENSES: dict[str, str] = {
    "lov2": "Licence Ouverte 2.0",
    "odbl": "ODbL 1.0",
    "cc-by-4.0": "CC BY 4.0",
    "cc-by-sa-4.0": "CC BY-SA 4.0",
    "cc0-1.0": "CC0 1.0",
}
LONGEST_REASON = 500
LONGEST_TITLE, LONGEST_SUMMARY, LONGEST_TAG = 150, 1_500, 30
MOST_TAGS = 8
MOST_WAITING = 20  # editions of one account that nobody read yet
MOST_EDITIONS = 50
MOST_LISTED = 500


@dataclass(frozen=True)
class Edition:
    id: str
    document_id: str
    number: int
    note: str
    filename: str
    form: str
    size: int
    sha256: str
    state: str
    reason: str
    account: str
    read_by: str | None
    sent_at: float
    read_at: float | None
    version: int


@dataclass(frozen=True)
class Document:
    """``editions`` are those that the reader may see, the newest first."""

    id: str
    kind: str
    title: str
    summary: str
    tags: list[str]
    license: str
    origin: str
    account: str
    created_at: float
    version: int
    editions: tuple[Edition, ...]

    @property
    def published(self) -> Edition | None:
        return next((one for one in self.editions if one.state == "published"), None)


@dataclass(frozen=True)
class Described:
    """What a form says of a document."""

    kind: str
    title: str
    summary: str
    tags: str
    license: str
    origin: str

    def values(self) -> dict[str, object]:
        """
        Raises
        ------
        FieldRefused
        """
        if self.kind not in KIND_NAMES:
            raise FieldRefused("kind", Phrase("Choose one of the list."))
        if self.license not in LICENSES:
            raise FieldRefused("license", Phrase("Choose one of the list."))
        return {
            "kind": self.kind,
            "title": said("title", self.title, LONGEST_TITLE),
            "summary": said("summary", self.summary, LONGEST_SUMMARY),
            "tags": tags_of(self.tags),
            "license": self.license,
            "origin": said("origin", self.origin, LONGEST_TITLE),
        }


def tags_of(typed: str) -> list[str]:
    """
    Raises
    ------
    FieldRefused
    """
    found = dict.fromkeys(tag for part in typed.split(",") if (tag := " ".join(part.split())))
    tags = [said("tags", tag.lower(), LONGEST_TAG) for tag in found]
    if len(tags) > MOST_TAGS:
        raise FieldRefused("tags", Phrase("{count} tags at most.", count=MOST_TAGS))
    return tags


def add(
    connection: Connection, described: Described, upload: Upload, *, actor: str, now: float
) -> str:
    """A new document with its first edition; returns its id.

    Raises
    ------
    FieldRefused
    """
    document = short_id()
    values = {**described.values(), "id": document, "account": actor, "created_at": now}
    edits = [Edit.insert(SHARED_DOCUMENT, values)]
    _send(connection, document, 1, "", upload, edits, actor, now)
    return document


def add_edition(
    connection: Connection, document: str, note: str, upload: Upload, *, actor: str, now: float
) -> None:
    """The next edition of a document.

    Raises
    ------
    FieldRefused
    """
    asked = select(func.max(SHARED_EDITION.c.number)).where(
        SHARED_EDITION.c.document_id == document
    )
    number = (connection.execute(asked).scalar() or 0) + 1
    if number > MOST_EDITIONS:
        raise FieldRefused("file", Phrase("{count} editions at most.", count=MOST_EDITIONS))
    words = said("note", note, 300)
    _send(connection, document, number, words, upload, [], actor, now)


def _send(
    connection: Connection,
    document: str,
    number: int,
    note: str,
    upload: Upload,
    edits: list[Edit],
    actor: str,
    now: float,
) -> None:
    waiting = select(func.count()).where(
        SHARED_EDITION.c.account == actor, SHARED_EDITION.c.state == "waiting"
    )
    if connection.execute(waiting).scalar_one() >= MOST_WAITING:
        reason = Phrase("Many of yours wait to be read already. Come back when they are.")
        raise FieldRefused("file", reason)
    values = {
        "id": short_id(),
        "document_id": document,
        "number": number,
        "note": note,
        "filename": upload.name,
        "form": upload.form,
        "size": len(upload.content),
        "sha256": hashlib.sha256(upload.content).hexdigest(),
        "state": "waiting",
        "account": actor,
        "sent_at": now,
    }
    edits = [*edits, Edit.insert(SHARED_EDITION, values)]
    _record(connection, document, "shared.send", edits, actor, now)
    content = {"edition_id": values["id"], "content": upload.content}
    connection.execute(insert(SHARED_CONTENT).values(**content))


def verdict(state: str, reason: str, actor: str, now: float) -> dict[str, object]:
    """What somebody decided of what waits, as its row keeps it; whoever refuses says why.

    Raises
    ------
    FieldRefused
    """
    if state not in {"published", "refused", "withdrawn"}:
        raise FieldRefused("state", Phrase("Choose one of the list."))
    words = said("reason", reason, LONGEST_REASON, needed=state != "published")
    return {"state": state, "reason": words, "read_by": actor, "read_at": now}


def read_over(
    connection: Connection,
    edition: str,
    *,
    state: str,
    reason: str,
    seen: int,
    actor: str,
    now: float,
) -> None:
    """Publish an edition, refuse it or take it back.

    Raises
    ------
    FieldRefused, UnknownShared, Stale
    """
    values = verdict(state, reason, actor, now)
    asked = select(SHARED_EDITION.c.document_id).where(SHARED_EDITION.c.id == edition)
    document = connection.execute(asked).scalar()
    if document is None:
        raise UnknownShared()
    edits = [Edit.update(SHARED_EDITION, edition, values, seen)]
    _record(connection, document, "shared.read", edits, actor, now)


def get(connection: Connection, id: str, account: str = "", *, all_of: bool = False) -> Document:
    """A document as somebody may see it: what is published, and one's own.

    Raises
    ------
    UnknownShared
    """
    found = _documents(connection, [id], account, all_of=all_of)
    if not found:
        raise UnknownShared()
    return found[0]


def listed(connection: Connection, account: str = "", *, all_of: bool = False) -> list[Document]:
    """The newest first."""
    return _documents(connection, None, account, all_of=all_of)


def content(connection: Connection, edition: Edition) -> bytes:
    asked = select(SHARED_CONTENT.c.content).where(SHARED_CONTENT.c.edition_id == edition.id)
    return bytes(connection.execute(asked).scalar_one())


def waiting(connection: Connection) -> list[Document]:
    """Documents of which an edition waits to be read, with that edition alone."""
    found = _documents(connection, None, "", all_of=True)
    return [one for one in found if any(e.state == "waiting" for e in one.editions)]


def found(
    documents: Iterable[Document], words: str, tag: str = "", kind: str = ""
) -> list[Document]:
    """Documents that hold every word in title, summary, tags or origin, whatever the accents."""
    wanted = folded(words).split()
    return [
        one
        for one in documents
        if (not tag or tag in one.tags)
        and (not kind or kind == one.kind)
        and all(
            word in folded(" ".join((one.title, one.summary, one.origin, *one.tags)))
            for word in wanted
        )
    ]


def scope_of(document: str) -> str:
    """Where the changes of a document are written down."""
    return f"shared:{document}"


def folded(text: str) -> str:
    plain = unicodedata.normalize("NFD", text.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def _documents(
    connection: Connection, ids: Sequence[str] | None, account: str, *, all_of: bool
) -> list[Document]:
    asked = select(SHARED_DOCUMENT).order_by(
        SHARED_DOCUMENT.c.created_at.desc(), SHARED_DOCUMENT.c.id
    )
    editions = select(SHARED_EDITION).order_by(SHARED_EDITION.c.number.desc())
    if ids is not None:
        asked = asked.where(SHARED_DOCUMENT.c.id.in_(list(ids)))
        editions = editions.where(SHARED_EDITION.c.document_id.in_(list(ids)))
    seen: dict[str, list[Edition]] = {}
    for row in connection.execute(editions).mappings():
        one = Edition(**row)
        if all_of or one.state == "published" or (account and one.account == account):
            seen.setdefault(one.document_id, []).append(one)
    rows = connection.execute(asked.limit(MOST_LISTED)).mappings()
    return [Document(**row, editions=tuple(seen[row["id"]])) for row in rows if row["id"] in seen]


def _record(
    connection: Connection, document: str, kind: str, edits: list[Edit], actor: str, now: float
) -> None:
    journal.record(
        connection, scope=scope_of(document), at=now, actor=actor, kind=kind, edits=edits
    )
