"""How the agenda really ran: what was planned for each phase and when it ran, by the journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from datalab.participation.agenda import Phase, phases
from datalab.participation.journal import Change
from datalab.participation.session import Session


@dataclass(frozen=True)
class PhaseRun:
    """``planned`` and ``lasted`` are in seconds; ``runs`` are (start, end) since the epoch.

    The end of one that still runs is None; ``lasted`` counts only runs that ended.
    """

    kind: str
    title: str
    planned: int
    runs: tuple[tuple[float, float | None], ...]

    @property
    def lasted(self) -> float:
        return sum(end - start for start, end in self.runs if end is not None)


def course(
    connection: Connection, session: Session, changes: Sequence[Change]
) -> tuple[PhaseRun, ...]:
    """The phases of ``session`` in the order of its agenda."""
    return tuple(
        PhaseRun(
            kind=phase.kind,
            title=phase.title,
            planned=_planned(phase, changes, session.opened_at),
            runs=_runs(phase, changes, session.closed_at),
        )
        for phase in phases(connection, session)
    )


def _of(phase: str, changes: Sequence[Change]) -> list[tuple[float, Mapping[str, Any]]]:
    return [
        (change.at, entry)
        for change in changes
        for entry in change.rows
        if entry["table"] == "phase" and entry["id"] == phase and entry["after"] is not None
    ]


def _planned(phase: Phase, changes: Sequence[Change], opened_at: float | None) -> int:
    """The seconds it had when the session opened, before anybody gave it more."""
    if opened_at is not None:
        for at, entry in _of(phase.id, changes):
            if at > opened_at and entry["before"] and "seconds" in entry["before"]:
                return int(entry["before"]["seconds"])
    return int(phase.seconds)


def _runs(
    phase: Phase, changes: Sequence[Change], closed_at: float | None
) -> tuple[tuple[float, float | None], ...]:
    runs: list[tuple[float, float | None]] = []
    for _, entry in _of(phase.id, changes):
        after = entry["after"]
        if "started_at" in after:
            start = after["started_at"]
            if start is None or start in [known for known, _ in runs]:
                runs = runs[:-1]  # a start that was undone
            if start is not None and start not in [known for known, _ in runs]:
                runs.append((start, None))
        if "ended_at" in after and runs:
            runs[-1] = (runs[-1][0], after["ended_at"])
    if not runs and phase.started_at is not None:
        runs = [(phase.started_at, phase.ended_at)]
    return tuple(
        (start, closed_at if end is None and closed_at is not None else end) for start, end in runs
    )
