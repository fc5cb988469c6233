"""Training in a notebook: a step answered in a cell is checked at once, and progress is kept.

Progress lies in a file of the home of who runs the notebook, and nowhere else; the portal keeps
its own, per account, of what is answered there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

from datalab.i18n import Language, language_of, translate
from datalab.methods import training

FILE = ".datalab-training.json"
LARGEST = 100_000  # bytes of the file


@dataclass(frozen=True)
class Told:
    """What a cell shows of an answer."""

    question: str
    said: str
    passed: bool | None
    done: int
    steps: int
    language: Language

    @property
    def progress(self) -> str:
        return translate(
            "{done} of {count} steps passed.", self.language, done=self.done, count=self.steps
        )

    def __repr__(self) -> str:
        return f"{self.question}\n{self.said} {self.progress}"

    def _repr_html_(self) -> str:
        sign = {True: "✓", False: "✗", None: "…"}[self.passed]
        return (
            f"<p><b>{escape(self.question)}</b><br>{sign} {escape(self.said)} "
            f"<small>{escape(self.progress)}</small></p>"
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
        if verdict.passed and step not in passed:
            passed.append(step)
            self._keep(passed)
        return Told(
            one.question.in_(self.language),
            verdict.said.in_(self.language),
            verdict.passed,
            len(passed),
            len(self.module.steps),
            self.language,
        )

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
