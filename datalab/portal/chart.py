"""The map of one dataset: which column is drawn, of which rows, with which shapes."""

from __future__ import annotations

from dataclasses import dataclass

from datalab.catalog.dataset import Column
from datalab.errors import InvalidParameter
from datalab.i18n import Language, translate
from datalab.lake.connection import identifier
from datalab.portal.figures import NAMES_A_YEAR, unit
from datalab.portal.library import Holding, Shelf
from datalab.portal.map import MapView, Question, draw
from datalab.portal.places import place_of
from datalab.portal.rows import Table

NUMERIC = ("smallint", "integer", "bigint", "double", "decimal")
# Amounts that add up over places; everything else with a unit is read as a ratio or a measure.
STOCKS = frozenset(
    {"inhabitants", "persons", "people", "households", "dwellings", "jobs", "establishments"}
    | {"count", "births", "deaths", "units", "EUR", "kWh", "MWh", "GWh", "companies", "vehicles"}
)


@dataclass(frozen=True)
class Option:
    column: str
    label: str
    chosen: bool


@dataclass(frozen=True)
class Chart:
    """``year`` is the one year that is drawn where the rows speak of several."""

    map: MapView
    options: list[Option]
    year: int | None
    boundaries: str | None


def drawable(holding: Holding, opened: Table) -> dict[str, Column]:
    """Columns that a map can show: measured ones, not codes, years or positions."""
    hint = holding.dataset.map
    positions = {hint.longitude, hint.latitude} if hint else set()
    return {
        name: column
        for name, column in holding.dataset.columns.items()
        if name in opened.columns
        and column.type.startswith(NUMERIC)
        and name not in positions
        and column.unit not in {"year", "deg", "degrees"}
        and not NAMES_A_YEAR.search(name)
        and (column.unit or (hint and name == hint.value))
    }


def chart_of(
    shelf: Shelf, holding: Holding, opened: Table, language: Language, column: str | None
) -> Chart | None:
    """The map of ``column``, or of what the dataset shows first; None where there is none.

    Raises
    ------
    InvalidParameter
        where ``column`` is not one a map can show.
    """
    place = place_of(shelf, holding, opened, language)
    hint = holding.dataset.map
    if place is None or hint is None:
        return None
    known = drawable(holding, opened)
    if column and column not in known:
        reason = translate("draw one of: {columns}", language, columns=", ".join(known))
        raise InvalidParameter(name="map", value=column[:80], reason=reason)
    shown = column or (hint.value if hint.value in known else None)
    key = ("chart", holding.id, place.snapshots, shown, language)
    if key not in shelf.remembered:
        where, year = _one_year(shelf, holding, opened) if place.boundaries else ("true", None)
        label = hint.label if hint.label in opened.columns else hint.on
        named = f"t.{identifier(label)}" if label else "''"
        about = known[shown] if shown else None
        question = Question(
            relation=place.relation,
            shape=place.shape,
            label=named,
            value=f"t.{identifier(shown)}" if shown else None,
            title=about.description.in_(language) if about else holding.dataset.title.in_(language),
            unit=unit(about.unit, language) if about else "",
            stock=about is not None and about.unit in STOCKS,
            where=where,
        )
        shelf.remembered[key] = (draw(shelf, question, language), year)
    drawn, year = shelf.remembered[key]
    if drawn is None:
        return None
    options = [
        Option(name, c.description.in_(language), name == shown) for name, c in known.items()
    ]
    return Chart(drawn, options, year, place.boundaries)


def _one_year(shelf: Shelf, holding: Holding, opened: Table) -> tuple[str, int | None]:
    """Rows that speak of several years would lie on one another: only the last year is drawn."""
    for name, column in holding.dataset.columns.items():
        if name in opened.columns and column.unit == "year" and column.type.startswith(NUMERIC):
            with shelf.reading() as cursor:
                row = cursor.execute(f"SELECT max({identifier(name)}) FROM {opened.sql}").fetchone()  # noqa: S608
            if row and row[0] is not None:
                year = int(row[0])
                return f"t.{identifier(name)} = {year}", year
    return "true", None
