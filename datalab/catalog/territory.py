"""Territories as boxes of longitude and latitude (WGS 84), to tell a place from a mistake.

A box is wide on purpose: what lies outside is not nearly right, it is wrong, such as metres taken
for degrees, or latitude and longitude the wrong way round.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from datalab.catalog.dataset import Text


@dataclass(frozen=True)
class Territory:
    """Degrees. ``name`` fits after "in", "dans"."""

    name: Text
    west: float
    south: float
    east: float
    north: float


TERRITORIES: Mapping[str, Territory] = {
    # The boundaries of the 23 municipalities, DGCL and IGN, rounded outward.
    "dijon-metropole": Territory(
        Text(fr="Dijon Métropole", en="Dijon Métropole"), 4.85, 47.20, 5.25, 47.45
    ),
    "cote-d-or": Territory(Text(fr="la Côte-d’Or", en="Côte-d'Or"), 4.06, 46.90, 5.52, 48.04),
    "bourgogne-franche-comte": Territory(
        Text(fr="la Bourgogne-Franche-Comté", en="Bourgogne-Franche-Comté"),
        2.84,
        46.15,
        7.15,
        48.41,
    ),
    # Corsica and the islands off Brittany included (IGN, Admin Express).
    "france": Territory(
        Text(fr="la France métropolitaine", en="metropolitan France"), -5.20, 41.30, 9.60, 51.15
    ),
}
