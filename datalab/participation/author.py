"""Authors without a name: the secret of a private link is all that ties them to what they said."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, insert, select

from datalab.errors import UnknownLink
from datalab.participation.tables.author import AUTHOR

Kind = Literal["participant", "respondent", "reporter"]
LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"  # none that is read for another


@dataclass(frozen=True)
class Author:
    """``secret`` is known only in the moment it is made; the database keeps its digest."""

    id: str
    kind: Kind
    pseudonym: str
    language: str
    account: str | None
    minor: bool
    created_at: float
    expires_at: float
    secret: str = ""


def short_id(length: int = 10) -> str:
    """A word of ``length`` unmistakable letters that nobody can guess the next of."""
    return "".join(secrets.choice(LETTERS) for _ in range(length))


def make(
    connection: Connection,
    *,
    kind: Kind,
    now: float,
    expires_at: float,
    consent: str,
    pseudonym: str = "",
    language: str = "fr",
    account: str | None = None,
    minor: bool = False,
    secret: str = "",
) -> Author:
    """A new author with a new secret (160 bits).

    ``secret`` is given where the same post, sent again, must lead to the same private link.
    """
    secret = secret or secrets.token_urlsafe(20)
    made = Author(short_id(), kind, pseudonym, language, account, minor, now, expires_at, secret)
    connection.execute(
        insert(AUTHOR).values(
            id=made.id,
            digest=digest_of(secret),
            kind=kind,
            pseudonym=pseudonym,
            language=language,
            account=account,
            minor=minor,
            consent=consent,
            created_at=now,
            expires_at=expires_at,
        )
    )
    return made


def of_secret(connection: Connection, secret: str, now: float) -> Author:
    """Who holds ``secret``.

    Raises
    ------
    UnknownLink
        where nobody does, or what it stood for was erased or is over.
    """
    asked = select(AUTHOR).where(AUTHOR.c.digest == digest_of(secret))
    row = connection.execute(asked).mappings().first()
    if row is None or row["erased_at"] is not None or row["expires_at"] < now:
        raise UnknownLink
    return _author(row)


def get(connection: Connection, id: str) -> Author | None:
    row = connection.execute(select(AUTHOR).where(AUTHOR.c.id == id)).mappings().first()
    return _author(row) if row else None


def with_secret(connection: Connection, secret: str) -> Author | None:
    """Who holds ``secret``, None where nobody does or they were erased."""
    asked = select(AUTHOR).where(AUTHOR.c.digest == digest_of(secret), AUTHOR.c.erased_at.is_(None))
    row = connection.execute(asked).mappings().first()
    return _author(row) if row else None


def digest_of(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def _author(row: Any) -> Author:
    return Author(
        row["id"],
        row["kind"],
        row["pseudonym"],
        row["language"],
        row["account"],
        row["minor"],
        row["created_at"],
        row["expires_at"],
    )
