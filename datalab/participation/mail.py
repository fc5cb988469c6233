"""Letters to who left an address: queued with what they say, written and sent by the keeper.

The queue names a template and its facts; the address and the private link are looked up when a
letter goes, so that who took their address away in the meantime gets none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select

from datalab.i18n import Phrase
from datalab.participation.author import short_id
from datalab.participation.tables.author import CONTACT, MESSAGE


@dataclass(frozen=True)
class Template:
    """``body`` may name ``{link}``, the private link, and the facts given to :func:`send`."""

    subject: Phrase
    body: Phrase


# Each room that sends letters adds its own here, beside its sentences.
TEMPLATES: dict[str, Template] = {
    "news": Template(
        Phrase("News about what you sent to the data lab"),
        Phrase(
            "Hello,\n\nThere is news about what you sent: “{title}”.\n\n{news}\n\n"
            "Read it here, and answer if you like:\n{link}"
        ),
    ),
}


def send(
    connection: Connection, author_id: str, template: str, facts: Mapping[str, Any], now: float
) -> bool:
    """Queue a letter; whether the author left an address for it.

    ``template`` is a key of :data:`TEMPLATES`; ``facts`` are plain JSON values.

    Raises
    ------
    KeyError
        where there is no such template.
    """
    TEMPLATES[template]
    asked = select(CONTACT.c.author_id).where(
        CONTACT.c.author_id == author_id, CONTACT.c.expires_at >= now
    )
    if connection.execute(asked).first() is None:
        return False
    connection.execute(
        insert(MESSAGE).values(
            id=short_id(16),
            author_id=author_id,
            template=template,
            facts=dict(facts),
            created_at=now,
            due_at=now,
        )
    )
    return True
