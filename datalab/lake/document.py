"""JSON and GeoJSON: a list of objects, each value taken as it is written.

Numbers keep their text, so that ``1.5`` in a column of whole numbers is rejected and a long
identifier is not rounded. Parsed by Python: nothing here can reach another file or the network.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from datalab.catalog.dataset import Dataset
from datalab.lake.raw import Raw, same_columns, unreadable
from datalab.lake.tabular import from_rows

GEOMETRY = "geometry"
WGS84 = ("CRS84", "EPSG::4326", "EPSG:4326")


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

    A feature gives its properties, its ``geometry``, and its ``id`` where one is declared. A key
    that an object lacks is null; a key that no object has, or that is not declared, is an error.

    Raises
    ------
    UnreadableFile
        where it is not JSON, not a list of objects, has other keys, or is not in WGS 84.
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
    for position, item in enumerate(objects, start=1):
        if not isinstance(item, dict):
            raise unreadable(dataset, "entry {number} is not an object.", number=position)
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
    named = ((document.get("crs") or {}).get("properties") or {}).get("name")
    if named is not None and not str(named).endswith(WGS84):
        raise unreadable(
            dataset, "its coordinates are in {crs}; GeoJSON is read in WGS 84 only.", crs=named
        )
    declared = dataset.source_columns()
    objects = []
    features = document.get("features")
    for feature in features if isinstance(features, list) else []:
        if not isinstance(feature, dict):
            objects.append(feature)
            continue
        item = dict(feature.get("properties") or {})
        if GEOMETRY in declared:
            item[GEOMETRY] = feature.get("geometry")
        if "id" in declared and "id" not in item:
            item["id"] = feature.get("id")
        objects.append(item)
    return objects


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
