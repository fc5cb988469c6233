"""What is wrong with a lab, each as one sentence with the next step.

An incident has a stable ``code`` by which it is told once and said to be over. ``error`` needs
somebody now; ``warning`` can wait for the morning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from datalab.i18n import Phrase
from datalab.watching.state import State

Level = Literal["error", "warning"]
DISK_ERROR, DISK_WARNING = 0.03, 0.10  # shares of the disk that are free
LEAST_DISK = 1_000_000_000  # bytes
MEMORY_WARNING = 0.05  # share that is available
QUIET_MINUTES = 5
DEPOT_MINUTES = 10
FAILURES_AN_HOUR = 10
DAY = 86_400.0
STARTING = 120.0  # seconds after a start in which nobody is told that a part does not answer yet


@dataclass(frozen=True)
class Incident:
    """``said`` is what happened, ``step`` what to do."""

    code: str
    level: Level
    said: Phrase
    step: Phrase


def incidents(
    state: State,
    *,
    failures: Sequence[dict[str, Any]] = (),
    silent: Sequence[str] = (),
    beat: float | None = None,
) -> list[Incident]:
    """Everything that is wrong, what needs somebody now first.

    Parameters
    ----------
    state
        of the lab.
    failures
        lines of ``failures.log`` of the last hour.
    silent
        parts that run and do not answer.
    beat
        when the keeper looked last, in seconds since the epoch; None where it never did.
    """
    found = [*_parts(state, silent, beat), *_machine(state), *_data(state), *_talk(state)]
    found += _depot(state)
    if len(failures) >= FAILURES_AN_HOUR:
        said = Phrase("{count} errors within an hour.", count=len(failures))
        step = Phrase("The last ones stand below; failures.log has their places in the code.")
        found.append(Incident("many-failures", "error", said, step))
    return sorted(found, key=lambda one: one.level != "error")


def _parts(state: State, silent: Sequence[str], beat: float | None) -> list[Incident]:
    if not state.started:
        return []
    found = []
    for part in state.parts:
        log = Phrase("It is started again by itself; {log} says why.", log=f"logs/{part.name}.log")
        if not part.runs:
            said = Phrase("The part “{part}” of the lab does not run.", part=part.name)
            found.append(Incident(f"part-down:{part.name}", "error", said, log))
        elif part.name in silent and part.age > STARTING:
            said = Phrase("The part “{part}” of the lab runs and does not answer.", part=part.name)
            step = Phrase(
                "Look at {log}, then end its process: it is started again.", log=log_of(part.name)
            )
            found.append(Incident(f"part-silent:{part.name}", "error", said, step))
    if beat is not None and state.at - beat > QUIET_MINUTES * 60:
        said = Phrase(
            "The keeper has not looked after the lab for {count} minutes.",
            count=int((state.at - beat) / 60),
        )
        step = Phrase("Letters, moderation and alerts wait. Look at {log}.", log=log_of("keeper"))
        found.append(Incident("keeper-quiet", "error", said, step))
    return found


def log_of(part: str) -> str:
    """The log of a part, below the home."""
    return f"logs/{part}.log"


def _machine(state: State) -> list[Incident]:
    found = []
    share = state.disk_free / state.disk_total if state.disk_total else 1.0
    if share < DISK_WARNING:
        now = share < DISK_ERROR or state.disk_free < LEAST_DISK
        said = Phrase(
            "The disk is nearly full: {free:.1f} GB of {total:.0f} GB are free.",
            free=state.disk_free / 1e9,
            total=state.disk_total / 1e9,
        )
        step = Phrase("The page “Machine” says what takes the room; “datalab clean” frees some.")
        found.append(Incident("disk", "error" if now else "warning", said, step))
    memory = state.memory
    if memory.total and memory.available / memory.total < MEMORY_WARNING:
        said = Phrase(
            "The memory is nearly used up: {free:.1f} GB of {total:.0f} GB are available.",
            free=memory.available / 1e9,
            total=memory.total / 1e9,
        )
        step = Phrase("Stop notebook servers that nobody needs on the page “Machine”.")
        found.append(Incident("memory", "error", said, step))
    return found


def _data(state: State) -> list[Incident]:
    found = []
    for one in state.datasets:
        step = Phrase("The page of its quality says which rows; its steward can mend them.")
        if one.state == "kept" and one.failed:
            said = Phrase(
                "Dataset “{dataset}”: {count} expectations do not hold; its last good version is "
                "shown.",
                dataset=one.id,
                count=one.failed,
            )
            found.append(Incident(f"kept:{one.id}", "warning", said, step))
        elif one.state == "failed" and (one.failing or 0.0) > DAY:
            said = Phrase(
                "Dataset “{dataset}”: its source has not been read for {count} days.",
                dataset=one.id,
                count=int((one.failing or 0.0) / DAY),
            )
            step = Phrase("“datalab show {dataset}” gives the reason.", dataset=one.id)
            found.append(Incident(f"failed:{one.id}", "warning", said, step))
    return found


def _depot(state: State) -> list[Incident]:
    if state.depot is None or state.depot.away < DEPOT_MINUTES * 60:
        return []
    said = Phrase(
        "Nothing has gone to the object store, or come from it, for {count} minutes.",
        count=int(state.depot.away / 60),
    )
    step = Phrase("Nothing is lost, and it goes on by itself. “datalab depot status” says why.")
    return [Incident("depot-away", "warning", said, step)]


def _talk(state: State) -> list[Incident]:
    if state.talk is None:
        said = Phrase("The database of participation does not answer.")
        step = Phrase("Nobody can take part or report. See that its server runs.")
        return [Incident("participation-down", "error", said, step)]
    if state.talk.late:
        said = Phrase("{count} letters could not be sent yet.", count=state.talk.late)
        step = Phrase("They are tried again. See that the mail server answers.")
        return [Incident("letters-late", "warning", said, step)]
    return []
