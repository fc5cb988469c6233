"""Where the rows of a dataset lie: SQL for the shape of each row, from the dataset's map hint."""

from __future__ import annotations

from dataclasses import dataclass

from datalab.i18n import Language
from datalab.lake.connection import identifier
from datalab.portal.access import barrier
from datalab.portal.library import Holding, Shelf
from datalab.portal.rows import Table, is_geometry, open_table

ROW = "place_row"  # the number of a row in the order of its source


@dataclass(frozen=True)
class Place:
    """``relation`` is what to select from, ``shape`` an expression of type GEOMETRY over it.

    ``snapshots`` are the ones it reads, its own first: what is built from it changes with them.
    ``boundaries`` is the dataset that lends its polygons, and ``label`` their names there.
    """

    relation: str
    shape: str
    snapshots: tuple[int, ...]
    boundaries: str | None = None
    label: str = "''"
    # Columns of a point, where each row is one: they are compared without making shapes.
    point: tuple[str, str] | None = None


def place_of(shelf: Shelf, holding: Holding, opened: Table, language: Language) -> Place | None:
    """The places of a dataset, or None where it has none that may be shown."""
    hint = holding.dataset.map
    columns = opened.columns
    if hint is None:
        return None
    if hint.geometry is not None:
        if not is_geometry(columns.get(hint.geometry, "")):
            return None
        shape = f"t.{identifier(hint.geometry)}"
        return Place(_alias(opened), shape, (opened.snapshot,))
    if hint.longitude is not None and hint.latitude is not None:
        if not {hint.longitude, hint.latitude} <= columns.keys():
            return None
        longitude, latitude = identifier(hint.longitude), identifier(hint.latitude)
        shape = f"ST_Point(t.{longitude}::DOUBLE, t.{latitude}::DOUBLE)"
        return Place(_alias(opened), shape, (opened.snapshot,), point=(longitude, latitude))
    return _lent(shelf, holding, opened, language)


def _alias(opened: Table) -> str:
    """The table under the name ``t``: SQL takes no alias right after ``AT (VERSION …)``."""
    return f"(SELECT rowid AS {ROW}, * FROM {opened.sql}) t"  # noqa: S608


def _lent(shelf: Shelf, holding: Holding, opened: Table, language: Language) -> Place | None:
    """Polygons of another dataset, which must be open to everybody as well."""
    hint = holding.dataset.map
    if hint is None or hint.boundaries is None or hint.key is None or hint.on is None:
        return None
    lender = shelf.holdings.get(hint.boundaries)
    if lender is None or lender.good is None or barrier(lender) is not None:
        return None
    polygons = open_table(shelf, lender, language)
    shapes = [name for name, type_ in polygons.columns.items() if is_geometry(type_)]
    if not shapes or hint.key not in polygons.columns or hint.on not in opened.columns:
        return None
    lent = lender.dataset.map.label if lender.dataset.map else None
    named = identifier(lent if lent in polygons.columns else hint.key)
    # One polygon per key, so that a row is never doubled.
    key, shape = identifier(hint.key), identifier(shapes[0])
    polygon = (
        f"SELECT {key} AS place_key, any_value({shape}) AS place_shape, "  # noqa: S608
        f"any_value({named}) AS place_label FROM {polygons.sql} GROUP BY ALL"
    )
    relation = f"{_alias(opened)} LEFT JOIN ({polygon}) p ON p.place_key = t.{identifier(hint.on)}"
    return Place(
        relation, "p.place_shape", (opened.snapshot, polygons.snapshot), lender.id, "p.place_label"
    )
