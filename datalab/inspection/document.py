"""The layout of JSON: where in it the list of objects is, and the keys of those objects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from datalab.errors import FileNotATable, FileTooLarge
from datalab.i18n import Phrase
from datalab.inspection.charset import charset_of
from datalab.inspection.layout import Layout

LARGEST = 400_000_000  # bytes: Python holds a document several times over
DEPTH = 3  # how deep a list of objects is looked for
GEOMETRY = "geometry"


def document(file: Path) -> Layout:
    """The layout of a list of objects, at the top or inside, or of GeoJSON features.

    Raises
    ------
    FileNotATable, FileTooLarge
    """
    if file.stat().st_size > LARGEST:
        raise FileTooLarge(limit=LARGEST)
    charset = charset_of(file)
    encoding = "utf-8-sig" if charset.encoding == "utf-8" else charset.encoding
    try:
        whole = json.loads(file.read_text(encoding), parse_int=_whole, parse_float=float)
    except RecursionError as error:
        raise FileNotATable(reason=Phrase("its JSON is nested too deeply to be a table")) from error
    except json.JSONDecodeError as error:
        raise FileNotATable(
            reason=Phrase(
                "its JSON is wrong on line {line}, character {place}: {error}",
                line=error.lineno,
                place=error.colno,
                error=error.msg,
            )
        ) from error
    except ValueError as error:
        raise FileNotATable(
            reason=Phrase("its JSON cannot be read: {error}", error=str(error))
        ) from error
    csv = {} if charset.encoding == "utf-8" else {"encoding": charset.encoding}
    if isinstance(whole, dict) and whole.get("type") == "FeatureCollection":
        layout = _features(whole)
    else:
        layout = _objects(whole)
    layout.csv, layout.charset, layout.first_row = csv, charset, 1
    return layout


def _features(whole: dict[str, Any]) -> Layout:
    features = whole.get("features")
    properties = [
        feature.get("properties") or {}
        for feature in (features if isinstance(features, list) else [])
        if isinstance(feature, dict)
    ]
    if not properties:
        raise FileNotATable(reason=Phrase("it holds no feature"))
    found = dict.fromkeys(key for item in properties for key in item)
    layout = Layout("geojson", [*found, GEOMETRY])
    layout.types = {**_types(properties), GEOMETRY: "geometry"}
    return layout


def _objects(whole: Any) -> Layout:
    lists = list(_lists(whole, ()))
    if not lists:
        raise FileNotATable(
            reason=Phrase("no list of objects is in it: a table in JSON is a list of objects")
        )
    place, objects = max(lists, key=lambda item: len(item[1]))
    wrong = next((n for n, item in enumerate(objects, 1) if not isinstance(item, dict)), None)
    if wrong is not None:
        raise FileNotATable(reason=Phrase("entry {number} is not an object", number=wrong))
    found = dict.fromkeys(key for item in objects for key in item)
    if not found:
        raise FileNotATable(reason=Phrase("its objects hold nothing"))
    layout = Layout("json", list(found), types=_types(objects))
    if place:
        layout.source["records"] = ".".join(place)
    return layout


def _lists(value: Any, place: tuple[str, ...]) -> Any:
    """Lists of objects with their place; only a list at the top may hold something else too."""
    if isinstance(value, list) and value and (not place or isinstance(value[0], dict)):
        yield place, value
    elif isinstance(value, dict) and len(place) < DEPTH:
        for key, inside in value.items():
            if "." not in key:
                yield from _lists(inside, (*place, key))


def _types(objects: list[dict[str, Any]]) -> dict[str, str]:
    """``text`` where every value is a string: what is quoted in JSON is no number."""
    found: dict[str, str] = {}
    for item in objects:
        for key, value in item.items():
            kind = (
                "text"
                if isinstance(value, str)
                else "nested"
                if isinstance(value, dict | list)
                else "open"
            )
            if value is not None:
                found[key] = kind if found.get(key, kind) == kind else "mixed"
    return found


def _whole(text: str) -> Any:
    return int(text) if len(text) < 4000 else text
