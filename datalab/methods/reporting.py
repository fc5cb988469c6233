"""How fast, and how surely, people report a problem: told by reports of the same incident.

A count of reports mixes two things, how many problems there are and how readily they are reported.
Once a first report proves that an incident exists, further reports of it come at the reporting
rate alone, whatever the number of incidents: their number over the time during which it was known
and still there is a Poisson rate (Z. Liu, U. Bhandaram and N. Garg, Quantifying spatial
under-reporting disparities in resident crowdsourcing, Nature Computational Science 4, 2024,
arXiv 2204.08620). The first report itself is left out, since it is what chose the incident.

From a rate λ (reports a day for an incident that stands) follow the mean delay of the first
report, 1/λ days, and the chance λ / (λ + μ) that an incident which would go away by itself at rate
μ is ever reported. μ is not observed: it is an assumption, to be varied.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from datalab.methods.shrinkage import Rates, shrink

FEWEST_REPEATS = 30  # repeat reports in all, below which no rate is given


@dataclass(frozen=True)
class Exposure:
    """Of one group: incidents, their repeat reports and the days during which these could come."""

    group: Hashable
    incidents: int
    repeats: int
    days: float


@dataclass(frozen=True)
class Propensity:
    """``rate`` in reports a day for an incident that stands, with its bounds; ``delay`` in days
    until the first one. What is known of the rate is a gamma law of that mean and ``shape``."""

    group: Hashable
    incidents: int
    repeats: int
    days: float
    rate: float
    low: float
    high: float
    shape: float

    @property
    def delay(self) -> float:
        return 1 / self.rate

    def reported(self, lifetime: float) -> float:
        """Share of incidents that are ever reported where one left alone lasts ``lifetime`` days
        on average."""
        return self.rate / (self.rate + 1 / lifetime)


@dataclass(frozen=True)
class Corrected:
    """Incidents for one unit of exposure, reported or not, with bounds that hold both
    uncertainties: the number of incidents and the rate of reporting."""

    group: Hashable
    reported: float
    value: float
    low: float
    high: float


def exposures(
    groups: Sequence[Hashable],
    incidents: Sequence[Hashable],
    times: Sequence[float],
    ends: Sequence[float],
    window: float = 60.0,
) -> list[Exposure]:
    """Repeat reports and the time in which they could come, for each group.

    Parameters
    ----------
    groups
        area, or area and category, of each report; an incident belongs to that of its first one.
    incidents
        which incident each report is about.
    times
        when it came, in days of any origin.
    ends
        when the incident of that report was closed, in the same days; infinite where it still
        stands. That of the first report counts.
    window
        days after the first report beyond which nothing counts: later reports may well be of
        another problem at the same place.
    """
    order = sorted(range(len(times)), key=lambda place: times[place])
    first: dict[Hashable, int] = {}
    repeats: dict[Hashable, int] = {}
    horizon = max(times, default=0.0)
    for place in order:
        incident = incidents[place]
        if incident not in first:
            first[incident] = place
            repeats[incident] = 0
        elif times[place] <= _until(first[incident], times, ends, window, horizon):
            repeats[incident] += 1
    found: dict[Hashable, list[float]] = {}
    for incident, place in first.items():
        line = found.setdefault(groups[place], [0, 0, 0.0])
        line[0] += 1
        line[1] += repeats[incident]
        line[2] += max(0.0, _until(place, times, ends, window, horizon) - times[place])
    return [
        Exposure(group, int(many), int(again), days) for group, (many, again, days) in found.items()
    ]


def _until(
    place: int, times: Sequence[float], ends: Sequence[float], window: float, horizon: float
) -> float:
    return min(ends[place], times[place] + window, horizon)


def propensities(seen: Sequence[Exposure], confidence: float = 0.95) -> tuple[Propensity, ...]:
    """The reporting rate of each group, drawn towards that of all where it has few repeats.

    Raises
    ------
    ValueError
        where the groups are too few, or all together have fewer than :data:`FEWEST_REPEATS`
        repeat reports: nothing can then be said about reporting.
    """
    known = [one for one in seen if one.days > 0]
    if sum(one.repeats for one in known) < FEWEST_REPEATS:
        raise ValueError(f"fewer than {FEWEST_REPEATS} repeat reports say nothing about reporting")
    rates: Rates = shrink(
        [one.repeats for one in known], [one.days for one in known], confidence=confidence
    )
    return tuple(
        Propensity(
            one.group,
            one.incidents,
            one.repeats,
            one.days,
            area.value,
            area.low,
            area.high,
            rates.shape + one.repeats,
        )
        for one, area in zip(known, rates.areas, strict=True)
    )


def correct(
    known: Sequence[Propensity],
    sizes: Sequence[float],
    *,
    lifetime: float,
    lifetime_spread: float = 0.3,
    draws: int = 4000,
    seed: int = 0,
    confidence: float = 0.95,
) -> tuple[Corrected, ...]:
    """Incidents per unit of ``sizes``, the unreported ones included.

    Parameters
    ----------
    known
        from :func:`propensities`, in the order of ``sizes`` (inhabitants in thousands, say).
    lifetime
        assumed days after which an incident goes away by itself: the median of what it may be.
    lifetime_spread
        standard deviation of its logarithm, as it is not known; the same draw for all groups, so
        that it moves all of them together.
    draws, seed
        of the simulation that joins the uncertainties.
    """
    chance = np.random.default_rng(seed)
    tail = (1 - confidence) / 2
    lasting = lifetime * np.exp(chance.normal(0, lifetime_spread, draws))
    numbers = shrink([one.incidents for one in known], list(sizes))
    found = []
    for one, area in zip(known, numbers.areas, strict=True):
        rate = chance.gamma(one.shape, one.rate / one.shape, draws)
        counted = chance.gamma(
            numbers.shape + area.count, 1 / (numbers.rate + area.exposure), draws
        )
        drawn = counted * (rate + 1 / lasting) / rate
        low, middle, high = np.quantile(drawn, [tail, 0.5, 1 - tail])
        found.append(Corrected(one.group, area.value, float(middle), float(low), float(high)))
    return tuple(found)
