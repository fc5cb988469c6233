"""What was found, as the document of a dataset: the keys that the ordinary stage reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datalab.catalog.dataset import Dataset
from datalab.inspection.column import Typed, writing_of
from datalab.inspection.layout import Layout

_NOTHING = {"fr": "à compléter", "en": "to fill in"}


def as_text(layout: Layout, identity: str) -> Dataset:
    """A dataset that reads every column as text, named ``c0``, ``c1`` …"""
    columns = {
        f"c{number}": {"type": "varchar", "source": name, "description": _NOTHING}
        for number, name in enumerate(layout.names)
    }
    return _dataset(identity, {**layout.source, "csv": layout.csv}, layout, columns)


def as_typed(
    layout: Layout, identity: str, names: Sequence[str], found: Sequence[Typed]
) -> Dataset:
    """A dataset that reads each column as its type, named as proposed."""
    columns = {
        name: {"type": typed.kind.type, "source": typed.source, "description": _NOTHING}
        for name, typed in zip(names, found, strict=True)
    }
    return _dataset(identity, {**layout.source, "csv": csv_of(layout, found)}, layout, columns)


def csv_of(layout: Layout, found: Sequence[Typed]) -> dict[str, Any]:
    """The keys of ``source.csv``; what most columns need is said once for the file."""
    options: dict[str, Any] = dict(layout.csv)
    values: dict[str, dict[str, Any]] = {}
    for typed in found:
        writing = writing_of(typed.kind).model_dump(mode="json", exclude_none=True)
        if writing:
            values[typed.source] = writing
    marks: dict[str, Any] = {}
    for writing in values.values():
        marks |= writing.pop("marks", {})
    if marks:
        options["marks"] = marks
    commas = [source for source, writing in values.items() if writing.get("decimal") == ","]
    numbers = [typed for typed in found if typed.kind.type == "double"]
    if commas and len(commas) >= len(numbers):
        options["decimal"] = ","
        for source in commas:
            del values[source]["decimal"]
    formats = {
        kind: {w["format"] for s, w in values.items() if _type(found, s) == kind and "format" in w}
        for kind in ("date", "timestamp", "time")
    }
    for kind, said in formats.items():
        same = [typed for typed in found if typed.kind.type == kind]
        if len(said) == 1 and all("format" in values.get(t.source, {}) for t in same):
            options[f"{kind}_format"] = next(iter(said))
            for typed in same:
                del values[typed.source]["format"]
    values = {source: writing for source, writing in values.items() if writing}
    if values:
        options["values"] = values
    return options


def _type(found: Sequence[Typed], source: str) -> str:
    return next(typed.kind.type for typed in found if typed.source == source)


def _dataset(
    identity: str, source: Mapping[str, Any], layout: Layout, columns: Mapping[str, Any]
) -> Dataset:
    document = {
        "id": identity,
        "title": _NOTHING,
        "description": _NOTHING,
        "publisher": "-",
        "license": "not-stated",
        "steward": "-",
        "periodicity": "irregular",
        "max_reject_ratio": 1,
        "source": {"connector": "file", "path": "-", "format": layout.format, **source},
        "columns": dict(columns),
    }
    return Dataset.model_validate(document)
