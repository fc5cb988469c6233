"""A notebook on its way to a page: run again from a clean kernel, then described, then published.

``records/drafts/<id>/`` holds ``draft.json`` (state and progress) and ``notebook.ipynb`` once it
was run. A draft belongs to who started it and the project's other writers, and is thrown away
after a week.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import nbformat

from datalab.errors import AlreadyPreparing, DatalabError, UnknownDraft
from datalab.i18n import Language
from datalab.projects import pictures
from datalab.projects.execution import Event
from datalab.projects.project import Project
from datalab.projects.running import Outcome

IDENTIFIER = re.compile(r"[0-9a-f]{24}")
WEEK = 7 * 24 * 3600.0
State = Literal["running", "failed", "refused", "ready", "interrupted"]


@dataclass(frozen=True)
class Barred:
    """A dataset that a page may not show, and why, in the language of who prepares it."""

    dataset: str
    reason: str


@dataclass(frozen=True)
class Draft:
    """``done`` of ``total`` code cells have run; ``number`` and ``first_line`` name the cell that
    runs or failed. ``at`` and ``ran_at`` are in seconds since the epoch."""

    id: str
    notebook: str
    by: str
    at: float
    state: State = "running"
    done: int = 0
    total: int = 0
    number: int | None = None
    first_line: str = ""
    error: str = ""
    seconds: float = 0.0
    ran_at: float = 0.0
    reads: list[dict[str, Any]] = field(default_factory=list)
    barred: list[Barred] = field(default_factory=list)


_running: dict[str, str] = {}
_gate = threading.Lock()


def start(
    project: Project,
    notebook: str,
    by: str,
    now: float,
    run: Callable[[Callable[[Event], None]], Outcome],
    bar: Callable[[list[dict[str, Any]]], list[Barred]],
    language: Language,
) -> Draft:
    """Begin a draft; ``run`` goes on in a thread of its own.

    Parameters
    ----------
    run
        runs the notebook and tells each event.
    bar
        which of the datasets read may not be shown, and why.

    Raises
    ------
    AlreadyPreparing
        where another draft of the project is being run.
    """
    draft = Draft(secrets.token_hex(12), notebook, by, now)
    with _gate:
        if project.slug in _running:
            raise AlreadyPreparing()
        _running[project.slug] = draft.id
    try:
        _sweep(project, now)
        _save(project, draft)
        work = _Work(project, draft, run, bar, language)
        threading.Thread(target=work.do, name=f"publish-{project.slug}", daemon=True).start()
    except BaseException:
        _running.pop(project.slug, None)
        raise
    return draft


def find(project: Project, identifier: str) -> Draft:
    """A draft as it stands. One that a stopped portal left running is *interrupted*.

    Raises
    ------
    UnknownDraft
    """
    if not IDENTIFIER.fullmatch(identifier):
        raise UnknownDraft()
    try:
        text = (_folder(project, identifier) / "draft.json").read_text(encoding="utf-8")
        document = json.loads(text)
        document["barred"] = [Barred(**one) for one in document["barred"]]
        draft = Draft(**document)
    except (OSError, ValueError, TypeError, KeyError):
        raise UnknownDraft() from None
    if draft.state == "running" and _running.get(project.slug) != identifier:
        return replace(draft, state="interrupted")
    return draft


def of_project(project: Project) -> list[Draft]:
    """Drafts that are waiting for somebody, newest first."""
    found = []
    folder = project.records / "drafts"
    for path in folder.iterdir() if folder.is_dir() else ():
        try:
            found.append(find(project, path.name))
        except UnknownDraft:
            continue
    return sorted(found, key=lambda draft: draft.at, reverse=True)


def result(project: Project, draft: Draft) -> Any:
    """The notebook as it was run.

    Raises
    ------
    UnknownDraft
    """
    try:
        text = (_folder(project, draft.id) / "notebook.ipynb").read_text(encoding="utf-8")
        return nbformat.reads(text, as_version=4)
    except (OSError, ValueError):
        raise UnknownDraft() from None


def discard(project: Project, identifier: str) -> None:
    """Throw a draft away."""
    if IDENTIFIER.fullmatch(identifier):
        shutil.rmtree(_folder(project, identifier), ignore_errors=True)


@dataclass
class _Work:
    project: Project
    draft: Draft
    run: Callable[[Callable[[Event], None]], Outcome]
    bar: Callable[[list[dict[str, Any]]], list[Barred]]
    language: Language

    def do(self) -> None:
        try:
            self._do()
        except DatalabError as error:
            self._now(state="failed", error=error.message(self.language))
        except Exception:
            self._now(state="interrupted")
            raise
        finally:
            _running.pop(self.project.slug, None)

    def _do(self) -> None:
        outcome = self.run(self._hear)
        barred = self.bar(outcome.reads)
        told = {"seconds": outcome.seconds, "reads": outcome.reads, "barred": barred}
        if not outcome.ok:
            self._now(
                state="failed",
                number=outcome.cell,
                first_line=outcome.first_line,
                error=outcome.error,
                **told,
            )
        elif barred:
            self._now(state="refused", **told)
        else:
            # Taken in now: the page shows what was looked at, whatever changes in the folder later.
            pictures.embed(outcome.result, self.project.work, self.draft.notebook)
            text = nbformat.writes(outcome.result)
            path = _folder(self.project, self.draft.id) / "notebook.ipynb"
            path.write_text(text, encoding="utf-8")
            self._now(state="ready", ran_at=self.draft.at, **told)

    def _hear(self, event: Event) -> None:
        if event["event"] == "start":
            self._now(total=event["code"])
        elif event["event"] == "cell":
            if event["state"] == "running":
                self._now(number=self.draft.done + 1)
            else:
                self._now(done=self.draft.done + 1)

    def _now(self, **facts: Any) -> None:
        self.draft = replace(self.draft, **facts)
        if _folder(self.project, self.draft.id).is_dir():  # thrown away meanwhile
            _save(self.project, self.draft)


def _folder(project: Project, identifier: str) -> Path:
    return project.records / "drafts" / identifier


def _save(project: Project, draft: Draft) -> None:
    folder = _folder(project, draft.id)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = folder / f".draft.{os.getpid()}"
    temporary.write_text(json.dumps(asdict(draft), ensure_ascii=False), encoding="utf-8")
    os.replace(temporary, folder / "draft.json")


def _sweep(project: Project, now: float) -> None:
    for draft in of_project(project):
        if now - draft.at > WEEK:
            discard(project, draft.id)
