"""All notebooks of a project run headless, one after the other, and what came of it written down.

A run never writes into the project's work: an open notebook lives in the memory of its server, and
a file changed behind it is lost or overwrites what somebody types. Results go to
``records/runs/<moment>.json``.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat

from datalab.errors import RunError, RunFailed, UnknownNotebook
from datalab.i18n import Language, Phrase
from datalab.isolation.homes import Homes
from datalab.isolation.sandbox import Room, Walls
from datalab.projects import files, stage
from datalab.projects.execution import Event, Execution, Limits, execute
from datalab.projects.notebook import LARGEST
from datalab.projects.project import Project

KEPT = 50  # records of a project


@dataclass(frozen=True)
class Outcome:
    """What one notebook's run came to. ``error`` is in the language that was asked for."""

    notebook: str
    ok: bool
    seconds: float
    reads: list[dict[str, Any]]
    cell: int | None = None
    first_line: str = ""
    error: str = ""
    result: Any = field(default=None, compare=False)

    def as_json(self) -> dict[str, Any]:
        return {k: v for k, v in asdict(replace(self, result=None)).items() if k != "result"}


def notebooks(project: Project) -> list[str]:
    """Paths of the notebooks: those that the manifest names first, in its order."""
    named = [note.file for note in project.manifest.notebooks]
    there = [path for path, _, _ in files.walk(project.work) if path.endswith(".ipynb")]
    return [p for p in named if p in there] + [p for p in there if p not in named]


@contextmanager
def room_of(
    project: Project, walls: Walls, homes: Homes, lakes: Mapping[str, Path]
) -> Iterator[Room]:
    """The room of a project's runs: its account and uid, its files, the lakes it may read.

    A reference has no account; it is run under a uid of nobody, from a copy that this uid reads.
    """
    if not project.reference:
        uid = homes.uid(project.account)
        yield Room(project.account, project.work, uid, homes.etc(project.account), dict(lakes))
        return
    folder = Path(tempfile.mkdtemp(prefix="datalab-reference-"))
    try:
        os.chmod(folder, 0o755)  # noqa: S103 - what comes with the lab is no secret
        for path, stamp, place in files.walk(project.work):
            content = files.read_seen(place, path.rpartition("/")[2], stamp)
            if content is not None:
                files.write(folder, path, content, None)
        uid = stage.spare_uid() if homes.separate else 1000
        yield Room(project.account, folder, uid, folder, dict(lakes))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(
    project: Project,
    path: str,
    room: Room,
    walls: Walls,
    *,
    language: Language,
    limits: Limits | None = None,
    environment: Mapping[str, str] | None = None,
    on_event: Callable[[Event], None] | None = None,
    hidden: Collection[str] = (),
) -> Outcome:
    """Run one notebook; what keeps it from running is an outcome too."""
    try:
        content = files.read(project.work, path, 10 * LARGEST)
        if content is None:
            raise UnknownNotebook(path=path)
        done = execute(
            content,
            name=path,
            room=room,
            walls=walls,
            limits=limits,
            on_event=on_event,
            hidden=hidden,
            environment={
                "DATALAB_LANGUAGE": language,
                "DATALAB_PROJECT": project.slug,
                **(environment or {}),
            },
        )
    except RunFailed:
        raise
    except (RunError, UnknownNotebook) as error:
        return Outcome(path, False, 0.0, [], error=error.message(language))
    return outcome(path, done, language)


def outcome(path: str, done: Execution, language: Language) -> Outcome:
    """An execution in the reader's language."""
    said = done.error.in_(language) if isinstance(done.error, Phrase) else done.error
    return Outcome(
        path, done.ok, done.seconds, done.reads, done.number, done.first_line, said, done.notebook
    )


def record(project: Project, outcomes: list[Outcome], now: float) -> Path:
    """Write the outcomes down; the oldest records make room."""
    folder = project.records / "runs"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    moment = datetime.fromtimestamp(now, UTC)
    path = folder / f"{moment:%Y%m%dT%H%M%S}.json"
    text = json.dumps(
        {"at": moment.isoformat(), "notebooks": [one.as_json() for one in outcomes]},
        ensure_ascii=False,
        indent=1,
    )
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)
    for old in sorted(folder.glob("*.json"))[:-KEPT]:
        old.unlink(missing_ok=True)
    return path


def write_back(project: Project, one: Outcome, owner: int | None) -> bool:
    """Put a result in place of its notebook; only where no server runs over the work."""
    text = nbformat.writes(one.result)
    return files.write(project.work, one.notebook, f"{text}\n".encode(), owner)
