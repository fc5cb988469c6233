"""Calibration: totals that invented rows have to give, each with its source.

They are part of the YAML, steer what is drawn, and are held against the rows before these are
handed over: rows that miss a total are never published.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from datalab.i18n import Phrase


class Total(BaseModel):
    """One number that the rows give: how many there are, or the sum or mean of a column."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    measure: Literal["count", "sum", "mean"] = Field(description="what is measured")
    column: str | None = Field(None, description="column of a sum or a mean")
    where: dict[str, str] = Field(
        default_factory=dict, description="only rows with these values, as they are written"
    )
    value: float = Field(description="the number that was published")
    tolerance: float = Field(
        0, ge=0, lt=1, description="share by which the rows may miss it; 0 is exactly"
    )
    source: str = Field(min_length=3, description="where the number was published, and when")

    @model_validator(mode="after")
    def _about(self) -> Total:
        if (self.column is None) != (self.measure == "count"):
            raise ValueError("a sum or a mean names its 'column', and a count names none")
        if not math.isfinite(self.value):
            raise ValueError("a number is expected here")
        return self


class Held:
    """Rows on their way to a file, measured as they pass."""

    def __init__(self, columns: Sequence[str], totals: Sequence[Total]) -> None:
        self.totals = totals
        self.places = {name: place for place, name in enumerate(columns)}
        self.counts = [0] * len(totals)
        self.sums = [Decimal(0)] * len(totals)

    def rows(self, rows: Iterable[tuple[object, ...]]) -> Iterable[tuple[object, ...]]:
        about = [
            (
                [(self.places[name], value) for name, value in total.where.items()],
                None if total.column is None else self.places[total.column],
            )
            for total in self.totals
        ]
        for row in rows:
            for number, (where, column) in enumerate(about):
                if all(str(row[place]) == value for place, value in where):
                    self.counts[number] += 1
                    if column is not None and row[column] is not None:
                        self.sums[number] += Decimal(str(row[column]))
            yield row

    def missed(self) -> Phrase | None:
        """The first total that the rows do not give."""
        for total, count, added in zip(self.totals, self.counts, self.sums, strict=True):
            found = {"count": float(count), "sum": float(added)}.get(total.measure)
            if found is None:
                found = float(added) / count if count else math.nan
            if not abs(found - total.value) <= max(1e-9, total.tolerance * abs(total.value)):
                return Phrase(
                    "its rows give {found} where its calibration declares {value} ({source})",
                    found=f"{found:g}",
                    value=f"{total.value:g}",
                    source=total.source,
                )
        return None


def unknown(totals: Sequence[Total], columns: Iterable[str]) -> str | None:
    """The first column that a total names and the rows do not have."""
    known = set(columns)
    named = [n for t in totals for n in (*([t.column] if t.column else []), *t.where)]
    return next((name for name in named if name not in known), None)
