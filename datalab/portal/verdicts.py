"""The history of verdicts as a chart: one bar per run, how many expectations held and failed.

The drawing is decoration for those who see it; the table beneath it says the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from datalab.i18n import Language
from datalab.portal import figures
from datalab.portal.facts import Run

MOST, FEWEST = 90, 45  # runs
BAR, GAP, HEIGHT = 6, 2, 72


@dataclass(frozen=True)
class Part:
    """A piece of a bar: ``kind`` is held, warning, broken, unchecked or none (no verdict)."""

    kind: str
    y: float
    height: float


@dataclass(frozen=True)
class Bar:
    x: int
    title: str
    parts: list[Part]


@dataclass(frozen=True)
class Verdicts:
    """``runs`` oldest first, as the table shows them; sizes in units of the drawing."""

    bars: list[Bar]
    runs: list[Run]
    width: int
    height: int
    bar: int


def verdicts_of(history: list[Run], language: Language) -> Verdicts | None:
    """The chart of the last runs of ``history`` (newest first); None for fewer than two."""
    runs = list(reversed(history[:MOST]))
    if len(runs) < 2:
        return None
    bars = [
        Bar(
            place * (BAR + GAP),
            f"{figures.day(run.finished_at, language)} · {run.label}",
            _parts(run),
        )
        for place, run in enumerate(runs)
    ]
    # A few runs stay narrow bars: the drawing is as wide as its frame.
    return Verdicts(bars, runs, max(len(runs), FEWEST) * (BAR + GAP) - GAP, HEIGHT, BAR)


def _parts(run: Run) -> list[Part]:
    counts = {
        "held": run.evaluated - run.failed - run.warnings,
        "warning": run.warnings,
        "unchecked": run.unchecked,
        "broken": run.failed,
    }
    total = sum(max(count, 0) for count in counts.values())
    if not total:
        return [Part("none", HEIGHT - 6, 6)]
    parts, below = [], float(HEIGHT)
    for kind, count in counts.items():
        # A single failure of a hundred must still be seen.
        height = max(HEIGHT * count / total, 4.0) if count > 0 else 0.0
        height = min(height, below)
        if height:
            below -= height
            parts.append(Part(kind, round(below, 1), round(height, 1)))
    return parts
