"""The register of processing: what the lab holds of people, why, for whom, and until when.

Its form is here, what it says in :mod:`datalab.participation.activities`. The page ``privacy/`` is
made from it (GDPR, articles 13 and 30), the erasure goes by its periods, and a
test holds every column of every table against it: a new one has to say here whether it tells
something of a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from datalab.i18n import Phrase

Kept = Literal[
    "participant",
    "respondent",
    "reporter",
    "contact",
    "push",
    "letter",
    "unused-picture",
    "refused",
    "history",
]
# Days. An author's counts from the moment it is made (``author.make(expires_at=…)``).
DAYS: dict[Kept, int] = {
    "participant": 730,
    "respondent": 365,
    "reporter": 730,
    "contact": 365,
    "push": 365,
    "letter": 30,
    "unused-picture": 1,
    "refused": 180,
    "history": 730,
}
PERIODS: dict[Kept, Phrase] = {
    "participant": Phrase(
        "{days} days after somebody joined, what ties them to their words is erased; what "
        "everybody could read stays unsigned",
        days=DAYS["participant"],
    ),
    "respondent": Phrase(
        "{days} days after it was begun, an answer is no longer tied to anybody",
        days=DAYS["respondent"],
    ),
    "reporter": Phrase(
        "{days} days after the report, what ties somebody to it is erased", days=DAYS["reporter"]
    ),
    "contact": Phrase("an address: {days} days at most", days=DAYS["contact"]),
    "push": Phrase("permission for notifications: {days} days", days=DAYS["push"]),
    "letter": Phrase("a letter that was sent: {days} days", days=DAYS["letter"]),
    "unused-picture": Phrase(
        "a picture that came with nothing: {days} day", days=DAYS["unused-picture"]
    ),
    "refused": Phrase("words that were refused or withdrawn: {days} days", days=DAYS["refused"]),
    "history": Phrase("words in the journal of changes: {days} days", days=DAYS["history"]),
}


@dataclass(frozen=True)
class Activity:
    """``tables`` are the columns that tell something of a person, by table of ``database``; in that
    of accounts whole tables are meant. ``until`` says what ``kept`` does not.
    """

    id: str
    title: Phrase
    purpose: Phrase
    basis: Phrase
    people: Phrase
    data: Phrase
    recipients: Phrase
    rights: Phrase
    tables: Mapping[str, tuple[str, ...]]
    kept: tuple[Kept, ...] = ()
    until: Phrase | None = None
    database: Literal["participation", "people", "none"] = "participation"


def until(kept: Kept, now: float) -> float:
    """When what is kept from ``now`` on is erased, in seconds since the epoch."""
    return now + DAYS[kept] * 86_400
