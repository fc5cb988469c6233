"""A place as people give it: a point of a map, a commune of a list, words; any of them, or none.

A page includes ``place_field.html`` with :func:`place_field` as ``place`` in its context, sends
:data:`datalab.portal.headers.LOCATING`, and reads the form with :func:`place_of`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from datalab.errors import PlaceRefused
from datalab.i18n import Phrase
from datalab.portal.boundaries import boundaries
from datalab.portal.library import Shelf

LONGEST = 200  # characters of a place in words


@dataclass(frozen=True)
class Place:
    """``commune`` is an INSEE code; ``words`` an address or a landmark as it was typed."""

    latitude: float | None = None
    longitude: float | None = None
    commune: str | None = None
    words: str = ""

    @property
    def given(self) -> bool:
        return self.latitude is not None or self.commune is not None or bool(self.words)


@dataclass(frozen=True)
class PlaceField:
    """The field as its page shows it; ``typed`` are the values of the form, as they came."""

    communes: dict[str, str]
    streets: bool
    required: bool = False
    wrong: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)

    def value(self, name: str) -> str:
        return self.typed.get(name, "")


def place_field(
    request: Request,
    fields: Mapping[str, Any] | None = None,
    *,
    required: bool = False,
    wrong: str = "",
) -> PlaceField:
    """The field, with what was typed before."""
    shelf: Shelf = request.app.state.library.shelf()
    known = boundaries(shelf)
    names = ("latitude", "longitude", "commune", "place")
    typed = {name: str((fields or {}).get(name) or "") for name in names}
    streets = streets_of(shelf) is not None
    return PlaceField(known.names if known else {}, streets, required, wrong, typed)


def place_of(request: Request, fields: Mapping[str, Any]) -> Place:
    """The place that a form gives. The commune of a point is found here, whatever was chosen.

    Raises
    ------
    PlaceRefused
        where the point is none, or lies outside every commune.
    """
    known = boundaries(request.app.state.library.shelf())
    words = " ".join(str(fields.get("place") or "").split())[:LONGEST]
    latitude, longitude = _number(fields, "latitude"), _number(fields, "longitude")
    chosen = str(fields.get("commune") or "") or None
    if (latitude is None) != (longitude is None):
        raise PlaceRefused(reason=Phrase("half of the point is missing"))
    if chosen is not None and known is not None and chosen not in known.names:
        raise PlaceRefused(reason=Phrase("this commune is not one of the list"))
    if latitude is None or longitude is None:
        return Place(commune=chosen if known else None, words=words)
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise PlaceRefused(reason=Phrase("it is not a point of the earth"))
    if known is None:
        return Place(latitude, longitude, None, words)
    commune = known.commune_of(latitude, longitude)
    if commune is None:
        raise PlaceRefused(reason=Phrase("the point lies outside the communes of Dijon Métropole"))
    return Place(latitude, longitude, commune, words)


def _number(fields: Mapping[str, Any], name: str) -> float | None:
    text = str(fields.get(name) or "").strip().replace(",", ".")
    if not text:
        return None
    try:
        return float(text[:40])
    except ValueError:
        raise PlaceRefused(reason=Phrase("it is not a point of the earth")) from None


def streets_of(shelf: Shelf) -> str | None:
    """The dataset that says it holds streets and may be shown, None where there is none."""
    from datalab.portal.access import barrier

    for holding in shelf.holdings.values():
        hint = holding.dataset.map
        drawable = hint is not None and hint.geometry is not None
        if holding.dataset.role == "streets" and drawable and barrier(holding) is None:
            return holding.id if holding.good is not None else None
    return None
