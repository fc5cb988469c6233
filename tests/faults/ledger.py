"""What was typed, what somebody else saw, and what is left of it in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

# Every key stroke is a character that occurs once in the whole test: beyond the Basic
# Multilingual Plane, so that the two halves of a surrogate pair are tried as well.
FIRST = 0x20000


@dataclass
class Ledger:
    """Characters of one run, in the order in which they were typed."""

    typed: int = 0
    acknowledged: set[str] = field(default_factory=set)
    faults: Counter[str] = field(default_factory=Counter)
    while_typing: int = 0
    in_flight: list[int] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    def stroke(self) -> str:
        """The next character."""
        self.typed += 1
        return chr(FIRST + self.typed)

    def heard(self, text: str) -> None:
        """Somebody else's screen shows these."""
        self.acknowledged.update(c for c in text if FIRST < ord(c) <= FIRST + self.typed)

    def fault(self, kind: str, at: float, before: int) -> None:
        """A fault happens now; ``before`` is how much was typed at the one before it."""
        waiting = self.typed - len(self.acknowledged)
        self.faults[kind] += 1
        self.in_flight.append(waiting)
        self.while_typing += self.typed > before
        self.log.append(
            f"{at:7.2f} s  {kind:<6}  typed {self.typed}, not yet acknowledged {waiting}"
        )

    def lost(self, text: str) -> list[str]:
        """Acknowledged characters that ``text`` does not hold."""
        return sorted(self.acknowledged - set(text))

    def doubled(self, text: str) -> list[str]:
        """Characters that ``text`` holds more than once."""
        return [c for c, n in Counter(text).items() if n > 1 and ord(c) > FIRST]

    def summary(self, text: str, cells: Iterable[str]) -> str:
        """One line for the README."""
        kinds = ", ".join(f"{kind} {self.faults[kind]}" for kind in sorted(self.faults))
        share = 100 * len(self.acknowledged) / max(1, self.typed)
        names = list(cells)
        return (
            f"faults {self.faults.total()}: {kinds}; typed {self.typed}, acknowledged "
            f"{len(self.acknowledged)} ({share:.1f} %), lost {len(self.lost(text))}, duplicated "
            f"{len(self.doubled(text))}, cells duplicated {len(names) - len(set(names))}"
        )
