"""Rows with a place: attributes as text, and geometry as the catalog asks for it."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from datalab.catalog.dataset import Dataset
from datalab.lake.raw import same_columns

GEOMETRY, LONGITUDE, LATITUDE = "geometry", "longitude", "latitude"


def with_geometry(
    dataset: Dataset, names: Sequence[str], spare: Sequence[str] = ()
) -> tuple[list[str], list[int]]:
    """The columns to give, and which attributes they begin with.

    Attributes come first, then what the catalog declares of ``geometry``, ``longitude`` and
    ``latitude`` that no attribute is called. ``spare`` are attributes that may be left out where
    the catalog does not declare them: a row's own number.
    """
    declared = dataset.source_columns()
    kept = [place for place, name in enumerate(names) if name in declared or name not in set(spare)]
    given = [names[place] for place in kept]
    made = [n for n in (GEOMETRY, LONGITUDE, LATITUDE) if n in declared and n not in given]
    return same_columns(dataset, [*given, *made]), kept


def placed(
    columns: Sequence[str], kept: Sequence[int], values: Sequence[str | None], wkb: str | None
) -> list[str | None]:
    """One row in the order of ``columns``."""
    made = [wkb if name == GEOMETRY else _coordinate(wkb, name) for name in columns[len(kept) :]]
    return [values[place] for place in kept] + made


def _coordinate(wkb: str | None, name: str) -> str | None:
    """A coordinate of a point (well-known binary: order, type 1, x, y); None for other shapes."""
    if wkb is None or len(wkb) != 42:
        return None
    body = bytes.fromhex(wkb)
    order = "<" if body[0] else ">"
    kind, x, y = struct.unpack(f"{order}Idd", body[1:])
    if kind != 1 or x != x:  # an empty point is written as NaN
        return None
    return repr(x if name == LONGITUDE else y)
