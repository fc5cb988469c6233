"""The table of a prepared file: mended, searched for persons, held against its schema, written."""

from __future__ import annotations

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from dataclasses import replace
from pathlib import Path

from datalab.catalog.schema import Schema, SchemaField
from datalab.inspection.personal import surnames
from datalab.lake.conformity import KEPT, check
from datalab.lake.connection import connect
from datalab.lake.tabular import from_rows
from datalab.preparation.mending import mend
from datalab.preparation.persons import GIVEN, KINDS, WHOLE, Found, found_in, hidden, masked
from datalab.preparation.prepared import Prepared, Told, Wish, Wrong

Line = tuple[int, list[str]]
# SCDL, custom check one-of-required: which of these fields has to be there.
ONE_OF = {"scdl-subventions": ("idBeneficiaire", "rnaBeneficiaire")}
# One field on each line has to hold the ballot together: SCDL deliberations, cohesive columns.
TOGETHER = {"scdl-deliberations": (("BUDGET_ANNEE", "BUDGET_NOM"), ("PREF_ID", "PREF_DATE"))}
NONE_OF = "neither {fields} is given: fill in one of them"
APART = "{given} is given without {missing}: fill in both, or neither"
FORMULA = "begins like a formula of a spreadsheet: write it without {sign} in front"
_FORMULA = re.compile(r"[=@\t\r]|[+-](?![\d .,]+$)")
PREVIEW = 5


def table_of(
    schema: Schema,
    wish: Wish,
    names: Sequence[str],
    rows: Iterable[tuple[int, Sequence[str | None]]],
    lost: Sequence[Wrong],
    lost_rows: int,
    folder: Path,
) -> Prepared:
    """Write ``valid.csv`` and ``rejected.csv`` into ``folder`` and say what became of each row.

    Parameters
    ----------
    names, rows
        the columns of the file, and its rows as texts with their lines.
    lost, lost_rows
        what of it could not be read at all.
    """
    places = {name: at for at, name in enumerate(names)}
    fields = [one for one in schema.fields if _source(one, wish, places)]
    missing = [one.name for one in schema.fields if one.constraints.required and one not in fields]
    used = {wish.columns.get(one.name) for one in fields}
    begun = Prepared(
        schema.name,
        schema.version,
        missing=missing,
        unused=[name for name in names if name not in used],
        header=[one.name for one in fields],
    )
    if missing or not fields:
        return replace(begun, rows=sum(1 for _ in rows) + lost_rows)
    mends: Counter[str] = Counter()
    persons = Persons(wish)
    of_persons = surnames(names)
    surnamed = {
        one.name: of_persons[at]
        for one in fields
        if (at := places.get(wish.columns.get(one.name, ""))) in of_persons
        and one.name not in GIVEN
    }
    kept: list[Line] = []
    wrong: list[Wrong] = []
    original: dict[int, Sequence[str | None]] = {}
    withheld = 0
    for line, cells in rows:
        made = [_value(one, wish, places, cells, mends) for one in fields]
        whole = {name for name, at in surnamed.items() if at is None or (cells[at] or "").strip()}
        made, private = persons.cleared(fields, made, whole)
        if private:
            withheld += 1
            continue
        original[line] = cells
        broken = _across(schema, fields, line, made)
        wrong += broken
        if not broken:
            kept.append((line, made))
    good, refused = _held(schema, fields, kept)
    wrong += refused
    rejected = len({one.line for one in wrong}) + lost_rows
    wrong = sorted([*lost, *wrong], key=lambda one: one.line)
    digest = _write(folder, begun.header, good)
    _write_rejected(folder, names, original, wrong)
    counts = Counter((one.column, one.reason) for one in wrong)
    return replace(
        begun,
        rows=len(good) + rejected + withheld,
        good=len(good),
        rejected=rejected,
        withheld=withheld,
        wrong=wrong[:KEPT],
        counts=[(column, reason, number) for (column, reason), number in counts.most_common()],
        mended=dict(mends.most_common()),
        persons=persons.told(),
        preview=[made for _, made in good[:PREVIEW]],
        sha256=digest,
    )


