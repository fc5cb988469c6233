"""Fair comparison: controls like the volunteers, or a waiting list drawn by lot.

Volunteers are not like the others. Where they cannot be drawn by lot, each gets a control that was
like it *before* the start: pairs that are closest in all (Mahalanobis distance, one control each),
none farther apart than a caliper. How alike the arms are is said by standardised differences of
means; below 0.1 they count as balanced.

Sources: D. Rubin, Bias reduction using Mahalanobis-metric matching, Biometrics 36, 1980; P. Austin,
Balance diagnostics for comparing the distribution of baseline covariates, Statistics in Medicine
28, 2009; E. Stuart, Matching methods for causal inference, Statistical Science 25, 2010.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment  # type: ignore[import-untyped]
from scipy.spatial.distance import cdist  # type: ignore[import-untyped]

BALANCED = 0.1
FAR = 1e9


@dataclass(frozen=True)
class Matches:
    """``pairs`` of places (treated, control); ``alone`` are treated without a control."""

    pairs: tuple[tuple[int, int], ...]
    alone: tuple[int, ...]
    before: tuple[float, ...]  # standardised differences of each covariate, all against all
    after: tuple[float, ...]  # of the pairs

    @property
    def balanced(self) -> bool:
        return bool(self.pairs) and max(map(abs, self.after)) < BALANCED


def match(treated: np.ndarray, controls: np.ndarray, caliper: float | None = None) -> Matches:
    """One control for each treated, together as close as can be.

    Parameters
    ----------
    treated, controls
        one row per home, one column per covariate known before the start.
    caliper
        largest Mahalanobis distance of a pair, in standard deviations; none where not given.

    Raises
    ------
    ValueError
        where a covariate is missing, or an arm is empty.
    """
    one, other = np.atleast_2d(treated).astype(float), np.atleast_2d(controls).astype(float)
    if not one.size or not other.size or one.shape[1] != other.shape[1]:
        raise ValueError("both arms need homes with the same covariates")
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        raise ValueError("a home without a covariate cannot be matched: leave it out and say so")
    spread = np.atleast_2d(np.cov(np.vstack([one, other]).T))
    distance = cdist(one, other, "mahalanobis", VI=np.linalg.pinv(spread))
    if caliper is not None:
        distance[distance > caliper] = FAR
    rows, columns = linear_sum_assignment(distance)
    pairs = tuple(
        (int(r), int(c)) for r, c in zip(rows, columns, strict=True) if distance[r, c] < FAR
    )
    paired = {row for row, _ in pairs}
    alone = tuple(row for row in range(len(one)) if row not in paired)
    chosen = [row for row, _ in pairs], [column for _, column in pairs]
    after = standardised(one[chosen[0]], other[chosen[1]], one, other) if pairs else ()
    return Matches(pairs, alone, standardised(one, other, one, other), after)


def standardised(
    treated: np.ndarray, controls: np.ndarray, all_treated: np.ndarray, all_controls: np.ndarray
) -> tuple[float, ...]:
    """Differences of means over the pooled standard deviation *before* matching (Austin)."""
    pooled = np.sqrt((all_treated.var(axis=0, ddof=1) + all_controls.var(axis=0, ddof=1)) / 2)
    difference = treated.mean(axis=0) - controls.mean(axis=0)
    return tuple(float(d / s) if s > 0 else 0.0 for d, s in zip(difference, pooled, strict=True))


def draw(
    clusters: Sequence[Hashable], seed: int, strata: Sequence[Hashable] | None = None
) -> dict[Hashable, bool]:
    """Which clusters start now (True) and which wait, half of each stratum, by lot.

    The seed is published with the protocol: whoever has the list draws the same lot.
    """
    kinds = strata if strata is not None else [0] * len(clusters)
    if len(set(clusters)) != len(clusters) or len(kinds) != len(clusters):
        raise ValueError("each cluster is named once, with its stratum")
    chance = np.random.default_rng(seed)
    drawn: dict[Hashable, bool] = {}
    for kind in sorted(set(kinds), key=str):
        members = sorted((c for c, k in zip(clusters, kinds, strict=True) if k == kind), key=str)
        order = chance.permutation(len(members))
        # Of an odd number chance says which side has one more.
        half = len(members) // 2 + (int(chance.integers(2)) if len(members) % 2 else 0)
        drawn |= {members[place]: rank < half for rank, place in enumerate(order)}
    return drawn
