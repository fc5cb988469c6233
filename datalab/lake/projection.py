"""Projection: coordinates of any published reference system become longitude and latitude.

By PROJ, through pyproj, with its network off. A file's own description of its system (the text of
a ``.prj``) is only ever used to recognise an EPSG code; what transforms is that code's definition
in PROJ's database, never the file's text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from datalab.catalog.dataset import Dataset
from datalab.lake.raw import unreadable

if TYPE_CHECKING:
    import numpy as np

WGS84 = "EPSG:4326"
MARGIN = 5.0  # degrees
LONGEST = 100_000  # characters of a description


def code_of(dataset: Dataset, description: str | None) -> str:
    """``EPSG:<number>`` of the system that ``description`` (WKT) or else the catalog names.

    Raises
    ------
    UnreadableFile
        where neither says it, or both say different ones.
    """
    declared = dataset.source.crs
    found = _recognised(description) if description and description.strip() else None
    if found is not None and declared is not None and found != declared:
        raise unreadable(
            dataset,
            "its coordinates are in {found}, and 'crs' in the catalog says {declared}.",
            found=found,
            declared=declared,
        )
    if found is None and declared is None:
        if description and description.strip():
            raise unreadable(
                dataset,
                "the reference system of its coordinates is not a known one; write it as "
                "'crs: EPSG:…' in the source.",
            )
        raise unreadable(
            dataset,
            "it does not say in which reference system its coordinates are (no .prj); write it "
            "as 'crs: EPSG:2154' (Lambert-93) or another code in the source.",
        )
    return known(dataset, found or declared or WGS84)


def known(dataset: Dataset, code: str) -> str:
    """``code`` itself, where PROJ knows it.

    Raises
    ------
    UnreadableFile
    """
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        CRS.from_user_input(code)
    except CRSError:
        raise unreadable(
            dataset, "there is no reference system {code} for its coordinates.", code=code
        ) from None
    return code


def to_wkb(geometries: Sequence[Any], code: str) -> list[str | None]:
    """Geometries of shapely in ``code``, as well-known binary in WGS 84, hexadecimal, flat."""
    import shapely

    flat = shapely.force_2d(list(geometries))
    if code != WGS84:
        flat = shapely.transform(flat, _Transform(code))
    return [None if text is None else str(text) for text in shapely.to_wkb(flat, hex=True)]


class _Transform:
    """Coordinates of one system to longitude and latitude, as arrays of shape (n, 2).

    Degrees that are called metres would land in the sea off Africa: what lies far outside the area
    that a system is made for is no place.
    """

    def __init__(self, code: str) -> None:
        self.transformer, self.bounds = _transformer(code)

    def __call__(self, places: np.ndarray) -> np.ndarray:
        import numpy as np

        found = np.column_stack(self.transformer.transform(places[:, 0], places[:, 1]))
        west, south, east, north = self.bounds
        inside = (found >= (west, south)) & (found <= (east, north))
        found[~inside.all(axis=1)] = np.inf  # no place: the row is rejected as one
        return found


@cache
def _transformer(code: str) -> tuple[Any, tuple[float, float, float, float]]:
    from pyproj import CRS, Transformer, network

    network.set_network_enabled(False)  # type: ignore[attr-defined]
    area = CRS.from_user_input(code).area_of_use
    bounds = (-180.0, -90.0, 180.0, 90.0)
    if area is not None and area.west < area.east:
        bounds = (area.west - MARGIN, area.south - MARGIN, area.east + MARGIN, area.north + MARGIN)
    return Transformer.from_crs(code, WGS84, always_xy=True), bounds


def _recognised(description: str) -> str | None:
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        number = CRS.from_wkt(description[:LONGEST].strip("\ufeff \r\n\0")).to_epsg()
    except CRSError:
        return None
    return f"EPSG:{number}" if number else None


def batches(items: Iterable[Any], size: int = 10_000) -> Iterable[list[Any]]:
    """``items`` in lists of ``size``."""
    from itertools import islice

    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch
