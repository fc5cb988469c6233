"""Which closed self-assessments are compared with, so that no single one can be worked out.

Medians of few values tell of one of them to whoever looks before and after it joins, and to whoever
knows the others since they made them up. Two rules of the lab's own (proposals, as the five peers
are): municipalities that one account began have one speaker, and count as one; and the comparison
stands still until as many speakers as are needed for it have closed anew. The first is the
intruder who adds records of their own, the second the one who subtracts two releases (Dwork and
Roth 2014, "The Algorithmic Foundations of Differential Privacy", section 1, on differencing).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from datalab.methods.maturity import FEWEST


@dataclass(frozen=True)
class Closing:
    """A self-assessment (``id``) that a municipality closed; ``speaker`` is who began its first."""

    id: str
    commune: str
    stratum: str
    speaker: str


def settled(
    closings: Iterable[Closing], stratum: str, own: Collection[str], fewest: int = FEWEST
) -> dict[str, Closing]:
    """The last closing of each municipality of a stratum that counts now, by municipality.

    Parameters
    ----------
    closings
        from the first to the last, of all strata: one that has left the stratum counts there no
        more.
    own
        speakers of whoever compares: theirs are no peers.
    """
    standing: dict[str, Closing] = {}
    coming: dict[str, Closing] = {}
    moved: set[str] = set()
    for one in closings:
        if one.speaker in own:
            continue
        if one.stratum == stratum:
            coming[one.commune] = one
        elif coming.pop(one.commune, None) is None:
            continue
        moved.add(one.speaker)
        if len(moved) >= fewest:
            standing, moved = dict(coming), set()
    return standing