class Persons:
    """What was found of natural persons, and what becomes of it."""

    def __init__(self, wish: Wish) -> None:
        self.wish = wish
        self.seen: dict[tuple[str, str], list[str]] = {}
        self.number: Counter[tuple[str, str]] = Counter()
        self.done: dict[tuple[str, str], str] = {}

    def cleared(
        self, fields: Sequence[SchemaField], row: list[str], surnamed: Set[str] = frozenset()
    ) -> tuple[list[str], bool]:
        """The row with what tells of persons masked, and whether it has to be withheld whole.

        ``surnamed`` fields come from a column that is called a name of persons.
        """
        private, made = False, list(row)
        for at, one in enumerate(fields):
            found = found_in(one.name, row[at]) if row[at] else []
            if row[at] and one.name in surnamed:
                found = [Found("name", 0, len(row[at]))]
            acted: list[Found] = []
            for each in found:
                key = (one.name, each.kind)
                self.number[key] += 1
                examples = self.seen.setdefault(key, [])
                if len(examples) < 3:
                    examples.append(hidden(row[at][each.start : each.end]))
                whole = each.kind == "few" or (
                    one.name in WHOLE and (each.start, each.end) == (0, len(row[at]))
                )
                if self.wish.keeps(one.name, each.kind):
                    self.done[key] = "kept"
                elif whole:
                    self.done[key], private = "withheld", True
                else:
                    self.done[key] = "masked"
                    acted.append(each)
            contact = bool(acted) and one.name.startswith("EQUIP_")
            made[at] = "" if contact else masked(row[at], acted)
        return made, private

    def told(self) -> list[Told]:
        order = {kind: at for at, kind in enumerate(KINDS)}
        keys = sorted(self.number, key=lambda key: (key[0], order[key[1]]))  # type: ignore[index]
        return [
            Told(
                name,
                kind,  # type: ignore[arg-type]
                self.number[name, kind],
                self.seen[name, kind],
                self.done[name, kind],  # type: ignore[arg-type]
                self.wish.keep.get(f"{name} {kind}", "") if self.done[name, kind] == "kept" else "",
            )
            for name, kind in keys
        ]


def _source(one: SchemaField, wish: Wish, places: dict[str, int]) -> bool:
    return wish.columns.get(one.name) in places or bool(wish.fixed.get(one.name, "").strip())


def _value(
    one: SchemaField,
    wish: Wish,
    places: dict[str, int],
    cells: Sequence[str | None],
    mends: Counter[str],
) -> str:
    at = places.get(wish.columns.get(one.name, ""))
    text = (cells[at] or "") if at is not None else ""
    if not text.strip():
        text = wish.fixed.get(one.name, "")
    made, what = mend(one, text)
    if what:
        mends[what] += 1
    return made


def _across(
    schema: Schema, fields: Sequence[SchemaField], line: int, row: Sequence[str]
) -> list[Wrong]:
    """Rules about several fields of a row, and what a spreadsheet would run."""
    values = {one.name: value for one, value in zip(fields, row, strict=True)}
    broken = []
    one_of = ONE_OF.get(schema.name, ())
    if one_of and not any(values.get(name) for name in one_of):
        facts = {"fields": ", ".join(one_of)}
        broken.append(Wrong(line, one_of[0], "", NONE_OF, facts))
    for pair in TOGETHER.get(schema.name, ()):
        given = [name for name in pair if values.get(name)]
        if len(given) == 1:
            other = pair[1] if given[0] == pair[0] else pair[0]
            facts = {"given": given[0], "missing": other}
            broken.append(Wrong(line, other, "", APART, facts))
    for one in fields:
        value = values[one.name]
        if one.type == "string" and _FORMULA.match(value):
            broken.append(Wrong(line, one.name, value[:200], FORMULA, {"sign": value[0]}))
    return broken


def _held(
    schema: Schema, fields: Sequence[SchemaField], rows: Sequence[Line]
) -> tuple[list[Line], list[Wrong]]:
    """The rows that keep every rule of the schema, and why the others do not."""
    names = [one.name for one in fields]
    # A primary key of which a part has no column cannot be held.
    whole = set(schema.primary_key) <= set(names)
    own = schema if whole else schema.model_copy(update={"primary_key": []})
    with connect(extensions=()) as connection:
        raw = from_rows(names, ((line, [v or None for v in row]) for line, row in rows), connection)
        report = check(connection, raw, own, kept=KEPT + 2 * len(rows) * len(fields))
    broken = [one for one in report.violations if one.row]
    faulty = {one.line for one in broken}
    wrong = [Wrong(v.line, v.column, v.value, v.reason, dict(v.facts)) for v in broken]
    return [(line, row) for line, row in rows if line not in faulty], wrong


def _write(folder: Path, names: Sequence[str], rows: Sequence[Line]) -> str:
    """CSV as the SCDL asks for it: UTF-8, commas, one line for the names. Its SHA-256."""
    path = folder / "valid.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(row for _, row in rows)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write_rejected(
    folder: Path,
    names: Sequence[str],
    original: dict[int, Sequence[str | None]],
    wrong: Sequence[Wrong],
) -> None:
    """Every rejected row as it stood, with its line and why; nothing that a spreadsheet runs."""
    by_line: dict[int, list[Wrong]] = {}
    for one in wrong:
        by_line.setdefault(one.line, []).append(one)

    def safe(text: str | None) -> str:
        value = text or ""
        return f"'{value}" if _FORMULA.match(value) else value

    with (folder / "rejected.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["ligne", "pourquoi", *map(safe, names)])
        for line in sorted(by_line):
            why = " ; ".join(
                f"{one.column} : {one.as_json('fr')['reason']}".lstrip(" :")
                for one in by_line[line]
            )
            cells = original.get(line) or [by_line[line][0].value]
            writer.writerow([line, safe(why), *map(safe, cells)])
