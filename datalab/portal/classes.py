"""Classes of values for a map: natural breaks for few values, quantiles for many."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

MOST_FOR_BREAKS = 1500  # distinct values: the exact method takes their square
Method = Literal["natural-breaks", "quantiles", "each-value"]


@dataclass(frozen=True)
class Classes:
    """``bounds`` are the highest values of the classes, ascending; ``lowest`` the least of all."""

    method: Method
    lowest: float
    bounds: list[float]

    def of(self, value: float) -> int:
        """The class of a value, from 0."""
        return min(bisect_left(self.bounds, value), len(self.bounds) - 1)


def classes(values: Sequence[float], count: int = 5) -> Classes:
    """At most ``count`` classes of ``values``.

    Natural breaks minimise the sum of squared deviations within classes, exactly (W. D. Fisher,
    "On grouping for maximum homogeneity", JASA 53, 1958; the optimum of Jenks' method).
    """
    ordered = sorted(values)
    distinct = sorted(set(ordered))
    if len(distinct) <= count:
        return Classes("each-value", distinct[0], distinct)
    if len(distinct) <= MOST_FOR_BREAKS:
        return Classes("natural-breaks", distinct[0], _fisher(ordered, count))
    places = [ordered[-(-len(ordered) * step // count) - 1] for step in range(1, count + 1)]
    return Classes("quantiles", distinct[0], sorted(set(places)))


def _fisher(ordered: list[float], count: int) -> list[float]:
    """Upper bounds of the best partition, by divide and conquer over the split (monotone)."""
    # Shifted by the mean: squares of large values would lose the small differences.
    mean = sum(ordered) / len(ordered)
    shifted = [value - mean for value in ordered]
    sums = [0.0, *accumulate(shifted)]
    squares = [0.0, *accumulate(value * value for value in shifted)]

    def cost(start: int, end: int) -> float:
        total = sums[end] - sums[start]
        return squares[end] - squares[start] - total * total / (end - start)

    size = len(ordered)
    best = [cost(0, end) if end else 0.0 for end in range(size + 1)]
    splits: list[list[int]] = []
    for groups in range(2, count + 1):
        row, chosen = [float("inf")] * (size + 1), [0] * (size + 1)
        pending = [(groups, size, groups - 1, size - 1)]
        while pending:
            low, high, first, last = pending.pop()
            if low > high:
                continue
            end = (low + high) // 2
            for split in range(first, min(last, end - 1) + 1):
                found = best[split] + cost(split, end)
                if found < row[end]:
                    row[end], chosen[end] = found, split
            pending += [(low, end - 1, first, chosen[end]), (end + 1, high, chosen[end], last)]
        best = row
        splits.append(chosen)
    ends, end = [size], size
    for chosen in reversed(splits):
        end = chosen[end]
        ends.append(end)
    return sorted({ordered[end - 1] for end in ends})
