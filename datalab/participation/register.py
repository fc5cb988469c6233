"""The register of processing: every table that holds something of a person, why, and until when.

The page ``privacy/`` is made from it, the erasure goes by its periods, and a test compares it with
the tables (GDPR, article 30).
"""

from __future__ import annotations

from typing import Literal

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


def until(kept: Kept, now: float) -> float:
    """When what is kept from ``now`` on is erased, in seconds since the epoch."""
    return now + DAYS[kept] * 86_400
