"""Points of an action, by how hard it is and how long somebody binds themselves.

The scale of the real programme was not published. This one is *proposed*: ten points, times
complexity (1 a gesture, 2 a habit, 3 something to organise, 4 to buy, 5 works at home), times
commitment (1 a try, 2 a month, 4 a year). Published neighbours for comparison: 10 points for half
an hour by hired bicycle and 20 to 30 for a week of sorting at CitéGreen; 125 for who sorts at Yoyo.

Points reward what somebody does, never what a meter says: who lives in a small cold flat has little
to save and as much to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

UNIT = 10
COMPLEXITY = (1, 2, 3, 4, 5)
COMMITMENT = {"try": 1, "month": 2, "year": 4}
DAYS = {"try": 7, "month": 30, "year": 365}
TEAM = (5, 10)  # homes of a team, as in the challenge of families « Déclics »


@dataclass(frozen=True)
class Share:
    """What each home of a team gets, and what is left over for the next time."""

    each: int
    left: int


def points(complexity: int, commitment: str) -> int:
    """Points of one action, a whole number above zero.

    Raises
    ------
    ValueError
        where the scale has no such step.
    """
    if complexity not in COMPLEXITY or commitment not in COMMITMENT:
        raise ValueError("the scale goes from 1 to 5, for a try, a month or a year")
    return UNIT * complexity * COMMITMENT[commitment]


def may_repeat(commitment: str, times: Sequence[float], now: float) -> bool:
    """Whether an action counts again: not before the time somebody bound themselves for is over.

    ``times`` and ``now`` are seconds since the epoch.
    """
    return all(now - time >= DAYS[commitment] * 86_400 for time in times)


def shared(total: int, homes: int) -> Share:
    """Points of a team, the same for each of its homes (as collective housing does at CitéGreen).

    Raises
    ------
    ValueError
        where the team has no home, or the points are negative.
    """
    if homes < 1 or total < 0:
        raise ValueError("a team has homes and no negative points")
    return Share(*divmod(total, homes))
