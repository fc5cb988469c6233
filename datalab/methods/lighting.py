"""Street lighting while it is renewed and dimmed: kWh, euros, CO₂, and the share that is saved.

One old light takes ``old_watts`` (lamp and gear) for ``hours`` a year; a LED in its place takes a
share ``led_saving`` less; one that is dimmed takes ``dimmed_power`` of its power for
``night_hours`` of these hours. What is not known exactly is a :class:`Quantity`, drawn by a
triangular law (least, likeliest, largest), once for all years and all scenarios alike, so that
scenarios differ by what they do and not by chance (common random numbers).

The arithmetic is that of every diagnosis of lighting (ADEME; power × hours); the propagation of
what is uncertain follows JCGM 101:2008, supplement 1 to the GUM (Monte Carlo).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

KINDS = (
    *("old_watts", "hours", "led_saving", "dimmed_power", "dimmed_old_power"),
    *("price", "co2"),
)


@dataclass(frozen=True)
class Quantity:
    """A number known between ``low`` and ``high``, likeliest ``value``."""

    low: float
    value: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.value <= self.high:
            raise ValueError("a quantity lies between its bounds")

    def draw(self, chance: np.random.Generator, many: int) -> np.ndarray:
        if self.low == self.high:
            return np.full(many, self.value)
        return chance.triangular(self.low, self.value, self.high, many)


@dataclass(frozen=True)
class Plan:
    """What is done: ``renewed`` lights by the end of each year, ``dimmed_from`` this year on every
    LED (None: never) and ``dimmed_old`` lights of the old kind, for ``night_hours`` a year."""

    name: str
    renewed: Mapping[int, int]
    dimmed_from: int | None = None
    dimmed_old: int = 0
    night_hours: float = 2190.0
    dimmed_power: Quantity | None = None


@dataclass(frozen=True)
class Band:
    low: float
    middle: float
    high: float


@dataclass(frozen=True)
class Year:
    """``saving`` is the share of the consumption before the first renewal, at the state of the end
    of the year; the rest are sums of the year."""

    year: int
    renewed: int
    kwh: Band
    saved_euros: Band
    saved_co2_kg: Band
    saving: Band
    reached: float  # share of the draws at or above the target


@dataclass(frozen=True)
class Outcome:
    """``reach`` is the first year in which the target is met in at least half of the draws."""

    plan: Plan
    lights: int
    target: float
    before_kwh: Band
    years: tuple[Year, ...] = field(repr=False)

    @property
    def reach(self) -> int | None:
        return next((one.year for one in self.years if one.reached >= 0.5), None)

    def of(self, year: int) -> Year:
        return next(one for one in self.years if one.year == year)


def pace(lights: int, first: int, steps: Sequence[int], last: int) -> dict[int, int]:
    """Renewed lights by the end of each year: ``steps`` a year, the last one going on."""
    found, done = {}, 0
    for year in range(first, last + 1):
        done = min(lights, done + steps[min(year - first, len(steps) - 1)])
        found[year] = done
    return found


def simulate(
    plans: Sequence[Plan],
    known: Mapping[str, Quantity],
    *,
    lights: int,
    target: float,
    draws: int = 10_000,
    seed: int = 0,
    confidence: float = 0.9,
) -> tuple[Outcome, ...]:
    """Each plan with the same draws of what is not known.

    Parameters
    ----------
    plans
        each with its years; lights renewed within a year count half in it.
    known
        ``old_watts`` (W), ``hours`` (h a year), ``led_saving`` (share), ``dimmed_power`` (share of
        a LED's power left), ``dimmed_old_power`` (the same of an old lamp), ``price`` (€/kWh),
        ``co2`` (kg/kWh).
    target
        share to be saved.
    confidence
        of the bands.

    Raises
    ------
    ValueError
        where a quantity is missing, or a plan renews more lights than there are.
    """
    if set(KINDS) - set(known):
        raise ValueError(f"missing: {', '.join(sorted(set(KINDS) - set(known)))}")
    chance = np.random.default_rng(seed)
    drawn = {name: known[name].draw(chance, draws) for name in KINDS}
    lower = chance.random(draws)  # place of a plan's own dimming in its law
    before = lights * drawn["old_watts"] * drawn["hours"] / 1000
    tail = (1 - confidence) / 2

    def band(values: np.ndarray) -> Band:
        return Band(*(float(one) for one in np.quantile(values, [tail, 0.5, 1 - tail])))

    found = []
    for plan in plans:
        if max(plan.renewed.values()) > lights:
            raise ValueError("a plan renews more lights than there are")
        power = drawn["dimmed_power"]
        if plan.dimmed_power is not None:
            power = _inverse(plan.dimmed_power, lower)
        years, previous = [], 0
        for year, renewed in sorted(plan.renewed.items()):
            end = _consumed(plan, drawn, power, year, renewed, lights)
            whole = _consumed(plan, drawn, power, year, (previous + renewed) / 2, lights)
            saving = 1 - end / before
            saved = before - whole
            years.append(
                Year(
                    *(year, renewed, band(whole), band(saved * drawn["price"])),
                    *(band(saved * drawn["co2"]), band(saving)),
                    float((saving >= target).mean()),
                )
            )
            previous = renewed
        found.append(Outcome(plan, lights, target, band(before), tuple(years)))
    return tuple(found)


def _consumed(
    plan: Plan,
    drawn: Mapping[str, np.ndarray],
    power: np.ndarray,
    year: int,
    renewed: float,
    lights: int,
) -> np.ndarray:
    """kWh of a year with so many LEDs."""
    hours = drawn["hours"]
    dark = np.minimum(plan.night_hours, hours)
    dims = plan.dimmed_from is not None and year >= plan.dimmed_from
    led = hours - (dark * (1 - power) if dims else 0)
    dimmed_old = plan.dimmed_old * (1 - renewed / lights) if dims else 0.0
    old = lights - renewed
    old_hours = old * hours - dimmed_old * dark * (1 - drawn["dimmed_old_power"])
    watts = drawn["old_watts"]
    return np.asarray(watts * (old_hours + renewed * (1 - drawn["led_saving"]) * led) / 1000)


def _inverse(law: Quantity, at: np.ndarray) -> np.ndarray:
    """Values of a triangular law at these shares (its inverse distribution function)."""
    width = law.high - law.low
    if width == 0:
        return np.full(len(at), law.value)
    left = (law.value - law.low) / width
    low = law.low + np.sqrt(at * width * (law.value - law.low))
    high = law.high - np.sqrt((1 - at) * width * (law.high - law.value))
    return np.where(at < left, low, high)


def yearly_needed(
    target: float, led_saving: float, dimmed_share: float, lights: int, done: int, years: int
) -> float | None:
    """Lights to renew a year so that the target is met after ``years``.

    Parameters
    ----------
    led_saving
        share that a LED takes less than an old light.
    dimmed_share
        share of a LED's consumption that dimming saves.
    done
        renewed already.

    Returns
    -------
    None where even all lights would not do.
    """
    each = 1 - (1 - led_saving) * (1 - dimmed_share)
    wanted = target / each * lights
    if wanted > lights or years < 1:
        return None
    return max(0.0, (wanted - done) / years)
