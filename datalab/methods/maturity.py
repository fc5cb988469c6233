"""The self-assessment of a municipality: scores by theme, the next visible action, peers, progress.

A level is 0 to 4, an ordinal mark anchored in words. The mean of a theme orders and shows; it
measures nothing else, which is why there is no overall mark. The form (cards by theme, each
authority rates itself, no prescription by sector, begin with one visible action) follows what is
public of Cerema's tool (smartcitymag.fr 267 and 334; smart-city.cerema.fr, "DST" workshop); its
questions and scale are not public, these are the lab's own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, quantiles

HIGHEST = 4  # the last level
FEWEST = 5  # peers below which nothing of them is shown
ENOUGH = 0.5  # share of a theme's applicable statements that have to be answered for a mean
STRATA: tuple[tuple[str, int, int | None], ...] = (
    # Municipal population, from (included) to (excluded). The lab's own bounds; 3,500 is also that
    # of the open-data duty (CRPA L312-1-1).
    ("under-2000", 0, 2_000),
    ("2000-3499", 2_000, 3_500),
    ("3500-9999", 3_500, 10_000),
    ("10000-19999", 10_000, 20_000),
    ("20000-49999", 20_000, 50_000),
    ("50000-99999", 50_000, 100_000),
    ("100000-and-more", 100_000, None),
)


@dataclass(frozen=True)
class Item:
    """A statement of the grid. ``visible``: residents see what is done; ``months`` it takes."""

    id: str
    theme: str
    visible: bool
    months: int


@dataclass(frozen=True)
class Answer:
    """``level`` None with ``applicable`` is not answered yet."""

    level: int | None
    applicable: bool = True

    def __post_init__(self) -> None:
        if self.level is not None and not (self.applicable and 0 <= self.level <= HIGHEST):
            raise ValueError(f"a level is 0 to {HIGHEST}, and of an applicable statement")


@dataclass(frozen=True)
class Score:
    """``mean`` (0 to 4) is None where too few of the ``applicable`` statements are answered."""

    theme: str
    mean: float | None
    answered: int
    applicable: int
    statements: int
    lowest: int | None
    highest: int | None


@dataclass(frozen=True)
class Step:
    """A statement to go on with, from ``level`` to the next."""

    item: str
    theme: str
    level: int
    visible: bool
    months: int


@dataclass(frozen=True)
class Peers:
    """Quartiles of the means of ``count`` peers; all None below :data:`FEWEST`."""

    theme: str
    count: int | None
    low: float | None
    median: float | None
    high: float | None

    @property
    def enough(self) -> bool:
        return self.median is not None


@dataclass(frozen=True)
class Move:
    """A theme between two assessments, over the ``compared`` statements answered in both."""

    theme: str
    before: float | None
    after: float | None
    compared: int
    risen: int
    fallen: int

    @property
    def change(self) -> float | None:
        return None if self.before is None or self.after is None else self.after - self.before


def stratum(population: int) -> str:
    """The stratum of a municipality by its municipal population (inhabitants).

    Raises
    ------
    ValueError
        below one inhabitant.
    """
    if population < 1:
        raise ValueError("a municipality has inhabitants")
    return next(
        name
        for name, low, high in STRATA
        if low <= population and (high is None or population < high)
    )


def scores(items: Iterable[Item], answers: Mapping[str, Answer]) -> list[Score]:
    """Mean level of each theme over what is applicable and answered, in the order of the grid.

    What is not applicable counts neither as 0 nor as 4: it leaves the mean, and the count says so.
    """
    themes: dict[str, list[Answer]] = {}
    for item in items:
        themes.setdefault(item.theme, []).append(answers.get(item.id, Answer(None)))
    return [_score(theme, given) for theme, given in themes.items()]


def _score(theme: str, given: Sequence[Answer]) -> Score:
    applicable = [one for one in given if one.applicable]
    levels = [one.level for one in applicable if one.level is not None]
    enough = bool(levels) and len(levels) >= ENOUGH * len(applicable)
    return Score(
        theme=theme,
        mean=fmean(levels) if enough else None,
        answered=len(levels),
        applicable=len(applicable),
        statements=len(given),
        lowest=min(levels, default=None),
        highest=max(levels, default=None),
    )


def next_steps(items: Sequence[Item], answers: Mapping[str, Answer], most: int = 3) -> list[Step]:
    """What to begin with: the first is the next visible action.

    What residents see comes first, then the lowest level, then the shortest, then the order of the
    grid ("start with one visible action": smart-city.cerema.fr). What is unanswered, not
    applicable or at the last level is left out; of each theme one at most, so that three steps
    are three subjects.
    """
    order = {item.id: place for place, item in enumerate(items)}
    open_ones = [
        Step(item.id, item.theme, given.level, item.visible, item.months)
        for item in items
        if (given := answers.get(item.id)) is not None
        and given.applicable
        and given.level is not None
        and given.level < HIGHEST
    ]
    open_ones.sort(key=lambda s: (not s.visible, s.level, s.months, order[s.item]))
    chosen: dict[str, Step] = {}
    for step in open_ones:
        chosen.setdefault(step.theme, step)
    return list(chosen.values())[:most]


def compare(
    own: str,
    stratum_of: Mapping[str, str],
    means: Mapping[str, Mapping[str, float | None]],
    speaker_of: Mapping[str, str] | None = None,
) -> list[Peers]:
    """Median and quartiles of the other municipalities of the same stratum, by theme.

    Parameters
    ----------
    own
        the municipality that compares itself: it is no peer of its own.
    stratum_of
        of each municipality.
    means
        of each municipality, by theme, of its last closed assessment with the same grid.
    speaker_of
        who speaks for each municipality: those of one speaker count as one, by their mean.
        Without it each speaks for itself.

    Returns
    -------
    list of Peers
        nothing of a theme for which fewer than :data:`FEWEST` peers have a mean, not even their
        number: it would tell of a municipality that joins. Quartiles are those of Hyndman & Fan
        (1996), definition 7, rounded to a tenth.
    """
    same = [one for one in means if one != own and stratum_of.get(one) == stratum_of[own]]
    themes = list(dict.fromkeys(theme for one in means.values() for theme in one))
    found = []
    for theme in themes:
        said: dict[str, list[float]] = defaultdict(list)
        for one in same:
            if (value := means[one].get(theme)) is not None:
                said[(speaker_of or {}).get(one, one)].append(value)
        values = [fmean(each) for each in said.values()]
        if len(values) < FEWEST:
            found.append(Peers(theme, None, None, None, None))
            continue
        low, median, high = (round(q, 1) for q in quantiles(values, n=4, method="inclusive"))
        found.append(Peers(theme, len(values), low, median, high))
    return found


def progress(
    items: Iterable[Item], before: Mapping[str, Answer], after: Mapping[str, Answer]
) -> list[Move]:
    """What changed by theme, over the statements applicable and answered both times only.

    A mean over other statements would move without anything having changed.
    """
    pairs: dict[str, list[tuple[int, int]]] = {}
    for item in items:
        kept = pairs.setdefault(item.theme, [])
        first, second = before.get(item.id), after.get(item.id)
        if first and second and first.level is not None and second.level is not None:
            kept.append((first.level, second.level))
    return [
        Move(
            theme,
            fmean(a for a, _ in kept) if kept else None,
            fmean(b for _, b in kept) if kept else None,
            len(kept),
            sum(b > a for a, b in kept),
            sum(b < a for a, b in kept),
        )
        for theme, kept in pairs.items()
    ]
