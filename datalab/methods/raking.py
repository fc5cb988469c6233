"""Weights that make a sample look like a population: raking, its bounds and what it costs.

Raking (iterative proportional fitting, W. E. Deming and F. F. Stephan, "On a least squares
adjustment of a sampled frequency table when the expected marginal totals are known", Annals of
Mathematical Statistics 11, 1940) multiplies the weights of each category of one variable until
they add up to what is known of it, then those of the next variable, and again, until nothing
moves. What it costs is told by Kish's effective sample size, (Σw)²/Σw² (L. Kish, Survey Sampling,
1965, section 11.7). It corrects only for the variables that it is given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Margins = Mapping[str, Mapping[str, float]]
BOUNDS = (0.3, 3.0)  # lightest and heaviest weight, beside a mean of 1


@dataclass(frozen=True)
class Raked:
    """``weights`` have mean 1. ``gap`` is the largest difference left to a margin, in shares of 1;
    ``trimmed`` counts weights at a bound; ``unreached`` are (variable, category) of the population
    in which nobody answered, which no weight can make up for."""

    weights: tuple[float, ...]
    converged: bool
    iterations: int
    gap: float
    trimmed: int
    unreached: tuple[tuple[str, str], ...]

    @property
    def effective_size(self) -> float:
        """How many people chosen by lot would tell as much (Kish)."""
        return effective_size(self.weights)

    @property
    def design_effect(self) -> float:
        """By how much the variance of a mean grows through weighting: n / effective size."""
        return len(self.weights) / self.effective_size if self.weights else 1.0


def effective_size(weights: Sequence[float]) -> float:
    """(Σw)²/Σw²; 0 without weights."""
    squares = sum(weight * weight for weight in weights)
    return sum(weights) ** 2 / squares if squares else 0.0


def rake(
    sample: Mapping[str, Sequence[str | None]],
    margins: Margins,
    *,
    bounds: tuple[float, float] | None = BOUNDS,
    most: int = 200,
    tolerance: float = 1e-6,
) -> Raked:
    """Weights of a sample so that it has the margins of its population.

    Parameters
    ----------
    sample
        For each variable the category of each person; None where it is not known. Those keep
        together the share that they have.
    margins
        For each variable the size (any unit) of each category of the population.
    bounds
        Lightest and heaviest weight relative to the mean; None trims nothing.
    most, tolerance
        Rounds at most, and the largest share that may be missing when they end.

    Raises
    ------
    ValueError
        where variables differ in length, or a margin is negative, not finite or adds up to nothing.
    """
    sizes = {len(values) for values in sample.values()}
    if len(sizes) != 1 or not margins:
        raise ValueError("every variable says one category for each person")
    count = sizes.pop()
    if count == 0:
        return Raked((), True, 0, 0.0, 0, ())
    cells: list[list[tuple[np.ndarray, float]]] = []
    unreached: list[tuple[str, str]] = []
    for name, margin in margins.items():
        cells.append(_targets(name, np.array(sample[name], dtype=object), margin, unreached))
    weights = np.ones(count)
    gap, iterations = _gap(weights, cells), 0
    while gap > tolerance and iterations < most:
        iterations += 1
        before = weights.copy()
        for variable in cells:
            for mask, target in variable:
                weights[mask] *= target / weights[mask].sum()
        weights *= count / weights.sum()
        if bounds is not None:
            weights = np.clip(weights, *bounds)
            weights *= count / weights.sum()
        gap = _gap(weights, cells)
        if np.abs(weights - before).max() < tolerance:
            break
    trimmed = 0
    if bounds is not None:
        low, high = bounds
        edge = (weights <= low * (1 + 1e-3)) | (weights >= high * (1 - 1e-3))
        trimmed = int(edge.sum())
    return Raked(
        tuple(float(w) for w in weights),
        bool(gap <= max(tolerance, 1e-4)),
        iterations,
        float(gap),
        trimmed,
        tuple(unreached),
    )


def _targets(
    name: str, values: np.ndarray, margin: Mapping[str, float], unreached: list[tuple[str, str]]
) -> list[tuple[np.ndarray, float]]:
    """Who is in each category, and the weight that they should add up to."""
    if any(not np.isfinite(size) or size < 0 for size in margin.values()):
        raise ValueError(f"a margin of {name} is no size")
    known = np.isin(values, list(margin))
    reached = {c: float(size) for c, size in margin.items() if size > 0 and (values == c).any()}
    unreached += [(name, c) for c, size in margin.items() if size > 0 and c not in reached]
    total = sum(reached.values())
    if not total:
        raise ValueError(f"nobody of the sample is in a category of {name}")
    return [(values == c, size / total * known.sum()) for c, size in reached.items()]


def _gap(weights: np.ndarray, cells: list[list[tuple[np.ndarray, float]]]) -> float:
    """The largest difference to a margin, in shares of the sample."""
    count = len(weights)
    return max(
        (
            abs(weights[mask].sum() - target) / count
            for variable in cells
            for mask, target in variable
        ),
        default=0.0,
    )
