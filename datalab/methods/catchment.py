"""Catchments: who can reach a place, how much a place is wanted, who goes where among several.

Distances in kilometres, on the ground where nothing else is said. Rows of a matrix of distances are
where people live or work (*origins*), columns are places (*sites*).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

EARTH = 6371.0088  # km, mean radius (IUGG, R1)
# How much longer the way is than the crow flies, where no street network is known: between some
# 1.2 in a dense network (Newell, 1980, "Traffic Flow on Transportation Networks") and the 1.417
# that Boscoe, Henry and Zdeb found over the United States (2012, "A nationwide comparison of
# driving distance versus straight-line distance to hospitals", The Professional Geographer 64(2)).
DETOUR = 1.3
Matrix = NDArray[np.float64]


def distances(origins: ArrayLike, sites: ArrayLike, detour: float = DETOUR) -> Matrix:
    """Length of the way between each origin and each site: great circle times ``detour``.

    Parameters
    ----------
    origins, sites
        longitude and latitude in degrees (WGS 84), shapes (n, 2) and (m, 2).
    detour
        at least 1, without unit; 1 is the crow's way.

    Returns
    -------
    (n, m) km

    Raises
    ------
    ValueError
        where a coordinate is no place, or the detour a shortcut.

    Notes
    -----
    Haversine: R. W. Sinnott (1984), "Virtues of the Haversine", Sky and Telescope 68(2), 159.
    """
    here, there = _points(origins), _points(sites)
    if not detour >= 1:
        raise ValueError("a way is no shorter than the crow flies")
    (lon1, lat1), (lon2, lat2) = np.radians(here).T, np.radians(there).T
    chord = (
        np.sin((lat2 - lat1[:, None]) / 2) ** 2
        + np.cos(lat1)[:, None] * np.cos(lat2) * np.sin((lon2 - lon1[:, None]) / 2) ** 2
    )
    return np.asarray(2 * EARTH * np.arcsin(np.sqrt(np.clip(chord, 0, 1))) * detour)


def decay(distance: ArrayLike, half: float) -> Matrix:
    """The share of people who still come: 1 at the door, one half at ``half`` km, and so on.

    Notes
    -----
    Exponential decay, as A. G. Wilson (1971) derives it, "A family of spatial interaction models",
    Environment and Planning 3, 1-32.
    """
    if not half > 0:
        raise ValueError("the distance at which half come is above zero")
    return np.asarray(np.exp2(-np.asarray(distance, float) / half))


def potential(demand: ArrayLike, distance: ArrayLike, half: float) -> Matrix:
    """Demand within reach of each site, each origin weighted by :func:`decay`; in its unit.

    Notes
    -----
    W. G. Hansen (1959), "How accessibility shapes land use", Journal of the American Institute of
    Planners 25(2), 73-76.
    """
    wanted, ways = _pair(demand, distance)
    return np.asarray(wanted @ decay(ways, half))


def huff(attraction: ArrayLike, distance: ArrayLike, exponent: float = 2.0) -> Matrix:
    """The probability that somebody of each origin goes to each site.

    Parameters
    ----------
    attraction
        (m,) size of each site (m² of floor, docks…), zero for one that is closed.
    distance
        (n, m) km; below 0.1 km it counts as 0.1, since nobody lives in the shop.
    exponent
        how fast distance deters.

    Returns
    -------
    (n, m), rows add up to one.

    Notes
    -----
    D. L. Huff (1964), "Defining and estimating a trading area", Journal of Marketing 28(3), 34-38.
    """
    size = np.asarray(attraction, float)
    ways = np.maximum(np.asarray(distance, float), 0.1)
    if ways.ndim != 2 or size.shape != ways.shape[1:]:
        raise ValueError("one attraction for each site is needed")
    if not (np.isfinite(size).all() and (size >= 0).all() and size.sum() > 0):
        raise ValueError("attractions are finite, none is negative, one at least is above zero")
    with np.errstate(divide="ignore"):
        logs = np.log(size) - exponent * np.log(ways)
    pull = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(pull / pull.sum(axis=1, keepdims=True))


def two_step(demand: ArrayLike, supply: ArrayLike, distance: ArrayLike, reach: float) -> Matrix:
    """Supply per head that each origin finds within ``reach`` km, those who compete for it counted.

    Notes
    -----
    Two-step floating catchment area: W. Luo and F. Wang (2003), "Measures of spatial accessibility
    to health care in a GIS environment", Environment and Planning B 30(6), 865-884. What is handed
    out adds up to the supply of the sites that somebody can reach.
    """
    wanted, ways = _pair(demand, distance)
    offered = np.asarray(supply, float)
    near = ways <= reach
    heads = wanted @ near
    ratio = np.divide(offered, heads, out=np.zeros_like(offered), where=heads > 0)
    return np.asarray(near @ ratio)


def _points(found: ArrayLike) -> Matrix:
    points = np.asarray(found, float)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError("longitude and latitude of each point are needed")
    inside = (np.abs(points[:, 0]) <= 180) & (np.abs(points[:, 1]) <= 90)
    if not inside.all():
        raise ValueError("a coordinate is missing or is no place on earth")
    return points


def _pair(demand: ArrayLike, distance: ArrayLike) -> tuple[Matrix, Matrix]:
    wanted, ways = np.asarray(demand, float), np.asarray(distance, float)
    if ways.ndim != 2 or wanted.shape != ways.shape[:1]:
        raise ValueError("one demand for each origin is needed")
    if not (np.isfinite(wanted).all() and (wanted >= 0).all()):
        raise ValueError("demand is finite and not negative; say what is missing before")
    return wanted, ways
