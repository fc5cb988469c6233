"""Which topics stand out where, and when: shares that differ by more than chance.

A count of a topic in a place is held against what the place would have with the shares of all
places (indirect standardisation): observed over expected, 1 where the place is like the others,
with the bounds of a Poisson count (:mod:`datalab.methods.density`). With many places and topics
some stand out by chance, so a finding is kept only where it survives the control of the false
discovery rate (Y. Benjamini and Y. Hochberg, 1995, Journal of the Royal Statistical Society B 57).
Counts below a threshold are not shown (:mod:`datalab.methods.disclosure`).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from datalab.methods.density import poisson_bounds
from datalab.methods.representativeness import chi_square_tail

SEASONS = {
    **dict.fromkeys((12, 1, 2), "winter"),
    **dict.fromkeys((3, 4, 5), "spring"),
    **dict.fromkeys((6, 7, 8), "summer"),
    **dict.fromkeys((9, 10, 11), "autumn"),
}
FEWEST_EXPECTED = 5.0  # below, a ratio is not given


@dataclass(frozen=True)
class Standing:
    """``ratio`` is observed over expected; ``stands_out`` survives the false discovery rate."""

    place: Hashable
    topic: Hashable
    count: int
    expected: float
    ratio: float
    low: float
    high: float
    p_value: float
    stands_out: bool


@dataclass(frozen=True)
class Rhythm:
    """Of one topic over the seasons: requests a day, and whether they differ beyond chance."""

    topic: Hashable
    count: int
    a_day: Mapping[str, float]
    peak: str
    ratio: float  # a day in the peak season, over a day in the whole time
    p_value: float


def season_of(month: int) -> str:
    """Meteorological season of a month (1 to 12)."""
    return SEASONS[month]


def standings(
    counts: Mapping[tuple[Hashable, Hashable], int], *, rate: float = 0.05
) -> tuple[Standing, ...]:
    """Each place and topic where at least :data:`FEWEST_EXPECTED` are expected.

    Parameters
    ----------
    counts
        of (place, topic).
    rate
        share of findings that may be false.
    """
    from scipy.stats import poisson  # type: ignore[import-untyped]

    places: dict[Hashable, int] = {}
    topics: dict[Hashable, int] = {}
    for (place, topic), count in counts.items():
        places[place] = places.get(place, 0) + count
        topics[topic] = topics.get(topic, 0) + count
    total = sum(places.values())
    rows = []
    for place, of_place in places.items():
        for topic, of_topic in topics.items():
            expected = of_place * of_topic / total if total else 0.0
            if expected < FEWEST_EXPECTED:
                continue
            count = counts.get((place, topic), 0)
            low, high = poisson_bounds(count)
            # Twice the smaller tail: exact, if a little cautious.
            tails = poisson.cdf(count, expected), poisson.sf(count - 1, expected)
            p = min(1.0, 2 * float(min(tails)))
            rows.append(
                (
                    place,
                    topic,
                    count,
                    expected,
                    count / expected,
                    low / expected,
                    high / expected,
                    p,
                )
            )
    kept = _discoveries([row[-1] for row in rows], rate)
    return tuple(Standing(*row, found) for row, found in zip(rows, kept, strict=True))


def rhythms(
    counts: Mapping[tuple[Hashable, str], int], days: Mapping[str, int]
) -> tuple[Rhythm, ...]:
    """How each topic is spread over the seasons, held against an even spread over the days.

    Parameters
    ----------
    counts
        of (topic, season).
    days
        of each season within the time that was watched.
    """
    whole = sum(days.values())
    found = []
    for topic in dict.fromkeys(topic for topic, _ in counts):
        of = {season: counts.get((topic, season), 0) for season in days}
        total = sum(of.values())
        if not total or total * min(days.values()) / whole < FEWEST_EXPECTED:
            continue
        squares = sum(
            (of[s] - total * days[s] / whole) ** 2 / (total * days[s] / whole) for s in days
        )
        a_day = {s: of[s] / days[s] for s in days}
        peak = max(a_day, key=lambda s: a_day[s])
        ratio = a_day[peak] / (total / whole)
        p = chi_square_tail(squares, len(days) - 1)
        found.append(Rhythm(topic, total, a_day, peak, ratio, p))
    return tuple(found)


def _discoveries(p_values: Sequence[float], rate: float) -> list[bool]:
    """Which ones are kept by the step-up procedure of Benjamini and Hochberg."""
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    last = 0
    for rank, place in enumerate(order, start=1):
        if p_values[place] <= rate * rank / len(p_values):
            last = rank
    kept = [False] * len(p_values)
    for place in order[:last]:
        kept[place] = True
    return kept
