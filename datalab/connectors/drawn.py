"""Tables that nobody measured: each column drawn by a law of chance, with a seed.

Deterministic: the same seed, count, columns and totals give the same rows. A choice among values
is dealt out exactly (largest remainders), as the totals or else the weights say; numbers are scaled
so that a declared sum or mean comes out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from random import Random
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from datalab.connectors.calibration import Total

PROVENANCE = "provenance"
NUMBERS = ("uniform", "normal", "lognormal")


class Drawn(BaseModel):
    """The law of one column."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    law: Literal["sequence", "choice", "uniform", "normal", "lognormal", "day", "constant"] = Field(
        description="how it is drawn"
    )
    values: dict[str, float] = Field(
        default_factory=dict, description="the values of a choice, with their weights"
    )
    value: str | None = Field(None, description="the value of a constant, or before a sequence")
    low: float | None = Field(None, description="least value of numbers")
    high: float | None = Field(None, description="largest value of numbers")
    mean: float = Field(0, description="mean of a normal law, or of the logarithm")
    deviation: float = Field(1, ge=0, description="standard deviation of a normal law")
    decimals: int = Field(0, ge=0, le=9, description="decimals that are written")
    first: date | None = Field(None, description="first day")
    last: date | None = Field(None, description="last day")

    @model_validator(mode="after")
    def _whole(self) -> Drawn:
        weights = self.values.values()
        if self.law == "choice" and not (weights and min(weights) >= 0 and sum(weights) > 0):
            raise ValueError("a choice lists its values with their weights")
        if self.law == "uniform" and None in (self.low, self.high):
            raise ValueError("a uniform law says 'low' and 'high'")
        if self.law == "day" and (not self.first or not self.last or self.first > self.last):
            raise ValueError("days are drawn between 'first' and 'last'")
        return self


def generate(
    fields: Mapping[str, Drawn], *, count: int, seed: int, totals: Sequence[Total]
) -> Iterator[tuple[object, ...]]:
    """The rows, in the order of :func:`columns_of`."""
    columns = [
        _column(name, law, count, Random(f"{seed}:{name}"), totals)  # noqa: S311 (no secret)
        for name, law in fields.items()
    ]
    for values in zip(*columns, strict=True):
        yield (*values, "synthetic")


def columns_of(fields: Mapping[str, Drawn]) -> list[str]:
    return [*fields, PROVENANCE]


def _column(
    name: str, law: Drawn, count: int, chance: Random, totals: Sequence[Total]
) -> list[object]:
    if law.law == "constant":
        return [law.value] * count
    if law.law == "sequence":
        width = len(str(count))
        return [f"{law.value or ''}{number:0{width}d}" for number in range(1, count + 1)]
    if law.law == "choice":
        return _dealt(name, law, count, chance, totals)
    if law.law == "day" and law.first and law.last:
        days = (law.last - law.first).days
        return [law.first + timedelta(days=chance.randint(0, days)) for _ in range(count)]
    return list(_scaled(name, law, [_number(law, chance) for _ in range(count)], totals))


def _dealt(
    name: str, law: Drawn, count: int, chance: Random, totals: Sequence[Total]
) -> list[object]:
    fixed = {
        total.where[name]: int(total.value)
        for total in totals
        if total.measure == "count" and set(total.where) == {name} and total.tolerance == 0
    }
    free = {value: weight for value, weight in law.values.items() if value not in fixed}
    left, weight = max(0, count - sum(fixed.values())), sum(free.values())
    exact = {value: left * share / weight for value, share in free.items()} if weight else {}
    parts = {value: math.floor(part) for value, part in exact.items()}
    rest = sorted(exact, key=lambda value: (parts[value] - exact[value], value))
    for value in rest[: left - sum(parts.values())]:
        parts[value] += 1
    dealt: list[object] = [value for value, many in {**fixed, **parts}.items() for _ in range(many)]
    chance.shuffle(dealt)
    return [*dealt, *[None] * (count - len(dealt))][:count]


def _number(law: Drawn, chance: Random) -> float:
    if law.law == "uniform":
        return chance.uniform(law.low or 0, law.high or 0)
    drawn = chance.gauss(law.mean, law.deviation)
    drawn = math.exp(min(drawn, 700)) if law.law == "lognormal" else drawn
    low = -math.inf if law.low is None else law.low
    high = math.inf if law.high is None else law.high
    return min(high, max(low, drawn))


def _scaled(
    name: str, law: Drawn, values: list[float], totals: Sequence[Total]
) -> Iterator[float | int]:
    """Numbers written with their decimals, whose whole sum is the declared one."""
    unit = 10**law.decimals
    wanted = next(
        (
            total.value * (len(values) if total.measure == "mean" else 1)
            for total in totals
            if total.column == name and not total.where
        ),
        None,
    )
    drawn = sum(values)
    factor = wanted / drawn if wanted is not None and drawn else 1.0
    exact = [value * factor * unit for value in values]
    units = (
        [math.floor(value) for value in exact] if wanted is not None else [round(v) for v in exact]
    )
    if wanted is not None:
        missing = round(wanted * unit) - sum(units)
        order = sorted(range(len(units)), key=lambda place: units[place] - exact[place])
        for place in order[:missing]:
            units[place] += 1
    for value in units:
        yield value / unit if law.decimals else value
