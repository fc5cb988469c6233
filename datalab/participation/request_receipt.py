"""What was recorded under a receipt: a report that comes twice is recorded once.

Another report under the receipt of an earlier one is refused, as
draft-ietf-httpapi-idempotency-key-header asks: taken for the same, it would be lost.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, select

from datalab.errors import ReceiptReused
from datalab.participation.batch import one_of
from datalab.participation.report import Report
from datalab.participation.tables.request import REQUEST


@dataclass(frozen=True)
class Submitted:
    """``id`` is None while it waits in moderation: then ``token`` stands for it.

    ``repeated`` says that this receipt was recorded before; ``digest`` is that of what came then.
    """

    id: str | None
    token: str
    key: str  # the id in any case, for who may see what waits
    repeated: bool = False
    digest: str | None = None

    def for_same(self, digest: str | None) -> Submitted:
        """This, where what comes now is the same; nothing is known of reports of long ago.

        Raises
        ------
        ReceiptReused
        """
        if digest and self.digest and digest != self.digest:
            raise ReceiptReused
        return self


def digest_of(report: Report, *more: str) -> str:
    """SHA-256 of what somebody sent, before anything was made of it.

    ``more`` is what else came, and something secret: nobody finds a text by trying digests.
    """
    facts = (
        report.service_code,
        report.description,
        report.latitude,
        report.longitude,
        report.address,
        report.address_id,
        report.zipcode,
        sorted((name, str(value)) for name, value in report.attributes.items()),
        *more,
    )
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def known(connection: Connection, receipt: str) -> Submitted | None:
    """What was recorded under ``receipt``."""
    return one_of(connection, recorded, receipt)


def recorded(connection: Connection, receipts: Collection[str]) -> dict[str, Submitted]:
    """What was recorded under each of ``receipts``."""
    found = connection.execute(_RECORDED.where(REQUEST.c.receipt.in_(receipts)))
    return {
        row.receipt: Submitted(
            row.id if row.moderation == "accepted" else None,
            row.token,
            row.id,
            repeated=True,
            digest=row.digest,
        )
        for row in found
    }


_RECORDED = select(
    REQUEST.c.receipt, REQUEST.c.id, REQUEST.c.token, REQUEST.c.moderation, REQUEST.c.digest
)
