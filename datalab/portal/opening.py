"""One request for the rows of one dataset: who asks, of which shelf, at which snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from starlette.requests import Request

from datalab import __version__
from datalab.i18n import Language
from datalab.portal.access import version_for
from datalab.portal.badge import quality_header
from datalab.portal.card import license_of
from datalab.portal.language import language_of
from datalab.portal.library import Holding, Shelf
from datalab.portal.page import PUBLIC, matches
from datalab.portal.pinned import snapshot_of
from datalab.portal.reader import Reader, reader_of
from datalab.portal.rows import Table, open_table
from datalab.portal.warm import WarmTables

HOUR = 3600  # seconds
EXPOSED = (
    "ETag, Link, Content-Disposition, Datalab-Snapshot, Datalab-Quality, Datalab-Licence, "
    "Datalab-Dialect"
)


@dataclass(frozen=True)
class Opening:
    """What a door that gives rows needs to know of a request."""

    shelf: Shelf
    holding: Holding
    table: Table
    reader: Reader
    language: Language
    pinned: bool

    def headers(self, door: str, *more: object, weak: bool = True) -> dict[str, str]:
        """What every answer with rows says of itself. ``more`` is what else decides its bytes."""
        parts = (self.holding.id, self.table.lake, self.table.snapshot, *more, door, __version__)
        tag = '"' + ".".join(str(part) for part in parts) + '"'
        found = {
            "ETag": f"W/{tag}" if weak else tag,
            # The newest is asked again each time; a pinned one never changes, but may be withdrawn.
            "Cache-Control": f"public, max-age={HOUR}" if self.pinned else "no-cache",
            "Datalab-Snapshot": str(self.table.snapshot),
            "Access-Control-Expose-Headers": EXPOSED,
            **PUBLIC,
            **quality_header(self.holding),
        }
        license_ = license_of(self.holding.dataset)
        found["Datalab-Licence"] = self.holding.dataset.license
        if license_.url:
            found["Link"] = f'<{license_.url}>; rel="license"'
        at = _published(self.holding, self.table.snapshot)
        if at:
            found["Last-Modified"] = format_datetime(at, usegmt=True)
        return found


def open_rows(
    request: Request,
    dataset: str,
    snapshot: int | None = None,
    release: str | None = None,
    *,
    warm: bool = False,
) -> Opening:
    """Open the table that a request asks for; ``warm`` where it asks for few of its rows.

    Raises
    ------
    UnknownDataset, NotPublished, UnknownSnapshot, UnknownRelease
        where there is nothing to read.
    AccessRefused, DownloadRefused
        where who asks may not have it.
    """
    shelf: Shelf = request.app.state.library.shelf()
    holding = shelf.get(dataset)
    reader, language = reader_of(request), language_of(request)
    theirs = version_for(shelf, holding, reader)
    # A number is one of the lake that this reader reads, and so is that of a release.
    wanted = snapshot_of(theirs, snapshot, release)
    opened = open_table(shelf, holding, language, wanted, reader)
    holding = theirs
    if warm:
        copies: WarmTables = request.app.state.warm
        opened = copies.of(shelf, holding, opened)
    return Opening(shelf, holding, opened, reader, language, wanted is not None)


def is_held(request: Request, headers: dict[str, str]) -> bool:
    """Whether the reader's copy is this one (RFC 9110, 13.1: a tag decides where given)."""
    if "if-none-match" in request.headers:
        return matches(request, headers["ETag"])
    since = request.headers.get("if-modified-since")
    if not since or "Last-Modified" not in headers:
        return False
    try:
        return parsedate_to_datetime(headers["Last-Modified"]) <= parsedate_to_datetime(since)
    except (TypeError, ValueError):
        return False


def _published(holding: Holding, snapshot: int) -> datetime | None:
    known = (one for one in holding.entry.snapshots if one["snapshot"] == snapshot)
    at = next((one.get("at") for one in known), None)
    return datetime.fromisoformat(at).astimezone(UTC) if at else None
