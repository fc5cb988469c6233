"""What the columns hold once they are typed: missing, distinct, least and greatest, code lists."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from datalab.inspection.column import Typed
from datalab.inspection.found import ColumnFound, Suspicion
from datalab.inspection.layout import Layout
from datalab.inspection.personal import beside_persons, named_person, suspicion_of
from datalab.inspection.place import role_of
from datalab.inspection.stand_in import stand_ins
from datalab.inspection.unit import UNITS, unit_of
from datalab.lake.connection import connect, identifier
from datalab.lake.stage import Staged

FEW = 30  # values of a code list
SHOWN = 5
EXACT = 2_000_000  # rows up to which distinct values are counted one by one
_PERSONS = {"name", "birth", "nir", "email", "iban"}


def profiled(
    layout: Layout, names: Sequence[str], found: Sequence[Typed], staged: Staged
) -> list[ColumnFound]:
    """Every column with its facts, from the typed rows."""
    spatial = ("spatial",) if any(typed.kind.type == "geometry" for typed in found) else ()
    with connect(staged.path, read_only=True, extensions=spatial) as connection:
        columns = [
            _column(connection, layout, position, name, typed, staged.rows)
            for position, (name, typed) in enumerate(zip(names, found, strict=True))
        ]
    return _beside(columns)


def _column(
    connection: duckdb.DuckDBPyConnection,
    layout: Layout,
    position: int,
    name: str,
    typed: Typed,
    rows: int,
) -> ColumnFound:
    kind, column = typed.kind, identifier(name)
    ordered = kind.type not in ("geometry", "boolean")
    facts = [f"count({column})"]
    facts.append(f"approx_count_distinct({column})" if kind.type != "geometry" else "0")
    facts += [f"min({column})::VARCHAR", f"max({column})::VARCHAR"] if ordered else ["NULL"] * 2
    row = connection.execute(f"SELECT {', '.join(facts)} FROM data").fetchone()  # noqa: S608
    filled, about, least, greatest = row or (0, 0, None, None)
    distinct: int | None = about
    if kind.type == "geometry":
        distinct = None
    elif about <= 2 * FEW or (about >= 0.9 * filled and rows <= EXACT):
        one = connection.execute(f"SELECT count(DISTINCT {column}) FROM data").fetchone()  # noqa: S608
        distinct = int(one[0]) if one else 0
    values: list[str] | None = None
    small = distinct is not None and 0 < distinct <= FEW and distinct <= 0.2 * filled
    if kind.type == "varchar" and small:
        values = [
            str(value)
            for (value,) in connection.execute(
                f"SELECT DISTINCT {column} FROM data WHERE {column} IS NOT NULL ORDER BY 1"  # noqa: S608
            ).fetchall()
        ]
    label = layout.labels[position] if position < len(layout.labels) else ""
    texts = [value for value in typed.sample if value.strip()]
    read = texts
    if kind.type in ("double", "integer", "bigint"):
        read = [
            str(value)
            for (value,) in connection.execute(
                f"SELECT {column} FROM data WHERE {column} IS NOT NULL LIMIT 2000"  # noqa: S608
            ).fetchall()
        ]
    return ColumnFound(
        name=name,
        source=typed.source,
        type=kind.type,
        position=position + 1,
        confidence=kind.confidence,
        why=kind.why,
        why_facts={key: str(value) for key, value in kind.facts.items()},
        unit=_unit(layout, position, typed, label),
        label=label or None,
        examples=[value[:80] for value in dict.fromkeys(texts)][:SHOWN],
        writing=dict(kind.writing),
        marks=dict(kind.marks),
        stand_ins=stand_ins(connection, column, kind.type) if filled else {},
        empty=filled == 0,
        nulls=rows - filled,
        distinct=distinct,
        unique=distinct is not None and distinct == filled and filled > 0,
        minimum=least[:80] if isinstance(least, str) else None,
        maximum=greatest[:80] if isinstance(greatest, str) else None,
        values=values,
        role=role_of(typed.source, label, kind.type, [value.strip() for value in read]),
        personal=suspicion_of(typed.source, label, kind.type, typed.sample),
    )


def _unit(layout: Layout, position: int, typed: Typed, label: str) -> str | None:
    """From the signs beside the numbers, the row of units, the header or its longer name."""
    if typed.kind.type not in ("integer", "bigint", "double"):
        return None
    affix = typed.kind.writing.get("affix")
    if affix:
        return affix
    said = layout.units[position] if position < len(layout.units) else ""
    if said:
        return UNITS.get(said.strip("()[] .").lower()) or None
    for name in (typed.source, label):
        unit, _ = unit_of(name)
        if unit:
            return unit
    return None


def _beside(columns: list[ColumnFound]) -> list[ColumnFound]:
    """Addresses and bare names are those of persons beside persons, else those of places."""
    from dataclasses import replace

    names = beside_persons([c.source for c in columns], [c.personal for c in columns])
    beside = bool(names) or any(
        c.personal is not None and c.personal.kind in _PERSONS for c in columns
    )

    def kept(suspicion: Suspicion | None) -> Suspicion | None:
        if suspicion is not None and suspicion.kind == "address" and not beside:
            return suspicion if suspicion.by == "header" else None
        return suspicion

    return [
        replace(column, personal=named_person(column.examples))
        if number in names and column.personal is None and column.type == "varchar"
        else replace(column, personal=kept(column.personal))
        for number, column in enumerate(columns)
    ]
