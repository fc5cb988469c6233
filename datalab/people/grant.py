"""A request for access to a restricted dataset, and what became of it.

A grant names a *version*: the dataset, or ``<dataset>--<mask>`` for what a mask shows of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from datalab.errors.grant import GrantRefused
from datalab.i18n import Phrase

State = Literal["asked", "granted", "refused", "withdrawn", "revoked", "ended"]
STATES: dict[State, Phrase] = {
    "asked": Phrase("waits for an answer"),
    "granted": Phrase("access granted"),
    "refused": Phrase("request refused"),
    "withdrawn": Phrase("withdrawn by who asked"),
    "revoked": Phrase("access taken back"),
    "ended": Phrase("access over"),
}
DAY = 86_400.0
LONGEST = 366 * DAY
LONGEST_TEXT = 1000


@dataclass(frozen=True)
class Grant:
    """``until`` is when it ends, or shall end by the wish of who asked. ``told`` is the state of
    which a letter was sent. Times in Unix seconds."""

    id: str
    account: str
    dataset: str
    version: str
    state: State
    purpose: str
    asked_at: float
    until: float
    decided_at: float | None
    decided_by: str | None
    reason: str
    warned_at: float | None
    told: str = ""

    def holds(self, now: float) -> bool:
        return self.state == "granted" and now < self.until


def checked_text(field: str, text: str) -> str:
    """
    Raises
    ------
    GrantRefused
        where nothing is said.
    """
    text = short(text)
    if len(text) < 3:
        reason = (
            Phrase("say what for: it is what the steward decides by")
            if field == "purpose"
            else Phrase("say why: the person is told")
        )
        raise GrantRefused(reason=reason, field=field)
    return text


def checked_end(now: float, until: float) -> None:
    """
    Raises
    ------
    GrantRefused
        where the end is not within a year from now.
    """
    if not now < until:
        raise GrantRefused(reason=Phrase("the last day is not after today"), field="until")
    if until > now + LONGEST:
        raise GrantRefused(reason=Phrase("it lasts a year at most"), field="until")


def short(text: str) -> str:
    """One line of what people typed, without what would break or hide in it."""
    kept = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(kept.split())[:LONGEST_TEXT]
