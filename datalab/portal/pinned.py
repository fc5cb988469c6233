"""Which snapshot an address asks for: by its number, or by the name of a release."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from datalab.lake.reader import table
from datalab.lake.release import pinned
from datalab.portal.library import Holding

HIGHEST = 2**53
LONGEST = 80
Snapshot = Annotated[
    int | None,
    Query(ge=0, le=HIGHEST, description="a snapshot of this dataset; the newest if absent"),
]
ReleaseName = Annotated[
    str | None,
    Query(max_length=LONGEST, description="a release of this dataset, instead of a snapshot"),
]


def snapshot_of(holding: Holding, snapshot: int | None, release: str | None) -> int | None:
    """The number of the snapshot that is asked for, None for the newest.

    Raises
    ------
    UnknownRelease
        with the nearest name.
    TwoVersions
        where ``snapshot`` is not the one that ``release`` names.
    """
    if not release:
        return snapshot
    return pinned(holding.releases, holding.id, release, snapshot)


def state_of(holding: Holding, text: str) -> int:
    """The number of the snapshot that ``text`` names: a number, or a release.

    Raises
    ------
    UnknownRelease, UnknownSnapshot
    """
    if not text.isascii() or not text.isdigit():
        return pinned(holding.releases, holding.id, text, None)
    number = int(text[:20])
    table(holding.entry, number)
    return number
