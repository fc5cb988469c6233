"""A dataset as a Data Package: its CSV, with the table schema that reads it right.

https://datapackage.org/standard/data-package/ (v2, which readers of v1 understand).
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any

from datalab.i18n import Language
from datalab.people.identity import named
from datalab.portal.card import license_of
from datalab.portal.facts import standard_of
from datalab.portal.library import Holding

PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
FILE = "data.csv"
MOMENT = "%Y-%m-%dT%H:%M:%S"
KINDS: dict[str, dict[str, str]] = {
    "varchar": {"type": "string"},
    "boolean": {"type": "boolean"},
    "smallint": {"type": "integer"},
    "integer": {"type": "integer"},
    "bigint": {"type": "integer"},
    "double": {"type": "number"},
    "date": {"type": "date"},
    "time": {"type": "time"},
    # Fractions of a second stand only where there are some: no single pattern tells both.
    "timestamp": {"type": "datetime", "format": "any"},
    "timestamptz": {"type": "datetime", "format": "any"},
}


def package_of(
    holding: Holding, language: Language, root: str, path: str, columns: dict[str, str] | None
) -> dict[str, Any]:
    """``datapackage.json``. ``path`` is where the CSV lies; ``columns`` are those of the table as
    it is read, those described where it cannot be read."""
    told, license_ = holding.dataset, license_of(holding.dataset)
    names = list(columns) if columns is not None else list(told.columns)
    licence = {"name": told.license, "title": license_.title}
    source = {"title": told.publisher}
    schema: dict[str, Any] = {
        "fields": [_field(holding, name, language) for name in names],
        "missingValues": [""],
    }
    if told.key and set(told.key) <= set(names):
        schema["primaryKey"] = told.key
    standard = standard_of(holding, language)
    found: dict[str, Any] = {
        "$schema": PROFILE,
        "name": holding.id,
        "id": f"{root}/datasets/{holding.id}",
        "title": told.title.in_(language),
        "description": told.description.in_(language),
        "homepage": f"{root}/datasets/{holding.id}",
        "keywords": told.keywords,
        "licenses": [licence | ({"path": license_.url} if license_.url else {})],
        "sources": [source | ({"path": told.publisher_url} if told.publisher_url else {})],
        "contributors": [
            {"title": named(told.steward, "fr"), "roles": ["steward"], "role": "maintainer"}
        ],
        "datalab": {
            "access": told.access,
            "periodicity": told.periodicity,
            "provenance": told.provenance,
            **({"schema": standard.url} if standard else {}),
        },
    }
    if holding.good:
        found |= {"version": str(holding.snapshot), "created": holding.good["finished_at"]}
    resource = {
        "name": holding.id,
        "type": "table",
        "title": told.title.in_(language),
        "path": path,
        "scheme": "https" if path.startswith("https:") else "http",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "dialect": {"delimiter": ",", "quoteChar": '"', "doubleQuote": True, "header": True},
        "schema": schema,
    }
    if "://" not in path:
        resource["scheme"] = "file"
    return found | {"resources": [resource]}


def _field(holding: Holding, name: str, language: Language) -> dict[str, Any]:
    column = holding.dataset.columns[name]
    kind = {"type": "number"} if column.type.startswith("decimal") else KINDS.get(column.type)
    # Shapes are written as WKT, which the standard has no type for.
    found: dict[str, Any] = {"name": name, **(kind or {"type": "string"})}
    found["description"] = column.description.in_(language)
    if column.type == "geometry":
        found["rdfType"] = "http://www.opengis.net/ont/geosparql#wktLiteral"
    if column.unit:
        found["unit"] = column.unit
    if column.values:
        found["values"] = {value: text.in_(language) for value, text in column.values.items()}
    return found


class _Flow(io.RawIOBase):
    """What an archive writes, to be taken piece by piece."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self.pieces.append(bytes(piece))
        return len(self.pieces[-1])

    def taken(self) -> bytes:
        pieces, self.pieces = self.pieces, []
        return b"".join(pieces)


def zipped(package: dict[str, Any], csv: Iterable[bytes]) -> Iterator[bytes]:
    """An archive of ``datapackage.json`` and the CSV, made as it leaves."""
    flow = _Flow()
    with zipfile.ZipFile(flow, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        text = json.dumps(package, ensure_ascii=False, indent=2).encode()
        archive.writestr("datapackage.json", text)
        with archive.open(FILE, "w", force_zip64=True) as file:
            for piece in csv:
                file.write(piece)
                yield flow.taken()
    yield flow.taken()
