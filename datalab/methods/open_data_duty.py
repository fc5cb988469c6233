"""The open-data duty of a commune: who is concerned, by what, and how sure that is.

Articles L. 312-1-1 and D. 312-1-1-1 of the code des relations entre le public et l’administration
(CRPA): administrations publish their documents and data, except legal persons with fewer than 50
agents in full-time equivalents, and except local authorities under 3,500 inhabitants. CADA (avis
20192116) reads both as exemptions, so that both thresholds have to be reached; the CNIL (page of
18 September 2019) writes "more than" 3,500 and 50. The two readings part at exactly the threshold,
and no text says which population counts: where the measures disagree, the answer is "unknown".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

INHABITANTS = 3_500
AGENTS = 50.0  # full-time equivalents
SALARIES = 80_000  # inhabitants, code général de la fonction publique, L. 716-1
Answer = Literal["yes", "no", "unknown"]
Who = Literal["crpa", "over-3500", "over-3500-or-unclear", "over-80000", "all", "if", "none"]
Applies = Literal["yes", "no", "unknown", "if", "recommended"]


@dataclass(frozen=True)
class Population:
    """``kind`` municipal or total, of the census of ``year``; ``inhabitants`` None: not known."""

    kind: str
    year: int
    inhabitants: int | None


@dataclass(frozen=True)
class Verdict:
    """``reasons`` are codes: population-under, population-over, population-disagrees,
    population-at, population-missing; staff-under, staff-over, staff-at, staff-missing.
    """

    answer: Answer
    population: Answer
    staff: Answer
    reasons: tuple[str, ...]


def over(measures: Sequence[Population], threshold: int = INHABITANTS) -> tuple[Answer, str]:
    """Whether ``measures`` of one commune all reach ``threshold`` inhabitants, and why.

    >>> over([Population("municipal", 2022, 3430), Population("municipal", 2023, 3588)])
    ('unknown', 'population-disagrees')

    Raises
    ------
    ValueError
        for a negative number of inhabitants.
    """
    known = [one.inhabitants for one in measures if one.inhabitants is not None]
    if any(count < 0 for count in known):
        raise ValueError("a population is not negative")
    if not known:
        return "unknown", "population-missing"
    if max(known) < threshold:
        return "no", "population-under"
    if min(known) > threshold:
        return "yes", "population-over"
    if set(known) == {threshold}:
        return "unknown", "population-at"
    return "unknown", "population-disagrees"


def concerned(measures: Sequence[Population], staff: float | None) -> Verdict:
    """Whether L. 312-1-1 concerns a commune; one sure "no" is enough, "yes" needs both.

    Parameters
    ----------
    measures
        every measure of its population at hand.
    staff
        agents in full-time equivalents; None where nobody has said.

    Raises
    ------
    ValueError
        for a negative or infinite number.
    """
    population, why = over(measures)
    agents, because = _staffed(staff)
    answer: Answer = "unknown"
    if "no" in (population, agents):
        answer = "no"
    elif population == agents == "yes":
        answer = "yes"
    return Verdict(answer, population, agents, (why, because))


def _staffed(staff: float | None) -> tuple[Answer, str]:
    if staff is None:
        return "unknown", "staff-missing"
    if not 0 <= staff < 1e6:
        raise ValueError("a number of agents is between 0 and a million")
    if staff == AGENTS:
        return "unknown", "staff-at"
    return ("yes", "staff-over") if staff > AGENTS else ("no", "staff-under")


def applies(who: Who, verdict: Verdict, measures: Sequence[Population]) -> Applies:
    """Whether one duty is the commune's.

    ``who`` is crpa (both thresholds), over-3500, over-3500-or-unclear (sure above, argued below),
    over-80000, all, if (where the commune has or does what it is about), none (no duty of its own:
    recommended).
    """
    if who == "all":
        return "yes"
    if who == "if":
        return "if"
    if who == "none":
        return "recommended"
    if who == "crpa":
        return verdict.answer
    if who == "over-80000":
        return over(measures, SALARIES)[0]
    if who == "over-3500-or-unclear":
        return "yes" if verdict.population == "yes" else "unknown"
    return verdict.population


@dataclass(frozen=True)
class Count:
    """How many communes answer what; ``total`` is the denominator of each."""

    yes: int
    no: int
    unknown: int

    @property
    def total(self) -> int:
        return self.yes + self.no + self.unknown


def count(answers: Sequence[Answer]) -> Count:
    return Count(*(sum(one == each for one in answers) for each in ("yes", "no", "unknown")))
