"""What one expectation type takes: its arguments, and the kind of column it can be about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Subject = Literal["any", "text", "number", "ordered", "geometry", "moment"]


@dataclass(frozen=True)
class Term:
    """Arguments of one expectation type and the kind of column it can be about.

    ``either`` names arguments of which at least one must be given.
    """

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    either: tuple[str, ...] = ()
    subject: Subject = "any"

    @property
    def arguments(self) -> tuple[str, ...]:
        return self.required + self.either + self.optional
