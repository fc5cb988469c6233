"""The root of the tree of errors.

A class takes facts, not sentences: ``UnknownDataset("bike-count", known=[...])``. Its message
names the thing, the reason and the next step, in the reader's language; ``code`` and ``status``
never change once published. ``as_json`` is the only JSON shape of an error in the lab.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, ClassVar, Self

from datalab.i18n import DEFAULT, Language, Phrase, translate


class DatalabError(Exception):
    """The root. ``template`` is an English sentence with ``{named}`` places for the facts."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    template: ClassVar[str] = "Something went wrong in the lab. The operator finds it in the log."
    language: Language = DEFAULT

    def __init__(self, **facts: Any) -> None:
        self.facts = facts
        super().__init__(facts)

    def __reduce__(self) -> tuple[Any, ...]:
        """An error of a worker process arrives as it was, whatever its class is made from."""
        return _again, (type(self), self.args, dict(self.__dict__))

    def message(self, language: Language = DEFAULT) -> str:
        facts = {k: v.in_(language) if isinstance(v, Phrase) else v for k, v in self.facts.items()}
        return translate(self.template, language).format(**facts)

    def __str__(self) -> str:
        return self.message(self.language)

    def in_language(self, language: Language) -> Self:
        """This error, spoken in ``language`` wherever it is printed."""
        self.language = language
        return self

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a trace."""
        return [str(self)]

    def as_json(self, language: Language = DEFAULT) -> dict[str, Any]:
        """``{"error": {"code", "status", "message", "details"}}``."""
        details = {key: value for key, value in self.facts.items() if _is_plain(value)}
        return {
            "error": {
                "code": self.code,
                "status": self.status,
                "message": self.message(language),
                "details": details,
            }
        }


def _again(kind: type[DatalabError], args: Any, state: dict[str, Any]) -> DatalabError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


def _is_plain(value: object) -> bool:
    if isinstance(value, list | tuple):
        return all(_is_plain(item) for item in value)
    return value is None or isinstance(value, str | int | float | bool)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name closest to ``name``, or None where nothing is close."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return found[0] if found else None
