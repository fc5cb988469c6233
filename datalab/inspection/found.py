"""What an inspection finds, as values that a page, a terminal or a program can take.

Sentences are kept as an English msgid with its facts, so that they speak their reader's language.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from datalab.i18n import DEFAULT, Language, Phrase

Severity = Literal["note", "warning"]
_SPOKEN = ("meaning", "kind")  # facts of a remark that are msgids themselves


@dataclass(frozen=True)
class Remark:
    """Something a reader of the file should know, with its place where it has one."""

    code: str
    template: str
    facts: dict[str, Any] = field(default_factory=dict)
    severity: Severity = "warning"
    line: int | None = None
    column: str | None = None

    @property
    def message(self) -> Phrase:
        spoken = {key: Phrase(self.facts[key]) for key in _SPOKEN if key in self.facts}
        return Phrase(self.template, **{**self.facts, **spoken})

    def as_json(self, language: Language = DEFAULT) -> dict[str, Any]:
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message.in_(language),
            "line": self.line,
            "column": self.column,
        }


@dataclass(frozen=True)
class Suspicion:
    """Why a column may be about persons: ``kind`` (name, email, nir…), share of values that say so.

    ``examples`` never show a value whole.
    """

    kind: str
    by: Literal["header", "values", "both"]
    share: float = 0.0
    examples: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Bad:
    """One value, or one line, that could not be read; ``reason`` is an English msgid."""

    line: int
    column: str
    value: str
    reason: str
    facts: dict[str, Any] = field(default_factory=dict)

    def as_json(self, language: Language = DEFAULT) -> dict[str, Any]:
        return {
            "line": self.line,
            "column": self.column,
            "value": self.value,
            "reason": Phrase(self.reason, **self.facts).in_(language),
        }


@dataclass(frozen=True)
class ColumnFound:
    """One column: its name in the file (``source``), the name proposed, its type and why.

    Attributes
    ----------
    confidence
        from 0 (a guess) to 1 (every value says so and nothing else fits).
    writing
        how its values are written where that is not the default: decimal, thousands, affix,
        format.
    marks
        texts read as missing, with how often each stands there.
    stand_ins
        values kept as they are that may mean that nothing is known: how often each stands there,
        and the least and greatest of all others.
    values
        every value of a small code list.
    role
        what the column is on a map or as a code: longitude, latitude, insee, siren, siret,
        postcode, iris, geometry.
    """

    name: str
    source: str
    type: str
    position: int
    confidence: float = 1.0
    why: str = ""
    why_facts: dict[str, Any] = field(default_factory=dict)
    unit: str | None = None
    label: str | None = None
    examples: list[str] = field(default_factory=list)
    writing: dict[str, str] = field(default_factory=dict)
    marks: dict[str, int] = field(default_factory=dict)
    stand_ins: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    empty: bool = False
    nulls: int = 0
    distinct: int | None = None
    unique: bool = False
    minimum: str | None = None
    maximum: str | None = None
    values: list[str] | None = None
    role: str | None = None
    personal: Suspicion | None = None

    def as_json(self, language: Language = DEFAULT) -> dict[str, Any]:
        document = asdict(self)
        document.pop("why_facts")
        document["why"] = Phrase(self.why, **self.why_facts).in_(language) if self.why else ""
        return document


@dataclass(frozen=True)
class Inspection:
    """Everything that was seen in one file.

    Lines count from 1, as an editor numbers them; in a worksheet they are its rows, in a JSON list
    its entries. ``rejected`` counts rows, ``rejects`` are the first values at fault.
    """

    name: str
    format: str
    bytes: int
    sha256: str
    compression: str = "none"
    encoding: str | None = None
    bom: bool = False
    newline: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    header_row: int | None = None
    header_rows: int = 1
    first_row: int | None = None
    titles: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    source: dict[str, Any] = field(default_factory=dict)
    columns: list[ColumnFound] = field(default_factory=list)
    rows: int = 0
    rejected: int = 0
    rejects: list[Bad] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    key: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether every row of the file could be read."""
        return self.rejected == 0

    def column(self, name: str) -> ColumnFound:
        return next(column for column in self.columns if column.name == name)

    def as_json(self, language: Language = DEFAULT) -> dict[str, Any]:
        """For readers: sentences in ``language``."""
        document = {f.name: getattr(self, f.name) for f in fields(self)}
        document.pop("options")
        document.pop("source")
        document["columns"] = [column.as_json(language) for column in self.columns]
        document["rejects"] = [bad.as_json(language) for bad in self.rejects]
        document["warnings"] = [remark.as_json(language) for remark in self.remarks]
        document.pop("remarks")
        return document

    def as_plain(self) -> dict[str, Any]:
        """For the way out of the child process; ``from_plain`` reverses it."""
        return asdict(self)

    @classmethod
    def from_plain(cls, document: dict[str, Any]) -> Inspection:
        columns = [
            ColumnFound(
                **{
                    **column,
                    "personal": Suspicion(**column["personal"]) if column["personal"] else None,
                }
            )
            for column in document["columns"]
        ]
        return cls(
            **{
                **document,
                "columns": columns,
                "rejects": [Bad(**bad) for bad in document["rejects"]],
                "remarks": [Remark(**remark) for remark in document["remarks"]],
            }
        )
