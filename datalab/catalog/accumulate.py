"""Accumulate: how a dataset keeps what its feed said before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from datalab.catalog.text import Model

if TYPE_CHECKING:
    from datalab.catalog.dataset import Column

UNITS = {"D": "days", "W": "weeks", "M": "months", "Y": "years"}
MOMENTS = ("date", "timestamp", "timestamptz")


class Accumulate(Model):
    """Rows of earlier snapshots stay, by key; ``keep`` is for how long."""

    by: list[str] = Field(min_length=1, description="columns that identify a row for ever")
    keep: str | None = Field(
        None,
        pattern=r"^P[1-9]\d{0,3}[DWMY]$",
        description="how long a row is kept after the newest one (P30D, P12M); for ever if absent",
    )

    @property
    def interval(self) -> str:
        """``keep`` as DuckDB writes an interval."""
        text = self.keep or "P0D"
        return f"{int(text[1:-1])} {UNITS[text[-1]]}"

    def moment(self, columns: Mapping[str, Column]) -> str | None:
        """The one column of the key that says when a row is from."""
        found = [name for name in self.by if name in columns and columns[name].type in MOMENTS]
        return found[0] if len(found) == 1 else None
