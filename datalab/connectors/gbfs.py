"""Connector ``gbfs``: how many bicycles stand at each station now (GBFS 2.x and 3.0).

One row for each station, with the moment at which the operator counted, so that rows of one look
after the other make a time series (``accumulate``). A feed says for how long it stays true
(``ttl``): it is not asked again before. https://gbfs.org/documentation/reference/
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from datalab.catalog import dataset as catalog
from datalab.connectors.fetched import Fetched, Progress
from datalab.connectors.opendatasoft import wrong_format
from datalab.connectors.transfer import PATIENT, Patience
from datalab.connectors.turn import turn
from datalab.connectors.visit import RemoteSource, Visit, fetchable
from datalab.i18n import Phrase

PROTOCOL = "GBFS 2.3 / 3.0"
LONGEST_TTL = 3600.0
COLUMNS = (
    *("station_id", "observed_at", "name", "latitude", "longitude", "capacity"),
    *("bikes_available", "docks_available", "bikes_disabled", "docks_disabled"),
    *("installed", "renting", "returning", "reported_at"),
)


class Source(RemoteSource):
    """Stations of a shared-bicycle system now (GBFS 2.3 or 3.0), as JSON rows."""

    url: Annotated[str, AfterValidator(fetchable)] = Field(
        description="address of the system's gbfs.json"
    )
    language: str = Field("fr", description="language of the names, where there are several")

    def problems_beside(self, file: Path) -> list[tuple[str, str, str | None]]:
        return wrong_format(self.format, ("json",))


def fetch(
    dataset: catalog.Dataset,
    *,
    cache: Path,
    max_bytes: int,
    progress: Progress | None = None,
    patience: Patience = PATIENT,
) -> Fetched:
    """One row for each station of the system, the same bytes for the same counts."""
    source = Source.model_validate(dataset.source.model_dump())
    visit = Visit.of(
        dataset, source, source.url, cache=cache, max_bytes=max_bytes, progress=progress,
        patience=patience,
    )  # fmt: skip
    with turn(visit.folder):
        feeds = _feeds(visit, source)
        places = _feed(visit, feeds, "station_information")
        states = _feed(visit, feeds, "station_status")
        known = {str(one.get("station_id")): one for one in _stations(visit, places)}
        rows = [
            _row(visit, one, known.get(str(one.get("station_id")), {}), states, source.language)
            for one in _stations(visit, states)
        ]
        path, sha256 = visit.write(_lines(rows))
        return visit.done(path, sha256)


def _feeds(visit: Visit, source: Source) -> dict[str, str]:
    """Addresses of the feeds by name. 2.x lists them for each language, 3.0 once."""
    document = _document(visit, source.url)
    data = document["data"]
    listed = data.get("feeds")
    if listed is None:
        spoken = data.get(source.language) or next(iter(data.values()), None)
        listed = spoken.get("feeds") if isinstance(spoken, dict) else None
    if not isinstance(listed, list):
        raise visit.unexpected(PROTOCOL, Phrase("it has no '{key}'", key="feeds"))
    return {
        str(feed["name"]): str(feed["url"])
        for feed in listed
        if isinstance(feed, dict) and {"name", "url"} <= set(feed)
    }


def _feed(visit: Visit, feeds: dict[str, str], name: str) -> dict[str, Any]:
    if name not in feeds:
        raise visit.unexpected(PROTOCOL, Phrase("it has no '{key}'", key=name))
    return _document(visit, feeds[name])


def _document(visit: Visit, url: str) -> dict[str, Any]:
    """A feed, from the cache while its ``ttl`` lasts."""
    cached = visit.cached(url)
    if cached is not None:
        document = _sound(visit, visit.parsed(cached[0], url, PROTOCOL), url)
        ttl = document.get("ttl")
        if isinstance(ttl, int | float) and cached[1] < min(float(ttl), LONGEST_TTL):
            return document
    return _sound(visit, visit.json(url, expected=PROTOCOL), url)


def _sound(visit: Visit, document: Any, url: str) -> dict[str, Any]:
    if not isinstance(document, dict) or not isinstance(document.get("data"), dict):
        raise visit.unexpected(PROTOCOL, Phrase("it has no '{key}'", key="data"), url)
    version = str(document.get("version") or "")
    if version.partition(".")[0] not in {"2", "3"}:
        reason = Phrase("its version is '{version}'", version=version[:20] or "1.0")
        raise visit.unexpected(PROTOCOL, reason, url)
    return document


def _stations(visit: Visit, document: dict[str, Any]) -> list[dict[str, Any]]:
    found = document["data"].get("stations")
    if not isinstance(found, list):
        raise visit.unexpected(PROTOCOL, Phrase("it has no '{key}'", key="stations"))
    if not all(isinstance(one, dict) and one.get("station_id") for one in found):
        raise visit.unexpected(PROTOCOL, Phrase("it has no '{key}'", key="station_id"))
    return found


def _row(
    visit: Visit,
    state: dict[str, Any],
    place: dict[str, Any],
    document: dict[str, Any],
    language: str,
) -> dict[str, Any]:
    """A station in the columns of :data:`COLUMNS`; 3.0 calls bicycles vehicles."""
    found = state.get("num_vehicles_available", state.get("num_bikes_available"))
    out = state.get("num_vehicles_disabled", state.get("num_bikes_disabled"))
    if found is None:
        raise visit.unexpected(PROTOCOL, Phrase("it has no '{key}'", key="num_bikes_available"))
    values = (
        str(state["station_id"]),
        _moment(document.get("last_updated")),
        _said(place.get("name"), language),
        place.get("lat"),
        place.get("lon"),
        place.get("capacity"),
        found,
        state.get("num_docks_available"),
        out,
        state.get("num_docks_disabled"),
        *(_yes(state.get(key)) for key in ("is_installed", "is_renting", "is_returning")),
        _moment(state.get("last_reported")),
    )
    return dict(zip(COLUMNS, values, strict=True))


def _moment(value: Any) -> Any:
    """ISO 8601 in UTC: seconds since 1970 in 2.x, RFC 3339 in 3.0; the text itself if neither."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            moment = datetime.fromtimestamp(value, UTC)
        else:
            moment = datetime.fromisoformat(str(value)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return value
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _said(name: Any, language: str) -> Any:
    """A name; in 3.0 it comes in several languages."""
    if not isinstance(name, list):
        return name
    spoken = {str(one.get("language")): one.get("text") for one in name if isinstance(one, dict)}
    return spoken.get(language) or next(iter(spoken.values()), None)


def _yes(value: Any) -> Any:
    """Booleans; some 2.x systems still write 1 and 0, as 1.0 did."""
    return bool(value) if value in (0, 1) else value


def _lines(rows: list[dict[str, Any]]) -> Iterator[bytes]:
    yield b"["
    for number, row in enumerate(rows):
        yield (b",\n" if number else b"\n") + json.dumps(row, ensure_ascii=False).encode()
    yield b"\n]\n"
