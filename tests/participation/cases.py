"""A report and the people around it, for tests of what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from datalab.participation import author, request
from datalab.participation.contact import Vault
from datalab.participation.report import Report, review
from datalab.participation.store import Store
from datalab.participation.tables.author import MESSAGE

NOW = 1_800_000_000.0
DAY = 86_400.0
BULB = Report("lighting", "r-1", "web", "Lampadaire éteint", 47.3220, 5.0415, "21231")


def person(connection: Connection, language: str = "fr") -> str:
    made = author.make(
        connection,
        kind="reporter",
        now=NOW,
        expires_at=NOW + 900 * DAY,
        consent="1",
        language=language,
    )
    return made.id


def reachable(store: Store, secrets: Path, email: str, language: str = "fr") -> str:
    """Somebody who left an address."""
    with store.writing() as connection:
        made = person(connection, language)
        Vault(secrets).keep(connection, made, email, NOW, 365, "a-secret-of-a-link")
    return made


def sent(store: Store, author_id: str | None = None, now: float = NOW, **more: Any) -> str:
    """The number of a report that was accepted at once."""
    reviewed = review(replace(BULB, author_id=author_id, **more))
    return store.write(lambda connection: request.submit(connection, reviewed, now)).key


def state(store: Store, id: str, state: Any, note: str = "", at: float = NOW + 60) -> int:
    """An agent moves the report; returns the number of the change."""
    with store.writing() as connection:
        return request.change_state(
            connection, id, state, actor="ana", seen=None, now=at, note=note
        ).id


def letters(store: Store) -> list[tuple[str, str, dict[str, Any]]]:
    """Queued letters as (author, template, facts), in order."""
    asked = select(MESSAGE).order_by(MESSAGE.c.created_at, MESSAGE.c.template)
    with store.reading() as connection:
        rows = connection.execute(asked).mappings().all()
    return [(row["author_id"], row["template"], row["facts"]) for row in rows]
