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
from datalab.portal.places import Place, place_of
from datalab.portal.rows import Table
from datalab.portal.subset import Subset, subset_of

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
    """``held`` are columns held at one value, where a place has several rows; ``summed`` says
    that rows of the same place were added up."""

    map: MapView
    options: list[Option]
    held: dict[str, str]
    summed: bool
    boundaries: str | None
    boundaries_title: str


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
    everything = Subset("true", {}, summed=False)
    subset = subset_of(shelf, holding, opened, str(hint.on)) if place.boundaries else everything
    if subset is None:
        return None
    if subset.summed:
        known = {name: about for name, about in known.items() if about.unit in STOCKS}
    shown = column or (hint.value if hint.value in known else next(iter(known), None))
    if subset.summed and shown not in known:
        return None
    key = ("chart", holding.id, opened.lake, place.snapshots, shown, language)
    if key not in shelf.remembered:
        question = _question(holding, opened, place, subset, shown, language)
        shelf.remembered[key] = draw(shelf, question, language)
    drawn: MapView | None = shelf.remembered[key]
    if drawn is None:
        return None
    options = [
        Option(name, c.description.in_(language), name == shown) for name, c in known.items()
    ]
    lender = shelf.holdings.get(place.boundaries or "")
    title = lender.dataset.title.in_(language) if lender else ""
    return Chart(drawn, options, subset.held, subset.summed, place.boundaries, title)


def _question(
    holding: Holding,
    opened: Table,
    place: Place,
    subset: Subset,
    shown: str | None,
    language: Language,
) -> Question:
    hint, about = holding.dataset.map, holding.dataset.columns[shown] if shown else None
    own = hint.label if hint and hint.label in opened.columns and hint.label != hint.on else None
    # A name says more than a code: that of the polygon stands in where the row has none.
    label = f"t.{identifier(own)}" if own else place.label
    value = f"t.{identifier(shown)}" if shown else None
    relation, where = place.relation, subset.where
    if subset.summed:
        # The place's own name: that of a row names something finer.
        relation = (
            f"(SELECT any_value({place.shape}) AS shape, any_value({place.label}) AS label, "  # noqa: S608
            f"sum({value}) AS value FROM {relation} WHERE {where} GROUP BY p.place_key) t"
        )
        label, value, where = "t.label", "t.value", "true"
    return Question(
        relation=relation,
        shape="t.shape" if subset.summed else place.shape,
        label=label,
        value=value,
        title=about.description.in_(language) if about else holding.dataset.title.in_(language),
        unit=unit(about.unit, language) if about else "",
        stock=about is not None and about.unit in STOCKS,
        where=where,
        lake=opened.lake,
    )
