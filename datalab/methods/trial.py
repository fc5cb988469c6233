"""One run of the whole evaluation on a simulated population, and what many runs say together.

Publishes its seeds: run ``k`` of a series has the seed ``FIRST_SEED + k``.

Source: T. Morris, I. White and M. Crowther, Using simulation studies to evaluate statistical
methods, Statistics in Medicine 38, 2019, for coverage, power and their Monte Carlo error.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from datalab.methods.difference_in_differences import estimate
from datalab.methods.trial_population import World, simulate

FIRST_SEED = 20_190_406  # 6 April 2019: Smart Citizen was launched in Genlis
RUNS = 500
FALSE = 7_000  # added to the seed where there is no effect, so that both series differ


@dataclass(frozen=True)
class Run:
    seed: int
    truth: float
    estimate: float
    error: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class Series:
    """Shares of runs; ``error`` is the Monte Carlo standard error of a share."""

    n: int
    coverage: float
    found: float  # share with p < 0.05: power, or false positives where there is no effect
    bias: float
    error: float


def run(seed: int, world: World) -> Run:
    """Simulate, evaluate as the protocol says, and put it beside the truth (in logarithms)."""
    found = estimate(simulate(world, seed), cluster="street")
    truth = math.log1p(world.effect)
    return Run(seed, truth, found.estimate, found.error, found.low, found.high, found.p)


def seeds(runs: int, effect: bool) -> list[int]:
    """The published seeds of a series."""
    first = FIRST_SEED + (0 if effect else FALSE)
    return [first + number for number in range(runs)]


def without_effect(world: World) -> World:
    return replace(world, effect=0.0)


def summary(runs: Sequence[Run]) -> Series:
    """What a series of runs says together."""
    n = len(runs)
    covered = sum(one.low <= one.truth <= one.high for one in runs) / n
    found = sum(one.p < 0.05 for one in runs) / n
    bias = sum(one.estimate - one.truth for one in runs) / n
    return Series(n, covered, found, bias, math.sqrt(covered * (1 - covered) / n))
