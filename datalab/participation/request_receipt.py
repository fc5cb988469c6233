"""What was recorded under a receipt: a report that comes twice is recorded once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, select

from datalab.participation.batch import one_of
from datalab.participation.tables.request import REQUEST


@dataclass(frozen=True)
class Submitted:
    """``id`` is None while it waits in moderation: then ``token`` stands for it.

    ``repeated`` says that this receipt was recorded before.
    """

    id: str | None
    token: str
    key: str  # the id in any case, for who may see what waits
    repeated: bool = False


def known(connection: Connection, receipt: str) -> Submitted | None:
    """What was recorded under ``receipt``."""
    return one_of(connection, recorded, receipt)


def recorded(connection: Connection, receipts: Collection[str]) -> dict[str, Submitted]:
    """What was recorded under each of ``receipts``."""
    found = connection.execute(_RECORDED.where(REQUEST.c.receipt.in_(receipts)))
    return {
        row.receipt: Submitted(
            row.id if row.moderation == "accepted" else None, row.token, row.id, repeated=True
        )
        for row in found
    }


_RECORDED = select(REQUEST.c.receipt, REQUEST.c.id, REQUEST.c.token, REQUEST.c.moderation)
