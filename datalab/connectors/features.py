"""Features that come in pages (OGC API Features, WFS), put together to one GeoJSON file.

Owns the check that none is missing and none came twice: a server may cut at 10,000 of 12,000, or
answer the second page with the first one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from datalab.connectors.visit import Visit
from datalab.i18n import Phrase


@dataclass
class Collection:
    """The features so far. ``announced`` is what the server last counted, if it does."""

    visit: Visit
    protocol: str
    announced: int | None = None
    crs: Any = None
    found: int = 0
    _ids: set[str] = field(default_factory=set)
    _named: bool = True

    def page(self, document: Any, url: str) -> list[dict[str, Any]]:
        """The features of one page.

        Raises
        ------
        SourceUnexpected
            where it is no FeatureCollection.
        """
        features = document.get("features") if isinstance(document, dict) else None
        if not isinstance(features, list) or document.get("type") != "FeatureCollection":
            said = _exception(document)
            reason = (
                Phrase("it says «{said}»", said=said)
                if said
                else Phrase("it is no GeoJSON FeatureCollection")
            )
            raise self.visit.unexpected(self.protocol, reason, url)
        for key in ("numberMatched", "totalFeatures"):
            told = document.get(key)
            if isinstance(told, int) and not isinstance(told, bool):
                self.announced = told
                break
        self.crs = self.crs or document.get("crs")
        self.found += len(features)
        for feature in features:
            if not isinstance(feature, dict):
                raise self.visit.unexpected(self.protocol, Phrase("a row of it is no object"), url)
            if feature.get("id") is None:
                self._named = False
            else:
                self._ids.add(str(feature["id"]))
        return features

    def complete(self) -> None:
        """Go on where everything came, each feature once.

        Raises
        ------
        SourceIncomplete
        """
        different = len(self._ids) if self._named else self.found
        expected = max(self.announced or 0, self.found)
        if different < expected:
            raise self.visit.incomplete(different, expected)


def written(pages: Iterator[list[dict[str, Any]]], collection: Collection) -> Iterator[bytes]:
    """One FeatureCollection, a feature a line; links and times of the answers are left out."""
    start = b'{"type":"FeatureCollection","features":[\n'
    for features in pages:
        for feature in features:
            yield start + json.dumps(feature, ensure_ascii=False).encode()
            start = b",\n"
    collection.complete()
    if start != b",\n":
        yield start
    crs = f',"crs":{json.dumps(collection.crs)}' if collection.crs else ""
    yield f"\n]{crs}}}\n".encode()


def _exception(document: Any) -> str:
    """What a server says in JSON in place of features: OGC's ``description``, or ``exceptions``."""
    if not isinstance(document, dict):
        return ""
    said = document.get("description") or document.get("detail") or document.get("title")
    exceptions = document.get("exceptions")
    if not said and isinstance(exceptions, list) and exceptions:
        said = exceptions[0].get("text") if isinstance(exceptions[0], dict) else exceptions[0]
    return str(said or "")[:200]
