"""What the requests say about the service, and how surely: delays, reopenings, backlog, density.

- *First answer*: the first act of an agent that the reporter sees, minus the report.
- *Closure*: the last closure, minus the report. A closure that was taken back by a reopening does
  not count as one.
- What has not happened yet is *censored*, not left out (:mod:`datalab.methods.survival`).
- A duplicate is counted once, with the first report; refused reports are not counted.
- *Reopen rate*: cases opened again at least once, of those that were ever closed.
- *Backlog* at t: reported at t or before, and not closed at t (by the last closure).
- *Density*: cases reported in the period, per km² and per 1,000 inhabitants.

None of this measures how dirty or broken a place is: it measures what is reported.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from datalab.methods.density import Rate, rate
from datalab.methods.survival import Quantile, Survival, kaplan_meier
from datalab.participation.request_state import DAY
from datalab.participation.tables.request import REQUEST

ENOUGH = 20  # cases below which no median is told
SMALLEST = 5  # a count below this is not told in public
TENTHS = 0.9
NOWHERE = ""


@dataclass(frozen=True)
class Fact:
    """What counts of one case. ``closed_at`` is its last closure, None while it is open."""

    service_code: str
    commune: str | None
    requested_at: float
    answered_at: float | None
    closed_at: float | None
    reopened: int


@dataclass(frozen=True)
class Delay:
    """``n`` cases, of which ``over`` had it happen; None where they are fewer than ENOUGH."""

    n: int
    over: int
    median: Quantile | None
    most: Quantile | None  # by which 90 % had it happen


@dataclass(frozen=True)
class Area:
    """A municipality as published: inhabitants of a census year and km²."""

    code: str
    name: str
    population: int
    km2: float


@dataclass(frozen=True)
class Group:
    """Cases of one category or municipality; ``count`` None where it is too small to be told."""

    key: str
    count: int | None
    answer: Delay
    closure: Delay
    per_km2: Rate | None = None
    per_thousand: Rate | None = None


@dataclass(frozen=True)
class Indicators:
    """Everything about the cases reported from ``since`` until before ``until``."""

    since: float
    until: float
    total: int
    open: int
    answer: Delay
    closure: Delay
    ever_closed: int
    reopened: int
    backlog: list[tuple[float, int]]
    categories: list[Group]
    communes: list[Group]
    nowhere: int | None  # cases whose municipality is not known
    released: bool


def compute(
    connection: Connection,
    areas: Sequence[Area],
    *,
    since: float,
    until: float,
    now: float,
    released: bool,
) -> Indicators:
    """The indicators; ``released`` leaves only what may be public, small counts suppressed."""
    every = facts(connection, until, now, released)
    period = [fact for fact in every if fact.requested_at >= since]
    closed = [fact for fact in period if fact.closed_at is not None or fact.reopened]
    communes, nowhere = _communes(period, areas, now, released)
    return Indicators(
        since=since,
        until=until,
        total=len(period),
        open=sum(fact.closed_at is None for fact in period),
        answer=_answer(period, now),
        closure=_closure(period, now),
        ever_closed=len(closed),
        reopened=sum(fact.reopened > 0 for fact in closed),
        backlog=backlog(every, since, min(until, now)),
        categories=_categories(period, now, released),
        communes=communes,
        nowhere=nowhere,
        released=released,
    )


def facts(connection: Connection, until: float, now: float, released: bool) -> list[Fact]:
    """Cases reported before ``until`` as they were at ``now``; no duplicates, no refused ones."""
    states = ("accepted",) if released else ("accepted", "waiting")
    asked = select(
        REQUEST.c.service_code,
        REQUEST.c.commune,
        REQUEST.c.requested_at,
        REQUEST.c.answered_at,
        REQUEST.c.closed_at,
        REQUEST.c.reopened,
    ).where(
        REQUEST.c.moderation.in_(states),
        REQUEST.c.state != "duplicate",
        REQUEST.c.requested_at < until,
    )
    return [
        Fact(
            row.service_code,
            row.commune,
            row.requested_at,
            _known(row.answered_at, now),
            _known(row.closed_at, now),
            row.reopened,
        )
        for row in connection.execute(asked)
    ]


def _known(at: float | None, now: float) -> float | None:
    return at if at is not None and at <= now else None


def backlog(every: Iterable[Fact], since: float, until: float) -> list[tuple[float, int]]:
    """Open cases at the end of each day of the period, and at its end."""
    found = list(every)
    came = sorted(fact.requested_at for fact in found)
    went = sorted(fact.closed_at for fact in found if fact.closed_at is not None)
    days = max(1, int((until - since) // DAY))
    step = max(1, days // 200) * DAY  # as many points as a drawing can show
    moments = [since + step * n for n in range(int((until - since) // step) + 1)]
    moments = [*moments, until] if moments[-1] < until else moments
    return [(at, bisect_right(came, at) - bisect_right(went, at)) for at in moments]


def _answer(found: Sequence[Fact], now: float) -> Delay:
    return _delay([(fact.requested_at, fact.answered_at) for fact in found], now)


def _closure(found: Sequence[Fact], now: float) -> Delay:
    return _delay([(fact.requested_at, fact.closed_at) for fact in found], now)


def _delay(spans: Sequence[tuple[float, float | None]], now: float) -> Delay:
    curve = survival(spans, now)
    if curve.n < ENOUGH:
        return Delay(curve.n, curve.ended, None, None)
    return Delay(curve.n, curve.ended, curve.quantile(0.5), curve.quantile(TENTHS))


def survival(spans: Sequence[tuple[float, float | None]], now: float) -> Survival:
    """Seconds from the first to the second moment; still lasting where that is None."""
    durations = [max(0.0, (now if end is None else end) - start) for start, end in spans]
    return kaplan_meier(durations, [end is not None for _, end in spans])


def _categories(period: Sequence[Fact], now: float, released: bool) -> list[Group]:
    parts: dict[str, list[Fact]] = {}
    for fact in period:
        parts.setdefault(fact.service_code, []).append(fact)
    hidden = suppressed({key: len(part) for key, part in parts.items()}) if released else set()
    groups = [_group(key, part, now, key in hidden) for key, part in parts.items()]
    return sorted(groups, key=lambda group: (-(group.count or 0), group.key))


def _communes(
    period: Sequence[Fact], areas: Sequence[Area], now: float, released: bool
) -> tuple[list[Group], int | None]:
    """By municipality, and how many have none."""
    parts: dict[str, list[Fact]] = {NOWHERE: [], **{area.code: [] for area in areas}}
    for fact in period:
        parts.setdefault(fact.commune or NOWHERE, []).append(fact)
    sizes = {area.code: area for area in areas}
    hidden = suppressed({key: len(part) for key, part in parts.items()}) if released else set()
    nowhere = len(parts.pop(NOWHERE))
    groups = [_group(key, part, now, key in hidden, sizes.get(key)) for key, part in parts.items()]
    return groups, None if NOWHERE in hidden else nowhere


def _group(
    key: str, part: Sequence[Fact], now: float, hidden: bool, area: Area | None = None
) -> Group:
    if hidden:
        nothing = Delay(0, 0, None, None)
        return Group(key, None, nothing, nothing)
    count = len(part)
    return Group(
        key,
        count,
        _answer(part, now),
        _closure(part, now),
        rate(count, area.km2) if area else None,
        rate(count, area.population, 1000) if area else None,
    )


def suppressed(counts: Mapping[str, int], smallest: int = SMALLEST) -> set[str]:
    """Keys whose count is not told: the small ones, and others that would give them away.

    Beside the total, a single hidden count could be found by subtraction. So at least two are
    hidden, and together they hold at least ``smallest`` (Hundepool et al. 2012, Statistical
    Disclosure Control, 4.2: secondary suppression). A count of 0 is told, unless it has to cover.
    """
    hidden = {key for key, count in counts.items() if 0 < count < smallest}
    if not hidden:
        return hidden
    order = Counter({key: count for key, count in counts.items() if key not in hidden})
    for key, _ in sorted(order.items(), key=lambda item: (item[1] == 0, item[1], item[0])):
        if len(hidden) > 1 and sum(counts[one] for one in hidden) >= smallest:
            break
        hidden.add(key)
    return hidden
