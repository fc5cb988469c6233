"""What a private link shows of somebody's flags on datasets."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from datalab.i18n import Language
from datalab.participation import flag
from datalab.participation.author import Author
from datalab.participation.flag import STATE_NAMES, STATES, Flag


@dataclass(frozen=True)
class FlagsView:
    """The author's flags, the newest first, and the names of the states."""

    own: list[Flag]
    states: dict[str, str]


def mine_flags(
    connection: Connection, author: Author, now: float, language: Language
) -> FlagsView | None:
    """The flags of ``author``; None where they sent none."""
    found = flag.of(connection, author_ids=[author.id])
    if not found:
        return None
    return FlagsView(found, {state: STATE_NAMES[state].in_(language) for state in STATES})
