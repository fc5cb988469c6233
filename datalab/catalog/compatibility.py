"""What a new description of a table breaks for whoever reads the one before.

Owns :class:`SchemaChange`. *Compatible*: what was written for the old table still works on the new
one (a column more, a wider type). *Breaking*: it fails, or worse, reads something else (a column
that is gone or renamed, a narrower or another type, another key, another unit, fewer codes). The
line is drawn as in schema registries (Avro specification, "Schema Resolution"; Confluent, "Schema
Evolution and Compatibility": backward compatible changes).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from datalab.i18n import Language, Phrase

Kind = Literal[
    "column-added",
    "column-removed",
    "column-renamed",
    "type-wider",
    "type-other",
    "key-said",
    "key-other",
    "unit-said",
    "unit-other",
    "codes-added",
    "codes-fewer",
    "codes-said",
    "codes-open",
]
BREAKING = {
    "column-removed", "column-renamed", "type-other", "key-other", "unit-other", "codes-fewer",
}  # fmt: skip
# Every value of the first type is a value of the second, exactly.
WIDER = {
    "smallint": {"integer", "bigint", "double"},
    "integer": {"bigint", "double"},
}
WHOLE_DIGITS = {"smallint": 5, "integer": 10, "bigint": 19}
EXACT_DIGITS = 15  # of decimal numbers that a double tells apart
DECIMAL = re.compile(r"decimal\((\d+),\s*(\d+)\)")
SHOWN = 10  # codes named in a sentence


@dataclass(frozen=True)
class SchemaChange:
    """One difference between two descriptions; ``before`` and ``after`` as people read them.

    ``column`` is the name in the old table where there is one, "" where the key changed.
    """

    kind: Kind
    column: str = ""
    before: str = ""
    after: str = ""

    @property
    def breaking(self) -> bool:
        return self.kind in BREAKING

    @property
    def sentence(self) -> Phrase:
        """The change in words."""
        facts = {"column": self.column, "before": self.before, "after": self.after}
        if self.kind == "column-added":
            return Phrase("column '{column}' is new ({after})", **facts)
        if self.kind == "column-removed":
            return Phrase("column '{column}' is gone", **facts)
        if self.kind == "column-renamed":
            return Phrase("column '{column}' is called '{after}' now", **facts)
        if self.kind == "type-wider":
            return Phrase("column '{column}' holds more: {before} became {after}", **facts)
        if self.kind == "type-other":
            return Phrase("column '{column}' has another type: {before} became {after}", **facts)
        if self.kind == "key-said":
            return Phrase("the key is said now: {after}", **facts)
        if self.kind == "key-other":
            return Phrase("the key is another one: {before} became {after}", **facts)
        if self.kind == "unit-said":
            return Phrase("column '{column}' says its unit now: {after}", **facts)
        if self.kind == "unit-other":
            return Phrase("column '{column}' has another unit: {before} became {after}", **facts)
        if self.kind == "codes-added":
            return Phrase("column '{column}' has new codes: {after}", **facts)
        if self.kind == "codes-fewer":
            return Phrase("column '{column}' lost codes: {before}", **facts)
        if self.kind == "codes-said":
            return Phrase("column '{column}' lists its codes now", **facts)
        return Phrase("column '{column}' takes other values than its former codes", **facts)

    def as_json(self) -> dict[str, Any]:
        """``from_json`` reverses it."""
        return {**asdict(self), "breaking": self.breaking}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> SchemaChange:
        return cls(**{k: document[k] for k in ("kind", "column", "before", "after")})


def schema_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[SchemaChange]:
    """What differs between two descriptions (``Dataset.as_json()``, or as much of it as is known).

    Returns
    -------
    changes
        breaking ones first, in the order of the columns.
    """
    found = list(_changes(before, after))
    return sorted(found, key=lambda change: not change.breaking)


def told(changes: Sequence[Mapping[str, Any]], language: Language) -> str:
    """Changes as written by ``as_json``, in one sentence."""
    said = [SchemaChange.from_json(change).sentence.in_(language) for change in changes]
    text = "; ".join(said) if language == "en" else "\u00a0; ".join(said)
    return text[:1].upper() + text[1:] + "."


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[SchemaChange]:
    old, new = dict(before["columns"]), dict(after["columns"])
    renamed = _renamed(old, new)
    for name, column in old.items():
        if name in new:
            yield from _column(name, column, new[name])
        elif name in renamed:
            yield SchemaChange("column-renamed", name, name, renamed[name])
            yield from _column(name, column, new[renamed[name]])
        else:
            yield SchemaChange("column-removed", name, str(column["type"]))
    for name, column in new.items():
        if name not in old and name not in renamed.values():
            yield SchemaChange("column-added", name, after=str(column["type"]))
    yield from _key(before.get("key") or [], after.get("key") or [], renamed)


def _renamed(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, str]:
    """Columns that go by another name, told by the column of the source that both come from, or by
    the same words about them."""
    found: dict[str, str] = {}
    fresh = [name for name in new if name not in old]
    for name, column in old.items():
        if name in new:
            continue
        for other in fresh:
            said = new[other]
            source = (said.get("source") or other) == (column.get("source") or name)
            words = column.get("description") and said.get("description") == column["description"]
            if (source or words) and said["type"] == column["type"] and other not in found.values():
                found[name] = other
                break
    return found


def _column(
    name: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[SchemaChange]:
    old, new = str(before["type"]).lower(), str(after["type"]).lower()
    if old.replace(" ", "") != new.replace(" ", ""):
        yield SchemaChange("type-wider" if is_wider(old, new) else "type-other", name, old, new)
    unit, unit_now = before.get("unit"), after.get("unit")
    if unit != unit_now:
        if unit:
            yield SchemaChange("unit-other", name, str(unit), str(unit_now or "–"))
        else:
            yield SchemaChange("unit-said", name, after=str(unit_now))
    codes, codes_now = before.get("values"), after.get("values")
    if codes and codes_now:
        gone = [code for code in codes if code not in codes_now]
        come = [code for code in codes_now if code not in codes]
        if gone:
            yield SchemaChange("codes-fewer", name, before=_listed(gone))
        if come:
            yield SchemaChange("codes-added", name, after=_listed(come))
    elif codes:
        yield SchemaChange("codes-open", name)
    elif codes_now:
        yield SchemaChange("codes-said", name)


def _key(
    before: Sequence[str], after: Sequence[str], renamed: Mapping[str, str]
) -> Iterator[SchemaChange]:
    if {renamed.get(name, name) for name in before} == set(after):
        return
    if before:
        yield SchemaChange("key-other", "", ", ".join(before), ", ".join(after) or "–")
    else:
        yield SchemaChange("key-said", "", after=", ".join(after))


def is_wider(before: str, after: str) -> bool:
    """Whether every value of one type is exactly a value of the other."""
    if after in WIDER.get(before, set()):
        return True
    old, new = DECIMAL.fullmatch(before), DECIMAL.fullmatch(after)
    if new is not None:
        scale = int(new[2])
        if old is not None:
            return scale >= int(old[2]) and int(new[1]) - scale >= int(old[1]) - int(old[2])
        return int(new[1]) - scale >= WHOLE_DIGITS.get(before, 99)
    if old is not None:
        if after == "double":
            return int(old[1]) <= EXACT_DIGITS
        return int(old[2]) == 0 and WHOLE_DIGITS.get(after, 0) > int(old[1])
    return False


def _listed(codes: Sequence[str]) -> str:
    more = " …" if len(codes) > SHOWN else ""
    return ", ".join(codes[:SHOWN]) + more
