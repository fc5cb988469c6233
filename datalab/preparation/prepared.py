"""What became of a spreadsheet: counts, what was wrong, what was hidden; and what was wished."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from datalab.i18n import Language, Phrase
from datalab.preparation.persons import NEVER, Kind

Decision = Literal["mask", "keep"]


@dataclass(frozen=True)
class Wish:
    """``columns`` gives the column of a field, ``fixed`` the value of one that has no column.

    ``keep`` has the reason why what tells of persons may stand, by "field kind".
    """

    schema: str
    columns: dict[str, str] = field(default_factory=dict)
    fixed: dict[str, str] = field(default_factory=dict)
    keep: dict[str, str] = field(default_factory=dict)

    def keeps(self, name: str, kind: Kind) -> bool:
        return kind not in NEVER and len(self.keep.get(f"{name} {kind}", "").strip()) >= 10


@dataclass(frozen=True)
class Wrong:
    """One value that breaks a rule, or one line that could not be read; ``reason`` is a msgid."""

    line: int
    column: str
    value: str
    reason: str
    facts: dict[str, str] = field(default_factory=dict)

    def as_json(self, language: Language) -> dict[str, Any]:
        reason = Phrase(self.reason, **self.facts).in_(language)
        told = {"line": self.line, "field": self.column, "value": self.value}
        return {**told, "reason": reason}


@dataclass(frozen=True)
class Told:
    """What tells of natural persons in one field: how often, and what became of it.

    ``examples`` never show a value whole; ``done`` is masked, withheld or kept.
    """

    field: str
    kind: Kind
    values: int
    examples: list[str]
    done: Literal["masked", "withheld", "kept"]
    reason: str = ""


@dataclass(frozen=True)
class Prepared:
    """``rows`` of the file = ``good`` + ``rejected`` + ``withheld``.

    ``missing`` are required fields without a column or a value; then there is no file.
    ``mended`` counts values by what was changed. ``sha256`` is that of the valid file.
    """

    schema: str
    version: str
    rows: int = 0
    good: int = 0
    rejected: int = 0
    withheld: int = 0
    missing: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    wrong: list[Wrong] = field(default_factory=list)
    counts: list[tuple[str, str, int]] = field(default_factory=list)
    mended: dict[str, int] = field(default_factory=dict)
    persons: list[Told] = field(default_factory=list)
    preview: list[list[str]] = field(default_factory=list)
    header: list[str] = field(default_factory=list)
    sha256: str = ""
    source_sha256: str = ""

    @property
    def valid(self) -> bool:
        """Whether there is a file to publish; rows left out of it are counted."""
        return self.good > 0 and not self.missing

    def as_plain(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_plain(cls, document: dict[str, Any]) -> Prepared:
        return cls(
            **{
                **document,
                "wrong": [Wrong(**one) for one in document["wrong"]],
                "counts": [tuple(one) for one in document["counts"]],
                "persons": [Told(**one) for one in document["persons"]],
            }
        )
