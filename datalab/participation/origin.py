"""The municipality or body for which an account speaks, asked once and proposed from then on."""

from __future__ import annotations

from sqlalchemy import Connection, select

from datalab.participation.maturity import communes_of
from datalab.participation.tables.exchange import PEER_POST, SHARED_DOCUMENT


def origin_of(connection: Connection, account: str) -> str:
    """What the account said last where it shared something, or else the only municipality for
    which it answers; "" where neither is known."""
    said = []
    for table, at in (
        (SHARED_DOCUMENT, SHARED_DOCUMENT.c.created_at),
        (PEER_POST, PEER_POST.c.sent_at),
    ):
        asked = select(at, table.c.origin).where(table.c.account == account)
        row = connection.execute(asked.order_by(at.desc()).limit(1)).first()
        if row is not None:
            said.append((row[0], str(row[1])))
    if said:
        return max(said)[1]
    answered = communes_of(connection, account)
    return answered[0].name if len(answered) == 1 else ""
