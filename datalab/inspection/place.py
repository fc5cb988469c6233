"""What a column is on a map or as an official code: coordinates, INSEE, SIREN, postcodes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from datalab.inspection.kind import luhn
from datalab.inspection.naming import words

# Metropolitan France with Corsica, in degrees; and where the territories beyond lie.
WEST, SOUTH, EAST, NORTH = -5.3, 41.2, 9.7, 51.2
_LONGITUDE = {"lon", "long", "lng", "longitude", "xlong", "x", "geox"}
_LATITUDE = {"lat", "latitude", "ylat", "y", "geoy"}
_INSEE = re.compile(r"(?:0[1-9]|[1-8]\d|9[0-5]|2[ABab]|97[1-8]|98[4-9])\d{2,3}")
_IRIS = re.compile(r"(?:\d{5}|2[AB]\d{3})\d{4}")
_POSTCODE = re.compile(r"(?:0[1-9]|[1-8]\d|9[0-8])\d{3}")


def role_of(name: str, label: str, kind: str, values: Sequence[str]) -> str | None:
    """longitude, latitude, insee, iris, postcode, siren, siret, geometry, or None."""
    named = {*words(name), *words(label)}
    if kind == "geometry":
        return "geometry"
    if kind in ("double", "integer", "bigint"):
        numbers = _numbers(values)
        if numbers and "coord" in named and {"x", "y"} & named:
            named |= {"x"} & named | {"y"} & named
        if named & _LONGITUDE and numbers and all(-180 <= n <= 180 for n in numbers):
            return "longitude"
        if named & _LATITUDE and numbers and all(-90 <= n <= 90 for n in numbers):
            return "latitude"
        return None
    if kind != "varchar" or not values:
        return None
    if _most(values, lambda v: len(v) == 14 and v.isdigit() and luhn(v)):
        return "siret"
    if _most(values, lambda v: len(v) == 9 and v.isdigit() and luhn(v)) and len(set(values)) > 1:
        return "siren"
    if "iris" in named and _most(values, lambda v: bool(_IRIS.fullmatch(v))):
        return "iris"
    postal = named & {"postal", "postaux", "cp", "postcode", "zip", "zipcode"}
    if postal and _most(values, lambda v: bool(_POSTCODE.fullmatch(v))):
        return "postcode"
    communal = named & {"insee", "codgeo", "depcom", "commune", "com", "codinsee"}
    five = _most(values, lambda v: len(v) == 5 and bool(_INSEE.fullmatch(v)))
    if five and communal and not postal:
        return "insee"
    return None


def _most(values: Sequence[str], test: Callable[[str], bool]) -> bool:
    fits = sum(map(test, values))
    return bool(values) and fits >= 0.98 * len(values)


def _numbers(values: Sequence[str]) -> list[float]:
    found = []
    for value in values:
        try:
            found.append(float(value))
        except ValueError:
            continue
    return found


def exchanged(longitudes: tuple[float, float], latitudes: tuple[float, float]) -> bool:
    """Whether the least and greatest of both say that the columns were exchanged.

    Outside France as they are named, inside France the other way round.
    """
    return not _inside(longitudes, latitudes) and _inside(latitudes, longitudes)


def _inside(longitudes: tuple[float, float], latitudes: tuple[float, float]) -> bool:
    return (
        longitudes[0] >= WEST
        and longitudes[1] <= EAST
        and latitudes[0] >= SOUTH
        and latitudes[1] <= NORTH
    )


def in_france(longitudes: tuple[float, float], latitudes: tuple[float, float]) -> bool:
    """Whether every point lies in metropolitan France."""
    return _inside(longitudes, latitudes)
