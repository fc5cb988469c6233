"""Who follows a service request besides whoever reported it: they too hear what becomes of it."""

from __future__ import annotations

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from datalab.participation.tables.request import FOLLOWER, REQUEST


def follow(connection: Connection, request: str, author: str, now: float) -> None:
    """Let ``author`` hear of ``request``; asking twice is harmless."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    values = {"request_id": request, "author_id": author, "at": now}
    connection.execute(dialect.insert(FOLLOWER).values(values).on_conflict_do_nothing())


def unfollow(connection: Connection, request: str, author: str) -> None:
    connection.execute(
        delete(FOLLOWER).where(FOLLOWER.c.request_id == request, FOLLOWER.c.author_id == author)
    )


def follows(connection: Connection, request: str, author: str) -> bool:
    asked = select(FOLLOWER.c.at).where(
        FOLLOWER.c.request_id == request, FOLLOWER.c.author_id == author
    )
    return connection.execute(asked).first() is not None


def count(connection: Connection, request: str) -> int:
    """How many people follow it, its reporter not counted."""
    asked = select(func.count()).select_from(FOLLOWER).where(FOLLOWER.c.request_id == request)
    return int(connection.execute(asked).scalar_one())


def hearers(connection: Connection, request: str) -> list[str]:
    """Authors who are told about ``request``: its reporter first."""
    reporter = select(REQUEST.c.author_id).where(REQUEST.c.id == request)
    asked = (
        select(FOLLOWER.c.author_id)
        .where(FOLLOWER.c.request_id == request)
        .order_by(FOLLOWER.c.at, FOLLOWER.c.author_id)
    )
    found = [connection.execute(reporter).scalar(), *connection.execute(asked).scalars()]
    return list(dict.fromkeys(one for one in found if one))


def followed(connection: Connection, author: str) -> list[str]:
    """Requests that ``author`` follows, the newest first."""
    asked = (
        select(FOLLOWER.c.request_id)
        .where(FOLLOWER.c.author_id == author)
        .order_by(FOLLOWER.c.at.desc(), FOLLOWER.c.request_id)
    )
    return list(connection.execute(asked).scalars())
