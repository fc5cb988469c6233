"""Training in a notebook: a step answered in a cell is checked at once, and progress is kept.

Progress lies in a file of the home of who runs the notebook. What is right is sent to the portal
too, which checks it again and keeps it for the account whose server this is. A project's server is
nobody's: there the cell shows a link to the page, with the answer filled in.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Literal
from urllib.parse import urlencode

from datalab.i18n import Language, language_of, translate
from datalab.methods import training
from datalab.notebook import message

FILE = ".datalab-training.json"
LARGEST = 100_000  # bytes of the file
SECONDS = 5.0  # that a cell waits for the portal
PROJECT = "DATALAB_PROJECT"  # said to the servers of projects
PAGE = "smart-territory/training/"
Kept = Literal["page", "link", "later", "here"]


@dataclass(frozen=True)
class Told:
    """What a cell shows of an answer."""

    question: str
    said: str
    passed: bool | None
    done: int
    steps: int
    language: Language
    kept: Kept = "here"
    page: str = ""

    @property
    def progress(self) -> str:
        return translate(
            "{done} of {count} steps passed.", self.language, done=self.done, count=self.steps
        )

    @property
    def where(self) -> str:
        """Where a right answer was kept beside this folder."""
        if self.kept == "page":
            return translate("Kept on the page “Training” too.", self.language)
        if self.kept == "later":
            return translate(
                "The page “Training” could not be told just now: run this cell again later.",
                self.language,
            )
        return ""

    @property
    def confirm(self) -> str:
        return translate(
            "In a project nobody knows who answered: verify it on the page “Training” to keep it.",
            self.language,
        )

    def __repr__(self) -> str:
        more = f"{self.confirm} {self.page}" if self.kept == "link" else self.where
        return f"{self.question}\n{self.said} {self.progress} {more}".rstrip()

    def _repr_html_(self) -> str:
        sign = {True: "✓", False: "✗", None: "…"}[self.passed]
        more = escape(self.where)
        if self.kept == "link":
            more = f'<a href="{escape(self.page)}">{escape(self.confirm)}</a>'
        return (
            f"<p><b>{escape(self.question)}</b><br>{sign} {escape(self.said)} "
            f"<small>{escape(self.progress)} {more}</small></p>"
        )


class Training:
    """A module: ``Training("sql").check("sum", 258630)``."""

    def __init__(self, module: str, home: Path | None = None) -> None:
        found = training.module(module)
        if found is None:
            known = ", ".join(one.id for one in training.MODULES)
            raise ValueError(f"{module!r}: {known}")
        self.module = found
        self.language = language_of()
        self._file = (home or Path(os.environ.get("HOME", "."))) / FILE

    def check(self, step: str, answer: object) -> Told:
        """Check an answer and keep it where it is right; ``...`` or None is not answered yet."""
        one = training.step(self.module.id, step)
        if one is None:
            known = ", ".join(each.id for each in self.module.steps)
            raise ValueError(f"{step!r}: {known}")
        verdict = training.check(one, answer)
        passed = self.passed()
        kept: Kept = "here"
        page = ""
        if verdict.passed:
            kept, page, elsewhere = self._tell(step, _plain(answer))
            done = [one.id for one in self.module.steps if one.id in {step, *passed, *elsewhere}]
            if set(done) != set(passed):
                self._keep(done)
            passed = done
        return Told(
            one.question.in_(self.language),
            verdict.said.in_(self.language),
            verdict.passed,
            len(passed),
            len(self.module.steps),
            self.language,
            kept,
            page,
        )

    def _tell(self, step: str, answer: str | list[str]) -> tuple[Kept, str, list[str]]:
        """Where a right answer is kept, the page where it can be, and what was passed there."""
        if PROJECT in os.environ:
            words = [answer] if isinstance(answer, str) else answer
            asked = urlencode({"module": self.module.id, "step": step, "answer": words}, True)
            portal = os.environ.get("DATALAB_PORTAL_URL", "")
            return "link", f"{portal}{PAGE}?{asked}#{self.module.id}-{step}", []
        document = {"step": step, "answer": answer}
        sent = message.send(f"training/{self.module.id}", document, self.language, SECONDS)
        if sent is None:
            return "here", "", []
        if sent.status != 200 or not sent.document.get("passed"):
            return "later", "", []
        steps = sent.document.get("steps")
        return "page", "", [str(one) for one in steps] if isinstance(steps, list) else []

    def passed(self) -> list[str]:
        """The steps that were passed in this home."""
        known = {one.id for one in self.module.steps}
        found = self._read().get(self.module.id)
        return [one for one in found if one in known] if isinstance(found, list) else []

    def _read(self) -> Mapping[str, object]:
        try:
            text = self._file.read_text("utf-8")[:LARGEST]
            found = json.loads(text)
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _keep(self, passed: list[str]) -> None:
        """Where the home cannot be written, the answer still counts in this cell."""
        try:
            whole = {**self._read(), self.module.id: passed}
            aside = self._file.with_suffix(f".{os.getpid()}")
            aside.write_text(json.dumps(whole), encoding="utf-8")
            aside.replace(self._file)
        except OSError:
            return


def _plain(answer: object) -> str | list[str]:
    """A number or words as a form would send them."""
    if isinstance(answer, list | tuple | set | frozenset):
        return sorted(str(one)[:200] for one in answer)
    return str(answer)[:200]
