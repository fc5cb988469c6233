"""Which snapshot an address asks for: by its number, or by the name of a release."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from datalab.errors.version import UnmaskedRelease
from datalab.lake.reader import table
from datalab.lake.release import Release, pinned
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
    UnmaskedRelease
        where only the whole table has it.
    TwoVersions
        where ``snapshot`` is not the one that ``release`` names.
    """
    if not release:
        return snapshot
    _shown(holding, release)
    return pinned(holding.releases, holding.id, release, snapshot)


def state_of(holding: Holding, text: str) -> int:
    """The number of the snapshot that ``text`` names: a number, or a release.

    Raises
    ------
    UnknownRelease, UnmaskedRelease, UnknownSnapshot
    """
    if not text.isascii() or not text.isdigit():
        _shown(holding, text)
        return pinned(holding.releases, holding.id, text, None)
    number = int(text[:20])
    table(holding.entry, number)
    return number


def _shown(holding: Holding, name: str) -> None:
    """Refuse a release that cannot be shown through the mask of this reader."""

    def has(releases: tuple[Release, ...]) -> bool:
        return any(one.name.lower() == name.lower() for one in releases)

    if holding.whole is not None and has(holding.whole.releases) and not has(holding.releases):
        known = ", ".join(one.name for one in holding.releases[:20]) or "–"
        raise UnmaskedRelease(dataset=holding.id, release=name[:80], known=known)
