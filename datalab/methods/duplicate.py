"""Reports of the same problem: same category, near in space and in time.

Two reports are linked where both distances are small, and what is linked is one group. Distances
are those of FixMyStreet, which offers the reports of the same category within 250 m to the public
(mysociety/fixmystreet, Cobrand/Default.pm, nearby_distances); a group that machines merge without
asking wants less. How good a choice is must be measured where the truth is known.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

METRES_PER_DEGREE = 111_195.0  # of latitude, on the sphere of mean radius 6,371 km


@dataclass(frozen=True)
class Agreement:
    """Pairs of reports that are put together, and those that belong together."""

    found: int
    true: int
    both: int

    @property
    def precision(self) -> float | None:
        """Share of the pairs put together that belong together; None where there is no pair."""
        return self.both / self.found if self.found else None

    @property
    def recall(self) -> float | None:
        """Share of the pairs that belong together which are put together."""
        return self.both / self.true if self.true else None


def groups(
    categories: Sequence[Hashable],
    longitudes: Sequence[float],
    latitudes: Sequence[float],
    times: Sequence[float],
    *,
    metres: float = 50.0,
    days: float = 30.0,
) -> list[int]:
    """For each report the position of the earliest report of its group (its own where it is alone).

    A report without a place (not a number) is alone: nothing says that it is a duplicate.

    Raises
    ------
    ValueError
        where the lists differ in length, or a distance is not above 0.
    """
    from scipy.spatial import cKDTree  # type: ignore[import-untyped]

    if len({len(categories), len(longitudes), len(latitudes), len(times)}) != 1:
        raise ValueError("each report has a category, a place and a time")
    if not (metres > 0 and days > 0):
        raise ValueError("distances in metres and in days are above 0")
    x, y, t = (np.asarray(one, dtype=float) for one in (longitudes, latitudes, times))
    placed = np.isfinite(x) & np.isfinite(y) & np.isfinite(t)
    middle = float(y[placed].mean()) if placed.any() else 0.0
    scale = METRES_PER_DEGREE * math.cos(math.radians(middle)), METRES_PER_DEGREE
    parent = list(range(len(t)))

    def root(one: int) -> int:
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    for category in dict.fromkeys(categories):
        rows = [i for i, c in enumerate(categories) if c == category and placed[i]]
        # Scaled so that one unit is the largest distance, in metres and in days alike.
        points = np.column_stack(
            [x[rows] * scale[0] / metres, y[rows] * scale[1] / metres, t[rows] / days]
        )
        if not len(points):
            continue
        for a, b in cKDTree(points).query_pairs(math.sqrt(2.0)):
            near = np.hypot(*(points[a, :2] - points[b, :2])) <= 1.0
            if near and abs(points[a, 2] - points[b, 2]) <= 1.0:
                one, other = root(rows[a]), root(rows[b])
                if one != other:
                    early, late = sorted((one, other), key=lambda place: (t[place], place))
                    parent[late] = early
    return [root(place) for place in range(len(t))]


def agreement(found: Sequence[Hashable], true: Sequence[Hashable]) -> Agreement:
    """How far two groupings agree, pair by pair (W. M. Rand, JASA 66, 1971).

    Raises
    ------
    ValueError
        where they are not of the same reports.
    """
    if len(found) != len(true):
        raise ValueError("two groupings of the same reports are needed")
    return Agreement(_pairs(found), _pairs(true), _pairs(list(zip(found, true, strict=True))))


def _pairs(labels: Sequence[Hashable]) -> int:
    sizes: dict[Hashable, int] = {}
    for label in labels:
        sizes[label] = sizes.get(label, 0) + 1
    return sum(size * (size - 1) // 2 for size in sizes.values())
