"""Keys of the programs that may send reports: shown once, kept as a digest, disabled at once."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from datalab.errors import ApiKeyRefused, UnknownApiKey
from datalab.i18n import Phrase
from datalab.participation import journal
from datalab.participation.author import short_id
from datalab.participation.batch import once
from datalab.participation.journal import Change, Edit
from datalab.participation.tables.request import API_KEY, REQUEST

SCOPE = "keys"
PREFIX = "o311_"  # so that a key that was published by mistake is recognised as one
LONGEST_NAME = 80
LONGEST_CONTACT = 120


@dataclass(frozen=True)
class ApiKey:
    """``contact`` is how its holder is reached, a service or a role."""

    id: str
    name: str
    contact: str
    created_by: str
    created_at: float
    disabled_at: float | None
    version: int


_FIELDS = tuple(one.name for one in fields(ApiKey))


def issue(
    connection: Connection, name: str, contact: str, *, actor: str, now: float, id: str = ""
) -> tuple[ApiKey, str]:
    """A new key and its words, which nobody can read again.

    ``id`` is the receipt of a form, so that one sent twice makes one key (IntegrityError).

    Raises
    ------
    ApiKeyRefused
    """
    name, contact = " ".join(name.split()), " ".join(contact.split())
    if not name:
        raise ApiKeyRefused(reason=Phrase("it needs the name of the program or of who makes it"))
    if len(name) > LONGEST_NAME or len(contact) > LONGEST_CONTACT:
        limit = LONGEST_NAME if len(name) > LONGEST_NAME else LONGEST_CONTACT
        raise ApiKeyRefused(reason=Phrase("it takes at most {limit} characters", limit=limit))
    words = PREFIX + secrets.token_urlsafe(24)
    values: dict[str, Any] = {"id": id or short_id(), "digest": digest_of(words), "name": name}
    values |= {"contact": contact, "created_by": actor, "created_at": now}
    # The digest stays out of the journal, which more people read.
    connection.execute(API_KEY.insert().values(**values))
    made = get(connection, values["id"])
    _record(connection, "key.issue", Edit.update(API_KEY, made.id, {"name": name}), actor, now)
    return get(connection, made.id), words


def keys(connection: Connection) -> list[ApiKey]:
    """The newest first."""
    asked = select(API_KEY).order_by(API_KEY.c.created_at.desc(), API_KEY.c.id)
    return [_key(row) for row in connection.execute(asked).mappings()]


def reports(connection: Connection) -> dict[str, int]:
    """How many reports came with each key."""
    count = func.count(REQUEST.c.id)
    asked = select(REQUEST.c.api_key_id, count).where(REQUEST.c.api_key_id.is_not(None))
    rows = connection.execute(asked.group_by(REQUEST.c.api_key_id))
    return {str(key): int(number) for key, number in rows}


def get(connection: Connection, id: str) -> ApiKey:
    """Raises UnknownApiKey."""
    asked = select(API_KEY).where(API_KEY.c.id == id.replace("\0", "?"))
    row = connection.execute(asked).mappings().first()
    if row is None:
        raise UnknownApiKey(id=id[:60])
    return _key(row)


def holder(connection: Connection, words: str) -> ApiKey | None:
    """The key of these words; None where there is none or it was disabled."""
    digest = digest_of(words)

    def ask() -> ApiKey | None:
        row = connection.execute(_HOLDER, {"of": digest}).mappings().first()
        return _key(row) if row else None

    return once(connection, ("key", digest), ask)


_HOLDER = select(API_KEY).where(
    API_KEY.c.digest == bindparam("of"), API_KEY.c.disabled_at.is_(None)
)


def disable(connection: Connection, id: str, *, actor: str, now: float) -> Change:
    """Refuse a key from now on; what it sent stays. Can be undone.

    Raises
    ------
    UnknownApiKey
    """
    get(connection, id)
    edit = Edit.update(API_KEY, id, {"disabled_at": now})
    return _record(connection, "key.disable", edit, actor, now)


def enable(connection: Connection, id: str, *, actor: str, now: float) -> Change:
    """Let a disabled key in again.

    Raises
    ------
    UnknownApiKey
    """
    get(connection, id)
    edit = Edit.update(API_KEY, id, {"disabled_at": None})
    return _record(connection, "key.enable", edit, actor, now)


def digest_of(words: str) -> bytes:
    """A key holds 192 random bits: a plain digest of it tells nothing."""
    return hashlib.sha256(words.encode("utf-8", "replace")).digest()


def _key(row: Mapping[Any, Any]) -> ApiKey:
    return ApiKey(**{name: row[name] for name in _FIELDS})


def _record(connection: Connection, kind: str, edit: Edit, actor: str, now: float) -> Change:
    return journal.record(connection, scope=SCOPE, at=now, actor=actor, kind=kind, edits=[edit])
