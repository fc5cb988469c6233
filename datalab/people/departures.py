"""Who left, until nothing is left of them: server, home, uid and hub user."""

from __future__ import annotations

from datalab.people.store import Store


def names(store: Store) -> list[str]:
    """Names whose server, home and hub user are still to be deleted."""
    with store.reading() as database:
        rows = database.execute("SELECT name FROM departures ORDER BY at, name").fetchall()
    return [row["name"] for row in rows]


def finish(store: Store, name: str) -> None:
    """Nothing is left of an account: its name is free."""
    with store.writing() as database:
        database.execute("DELETE FROM departures WHERE name = ?", (name,))
