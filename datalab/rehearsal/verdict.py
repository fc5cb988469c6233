"""Go or no-go, with reasons: what was seen against what people bear with.

An answer within a second keeps the flow of thought, after ten a person is gone (J. Nielsen,
Usability Engineering, 1993, chapter 5). Here 95 in 100 are held to two, page and form together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from datalab.i18n import Language, Phrase, translate
from datalab.rehearsal.evening import Evening
from datalab.watching.incident import Incident

# Seconds within which 95 in 100 are done. Joining and saying are a page and its form.
BOUNDS: dict[str, tuple[Phrase, float]] = {
    "page": (Phrase("opening the page"), 2.0),
    "join": (Phrase("joining"), 2.0),
    "say": (Phrase("saying an idea"), 2.0),
    "vote": (Phrase("giving a dot"), 2.0),
    "read": (Phrase("reading a page"), 2.0),
}


@dataclass(frozen=True)
class Verdict:
    """``reasons`` are why not; ``remarks`` what to know anyhow; ``figures`` what was measured:
    act, how many, median and 95th percentile in seconds."""

    reasons: tuple[Phrase, ...]
    remarks: tuple[Phrase, ...]
    figures: tuple[tuple[Phrase, int, float, float], ...]

    @property
    def go(self) -> bool:
        return not self.reasons

    def as_text(self, language: Language) -> str:
        """As it is printed."""
        lines = [
            f"  {act.in_(language):<22} {count:>5}   {half * 1000:6.0f} ms   {slow * 1000:6.0f} ms"
            for act, count, half, slow in self.figures
        ]
        lines.append(translate("GO" if self.go else "NO-GO", language))
        lines += [f"  ✗ {reason.in_(language)}" for reason in self.reasons]
        lines += [f"  ! {remark.in_(language)}" for remark in self.remarks]
        return "\n".join(lines)


def judge(evening: Evening, incidents: Sequence[Incident] = (), patience: float = 1.0) -> Verdict:
    """The verdict on an evening in a lab that has ``incidents``; bounds times ``patience``."""
    book = evening.book
    reasons: list[Phrase] = []
    figures = []
    for act, (name, bound) in BOUNDS.items():
        seconds = sorted(book.seconds.get(act, []))
        if not seconds:
            reasons.append(Phrase("{act}: nobody got through.", act=name))
            continue
        slow = _rank(seconds, 0.95)
        figures.append((name, len(seconds), _rank(seconds, 0.5), slow))
        if slow > bound * patience:
            reasons.append(
                Phrase(
                    "{act}: 5 in 100 wait longer than {slow:.1f} s ({bound:.1f} s are borne).",
                    act=name,
                    slow=slow,
                    bound=bound * patience,
                )
            )
    reasons += [
        Phrase("{count} times it failed: {what}.", count=count, what=what)
        for what, count in book.problems.most_common(5)
    ]
    for act in ("join", "say", "vote"):
        lost = book.taken[act] - evening.kept[act]
        if lost > 0:
            name = BOUNDS[act][0]
            reasons.append(
                Phrase("{act}: {count} were acknowledged and are not kept.", act=name, count=lost)
            )
    if evening.deaf:
        reasons.append(Phrase("{count} phones did not hear the session live.", count=evening.deaf))
    reasons += [one.said for one in incidents if one.level == "error"]
    remarks = [one.said for one in incidents if one.level == "warning"]
    return Verdict(tuple(reasons), tuple(remarks), tuple(figures))


def _rank(ranked: list[float], share: float) -> float:
    """The nearest-rank quantile of what is sorted."""
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)]
