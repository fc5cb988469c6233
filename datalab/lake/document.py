"""JSON and GeoJSON: a list of objects, each value taken as it is written.

Numbers keep their text, so that ``1.5`` in a column of whole numbers is rejected and a long
identifier is not rounded. Parsed by Python: nothing here can reach another file or the network.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import duckdb

from datalab.catalog.dataset import Dataset
from datalab.lake.projection import WGS84, known, to_wkb
from datalab.lake.raw import Raw, same_columns, unreadable
from datalab.lake.tabular import from_rows

GEOMETRY = "geometry"
_EPSG = re.compile(r"EPSG:(?:[0-9.]*:)?([0-9]{4,6})$")
# Longitude and latitude already. RGF93 v1 is WGS 84 to within a metre, and is written by French
# publishers as often as the other.
GEOGRAPHIC = ("CRS84", "EPSG::4326", "EPSG:4326")


class Number(float):
    """A number that remembers how it was written."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Number:
        number = super().__new__(cls, text)
        number.text = text
        return number


def read_document(
    dataset: Dataset, file: Path, folder: Path, connection: duckdb.DuckDBPyConnection
) -> Raw:
    """The objects of a JSON list (at ``source.records``), or the features of a GeoJSON file.

    A feature gives its properties, its ``geometry``, and its ``id`` where one is declared. What is
    nested is read as the JSON it is, or part by part where the catalog declares ``outer.inner``. A
    key that an object lacks is null; a key that no object has, or that is not declared, is an
    error. Coordinates of another reference system become longitude and latitude where the source
    confirms it in ``crs``.

    Raises
    ------
    UnreadableFile
        where it is not JSON, not a list of objects, has other keys, or is in an unknown system.
    """
    try:
        encoding = dataset.source.csv.encoding
        text = file.read_text("utf-8-sig" if encoding == "utf-8" else encoding)
        document = json.loads(text, parse_float=Number, parse_int=_whole, parse_constant=str)
    except (ValueError, LookupError, RecursionError) as error:
        raise unreadable(dataset, "{error}", error=error) from error
    geojson = dataset.source.format == "geojson"
    objects = _features(dataset, document) if geojson else _records(dataset, document)
    found: dict[str, None] = {}
    declared = dataset.source_columns()
    for position, item in enumerate(objects, start=1):
        if not isinstance(item, dict):
            raise unreadable(dataset, "entry {number} is not an object.", number=position)
        flatten(item, declared)
        found.update(dict.fromkeys(item))
    columns = same_columns(dataset, found if objects else dataset.source_columns())

    def rows() -> Iterator[tuple[int, list[str | None]]]:
        for position, item in enumerate(objects, start=1):
            yield position, [_text(item.get(column)) for column in columns]

    return from_rows(columns, rows(), connection)


def _records(dataset: Dataset, document: Any) -> list[Any]:
    for step in (dataset.source.records or "").split(".") if dataset.source.records else ():
        if not isinstance(document, dict) or step not in document:
            raise unreadable(
                dataset, "there is no '{records}' in it.", records=dataset.source.records
            )
        document = document[step]
    if not isinstance(document, list):
        raise unreadable(dataset, "it is not a list of objects; say where that is in 'records'.")
    return document


def _features(dataset: Dataset, document: Any) -> list[Any]:
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        raise unreadable(dataset, "it is not a GeoJSON FeatureCollection.")
    code = _code(dataset, document.get("crs"))
    declared = dataset.source_columns()
    objects = []
    features = document.get("features")
    for feature in features if isinstance(features, list) else []:
        if not isinstance(feature, dict):
            objects.append(feature)
            continue
        item = dict(feature.get("properties") or {})
        if GEOMETRY in declared:
            geometry = feature.get("geometry")
            item[GEOMETRY] = geometry if code == WGS84 else _moved(geometry, code)
        if "id" in declared and "id" not in item:
            item["id"] = feature.get("id")
        objects.append(item)
    return objects


def _code(dataset: Dataset, crs: Any) -> str:
    """The reference system of the coordinates."""
    properties = crs.get("properties") if isinstance(crs, dict) else None
    named = properties.get("name") if isinstance(properties, dict) else None
    if named is None or str(named).endswith(GEOGRAPHIC):
        if named is not None or dataset.source.crs is None:
            return WGS84
        return known(dataset, dataset.source.crs)
    found = _EPSG.search(str(named))
    if found is None:
        raise unreadable(
            dataset, "its coordinates are in {crs}, which is no known system.", crs=str(named)[:100]
        )
    code = f"EPSG:{found[1]}"
    if dataset.source.crs is None:  # RFC 7946 allows no other system: a person has to confirm it
        raise unreadable(
            dataset,
            "its coordinates are in {crs}, while GeoJSON is in WGS 84; to have them converted, "
            "write 'crs: {code}' in the source.",
            crs=str(named)[:100],
            code=code,
        )
    if dataset.source.crs != code:
        raise unreadable(
            dataset,
            "its coordinates are in {found}, and 'crs' in the catalog says {declared}.",
            found=code,
            declared=dataset.source.crs,
        )
    return known(dataset, code)


def _moved(geometry: Any, code: str) -> Any:
    """A geometry in longitude and latitude; what is none stays as it is and is rejected later."""
    from shapely.errors import ShapelyError
    from shapely.geometry import shape

    if not isinstance(geometry, dict):
        return geometry
    try:
        return to_wkb([shape(geometry)], code)[0]
    except (ShapelyError, ValueError, TypeError, KeyError, AttributeError, IndexError):
        return json.dumps(geometry)


def flatten(item: dict[str, Any], declared: Collection[str]) -> None:
    """Put ``outer.inner`` in the place of ``outer`` wherever such a column is declared."""
    for key in [key for key, value in item.items() if value is None or isinstance(value, dict)]:
        if key not in declared and any(name.startswith(f"{key}.") for name in declared):
            inner = {f"{key}.{name}": value for name, value in (item.pop(key) or {}).items()}
            flatten(inner, declared)
            item.update(inner)


def _whole(text: str) -> Any:
    """Whole numbers as they are; those too long for Python's limit of digits as their text."""
    return int(text) if len(text) < 4000 else text


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, Number):
        return value.text
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)
