"""Marks: a number for each dataset of participation, which grows when it has something new."""

from __future__ import annotations

from sqlalchemy import Connection, insert, update

from datalab.participation.tables.journal import MARK


def bump(connection: Connection, dataset: str, now: float) -> None:
    """Say that ``dataset`` would be another one now: the refresher looks every few seconds.

    What went through the journal says so by itself.
    """
    number = MARK.c.number + 1
    changed = update(MARK).where(MARK.c.dataset == dataset).values(number=number, at=now)
    if connection.execute(changed).rowcount == 0:
        connection.execute(insert(MARK).values(dataset=dataset, number=1, at=now))
