"""From counted rows and computed numbers to a verdict, by the rules of Great Expectations.

Nulls do not count for or against an expectation about values; zero rows satisfy every expectation
about values or rows, and none about an aggregate (expectations/expectation.py of version 1.24).
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Row = Sequence[Any]
Judge = Callable[[Row], "Verdict"]


@dataclass(frozen=True)
class Verdict:
    """The numbers of a result, before examples."""

    success: bool
    element_count: int | None = None
    unexpected_count: int | None = None
    unexpected_percent: float | None = None
    observed_value: Any = None


def of_rows(mostly: float) -> Judge:
    """Judge ``(elements, considered, unexpected)``: rows, those not ignored, those at fault."""

    def judge(row: Row) -> Verdict:
        elements, considered, unexpected = (int(value or 0) for value in row)
        success = considered == 0 or (considered - unexpected) / considered >= mostly
        percent = unexpected / considered * 100 if considered else None
        return Verdict(success, elements, unexpected, percent)

    return judge


def of_limits(
    low: Any, high: Any, strict_low: bool = False, strict_high: bool = False, held: str = ""
) -> Judge:
    """Judge ``(value,)``: one number or moment between limits. No value is never between."""
    low, high = comparable(_moment(low, held)), comparable(_moment(high, held))

    def judge(row: Row) -> Verdict:
        observed = comparable(row[0])
        if observed is None or (isinstance(observed, float) and math.isnan(observed)):
            return Verdict(False, observed_value=None)
        value = _midnight(observed) if _timed(low) or _timed(high) else observed
        success = (low is None or (value > low if strict_low else value >= low)) and (
            high is None or (value < high if strict_high else value <= high)
        )
        return Verdict(bool(success), observed_value=observed)

    return judge


def of_quantiles(quantiles: Sequence[float], ranges: Sequence[Sequence[Any]]) -> Judge:
    """Judge ``(q1, q2, …)``. A bound is met within a ten-thousandth, as Great Expectations does."""

    def within(value: Any, low: Any, high: Any) -> bool:
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return False
        bounds = (-math.inf if low is None else low, math.inf if high is None else high)
        # numpy.isclose: |a - b| <= atol + rtol |b|, with atol 1e-8.
        close = any(
            abs(value - bound) <= 1e-8 + 1e-4 * abs(bound)
            for bound in bounds
            if math.isfinite(bound)
        )
        return close or bounds[0] <= value <= bounds[1]

    def judge(row: Row) -> Verdict:
        values = [comparable(value) for value in row]
        success = all(
            within(value, low, high) for value, (low, high) in zip(values, ranges, strict=True)
        )
        observed = {"quantiles": list(quantiles), "values": values}
        return Verdict(success, observed_value=observed)

    return judge


def comparable(value: Any) -> Any:
    """DuckDB's decimals as floats, which is what Great Expectations compares."""
    return float(value) if isinstance(value, Decimal) else value


def _timed(value: Any) -> bool:
    return isinstance(value, datetime.datetime)


def _midnight(value: Any) -> Any:
    if isinstance(value, datetime.date) and not _timed(value):
        return datetime.datetime.combine(value, datetime.time())
    return value


def _moment(bound: Any, held: str) -> Any:
    """A limit as the Python value that DuckDB returns for a column of type ``held``."""
    if bound is None or isinstance(bound, int | float | Decimal) or not held:
        return bound
    if held == "TIME":
        return bound if isinstance(bound, datetime.time) else datetime.time.fromisoformat(bound)
    if isinstance(bound, str):
        bound = (
            datetime.date.fromisoformat(bound)
            if len(bound) == len("2020-01-01")
            else datetime.datetime.fromisoformat(bound)
        )
    if held.startswith("TIMESTAMP"):
        bound = _midnight(bound)
        if held == "TIMESTAMP WITH TIME ZONE" and bound.tzinfo is None:
            bound = bound.replace(tzinfo=datetime.UTC)
    return bound
