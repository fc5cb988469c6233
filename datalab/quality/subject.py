"""What is compiled (Subject) and what comes out of it (Compiled)."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from datalab.catalog.condition import Condition
from datalab.quality.beside import Around
from datalab.quality.literal import literal, name
from datalab.quality.verdict import Judge, of_limits

Types = Mapping[str, str]


@dataclass(frozen=True)
class Compiled:
    """How one expectation is evaluated.

    Attributes
    ----------
    judge
        The verdict on the values of the fragments, followed by those of the query's row.
    fragments
        Aggregate expressions for the SELECT that all expectations share.
    query
        A query of its own that returns one row, where an aggregate would slow the shared scan.
    failing
        A condition true for the rows that break it; None where no row is to blame.
    repeated
        For uniqueness, the columns of the key and their DuckDB types.
    columns
        What to show of a failing row.
    domain
        The row condition.
    rows
        A query over ``{batch}`` for the rows at fault, where no condition tells them.
    """

    judge: Judge
    fragments: Sequence[str] = ()
    query: str | None = None
    failing: str | None = None
    repeated: Mapping[str, str] = field(default_factory=dict)
    columns: Sequence[str] = ()
    domain: str = "TRUE"
    rows: str | None = None


NOTHING = Around(datetime.datetime.max.replace(tzinfo=datetime.UTC), {})


@dataclass(frozen=True)
class Subject:
    """What is evaluated: the table, its columns and the arguments of one expectation."""

    table: str
    types: Types
    given: Mapping[str, Any]
    domain: str = "TRUE"
    condition: Condition | None = None
    around: Around = NOTHING

    @property
    def column(self) -> str:
        return name(self.given["column"])

    @property
    def held(self) -> str:
        return self.types[self.given["column"]]

    @property
    def columns(self) -> list[str]:
        return [name(column) for column in self.given["column_list"]]

    def flag(self, argument: str) -> bool:
        return bool(self.given.get(argument))

    def count(self, condition: str = "TRUE") -> str:
        """An aggregate that counts rows of the domain."""
        parts = [part for part in (self.domain, condition) if part != "TRUE"]
        return f"count(*) FILTER (WHERE {' AND '.join(parts)})" if parts else "count(*)"

    def aggregate(self, expression: str) -> str:
        return expression if self.domain == "TRUE" else f"{expression} FILTER (WHERE {self.domain})"

    def limits(self, held: str = "") -> Judge:
        given = self.given
        return of_limits(
            given.get("min_value"),
            given.get("max_value"),
            self.flag("strict_min"),
            self.flag("strict_max"),
            held,
        )

    def between(self, value: str, held: str) -> str:
        """``value`` between the limits, as SQL."""
        parts = []
        if (low := self.given.get("min_value")) is not None:
            parts.append(f"{value} {'>' if self.flag('strict_min') else '>='} {literal(low, held)}")
        if (high := self.given.get("max_value")) is not None:
            parts.append(
                f"{value} {'<' if self.flag('strict_max') else '<='} {literal(high, held)}"
            )
        return " AND ".join(parts)


Form = Callable[[Subject], Compiled]
