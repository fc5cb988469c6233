"""The open-data duty of each commune as the portal gives it: made of the open lake, held to it.

What the lab holds of a commune is what a dataset of the catalog says is its publication (its key
``commune``); each is held against its Table Schema again, from the rows that readers see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from datalab.catalog.schema import schema_of
from datalab.errors import DatalabError, DutyNotThere, UnknownDutyCommune
from datalab.i18n import Language
from datalab.lake.conformity import check
from datalab.lake.connection import connect
from datalab.lake.tabular import from_rows
from datalab.methods.open_data_duty import (
    Answer,
    Applies,
    Population,
    Verdict,
    applies,
    concerned,
)
from datalab.portal.access import barrier
from datalab.portal.card import license_of
from datalab.portal.library import Holding, Shelf
from datalab.portal.page import PAGE_ONLY
from datalab.portal.rows import open_table
from datalab.portal.state import badge

COMMUNES, STAFF, DUTIES, SCHEMAS = "communes", "commune-staff", "open-data-duties", "scdl-schemas"
NEEDED = (COMMUNES, STAFF, DUTIES, SCHEMAS)
# CRPA, article D. 323-2-1 (décret 2017-638): what administrations may choose for data.
LEGAL_LICENSES = ("lov2", "odbl")
MOST = 100_000  # rows that are held against a schema

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Source:
    """A dataset that an answer was made of, at one snapshot."""

    id: str
    title: str
    publisher: str
    snapshot: int
    published_at: str
    sha256: str


@dataclass(frozen=True)
class Publication:
    """A dataset of the commune in the lab. ``valid`` None: more rows than are held against it."""

    id: str
    title: str
    schema: str
    version: str
    rows: int
    faulty: int
    rejected: int
    valid: bool | None
    license: str
    license_legal: bool
    published_at: str
    stale: bool
    snapshot: int
    sha256: str


@dataclass(frozen=True)
class Duty:
    """One line: what to publish, whether it is the commune's, what the lab holds of it."""

    duty: str
    title: str
    what: str
    legal_source: str
    in_force: str
    checked: str
    source_url: str
    note: str
    schema: str
    schema_version: str
    applies: Applies
    there: list[Publication] = field(default_factory=list)


@dataclass(frozen=True)
class Case:
    """The duty of one commune. ``declared``: the number of agents is that of who asks."""

    language: Language
    insee: str
    name: str
    siren: str
    verdict: Verdict
    measures: list[Population]
    staff: float | None
    staff_date: str
    staff_status: str
    staff_source: str
    declared: bool
    duties: list[Duty]
    sources: list[Source]
    at: float = field(default=0.0, metadata=PAGE_ONLY)

    @property
    def valid(self) -> list[Publication]:
        return [one for duty in self.duties for one in duty.there if one.valid]

    def of(self, *answers: Applies) -> list[Duty]:
        return [one for one in self.duties if one.applies in answers]

    @property
    def missing(self) -> list[Duty]:
        """Duties with a schema that are the commune's, of which the lab holds nothing valid."""
        held = {one.schema for one in self.valid}
        return [one for one in self.of("yes") if one.schema and one.schema not in held]


@dataclass(frozen=True)
class Line:
    """One commune in the list of all."""

    insee: str
    name: str
    inhabitants: int
    answer: Answer
    population: Answer
    valid: int


def all_cases(shelf: Shelf, language: Language, moment: datetime) -> list[Line]:
    """
    Raises
    ------
    DutyNotThere
    """
    tables = _tables(shelf)
    staff = {str(row["insee_code"]): row for row in tables[STAFF]}
    lines = []
    for row in tables[COMMUNES]:
        measures, code = measures_of(row), str(row["insee_code"])
        verdict = concerned(measures, _number(staff.get(code, {}).get("staff_fte")))
        held = [one for one in of_commune(shelf, code) if one.dataset.schema_]
        valid = sum(bool(publication(shelf, one, language, moment).valid) for one in held)
        lines.append(
            Line(
                code,
                str(row["name"]),
                int(row["population"]),
                verdict.answer,
                verdict.population,
                valid,
            )
        )
    return sorted(lines, key=lambda one: one.name.casefold())


def case_of(
    shelf: Shelf,
    insee: str,
    language: Language,
    moment: datetime,
    declared: float | None = None,
) -> Case:
    """
    Raises
    ------
    DutyNotThere, UnknownDutyCommune
    """
    tables = _tables(shelf)
    row = next((one for one in tables[COMMUNES] if one["insee_code"] == insee), None)
    if row is None:
        raise UnknownDutyCommune(insee=insee[:20])
    known = next((one for one in tables[STAFF] if one["insee_code"] == insee), {})
    staff = _number(known.get("staff_fte")) if declared is None else declared
    measures = measures_of(row)
    verdict = concerned(measures, staff)
    there: dict[str, list[Publication]] = {}
    for holding in of_commune(shelf, insee):
        if holding.dataset.schema_:
            found = publication(shelf, holding, language, moment)
            there.setdefault(found.schema, []).append(found)
    versions = {str(one["carried"] or one["schema"]): one["version"] for one in tables[SCHEMAS]}
    sources = [_source(shelf, id, language) for id in NEEDED]
    moments = [one.published_at for one in sources if one.published_at]
    return Case(
        language,
        insee,
        str(row["name"]),
        str(row["siren"]),
        verdict,
        measures,
        staff,
        _day(known.get("date")),
        "declared" if declared is not None else str(known.get("status") or "unknown"),
        str(known.get("source") or ""),
        declared is not None,
        [_duty(one, verdict, measures, there, versions, language) for one in tables[DUTIES]],
        sources,
        datetime.fromisoformat(max(moments)).timestamp() if moments else 0.0,
    )


def measures_of(row: Mapping[str, Any]) -> list[Population]:
    """The measures of the population of a commune that the dataset ``communes`` holds."""
    return [
        Population("municipal", 2022, row["population"]),
        Population("total", 2022, row["population_total"]),
        Population("municipal", 2023, row["population_2023"]),
    ]


def of_commune(shelf: Shelf, insee: str) -> list[Holding]:
    """What the open lake holds as the publications of a commune."""
    return [
        holding
        for name, holding in sorted(shelf.holdings.items())
        if holding.dataset.commune == insee and barrier(holding) is None
    ]


def publication(
    shelf: Shelf, holding: Holding, language: Language, moment: datetime
) -> Publication:
    """A dataset held against its schema again, from the rows that readers see."""
    dataset, good = holding.dataset, holding.good or {}
    rows = faulty = 0
    valid: bool | None = False
    version = ""
    try:
        schema = schema_of(dataset)
        if schema is not None and holding.snapshot is not None:
            version = schema.version
            opened = open_table(shelf, holding, language)
            names = {dataset.columns[name].source or name: name for name in opened.columns}
            chosen = [field.name for field in schema.fields if field.name in names]
            asked = ", ".join(f'"{names[name]}"::VARCHAR' for name in chosen)
            with shelf.reading() as cursor:
                sql = f"SELECT {asked} FROM {opened.sql} LIMIT {MOST + 1}"  # noqa: S608
                table = cursor.execute(sql).fetchall() if chosen else []
            rows = len(table)
            with connect(extensions=()) as connection:
                raw = from_rows(chosen, enumerate(map(_plain, table), 1), connection)
                report = check(connection, raw, schema, kept=1)
            faulty, valid = report.faulty, report.valid and rows > 0
            valid = None if rows > MOST else valid
    except DatalabError:
        valid = False
    return Publication(
        holding.id,
        dataset.title.in_(language),
        dataset.schema_ or "",
        version,
        rows,
        faulty,
        int(good.get("rejected") or 0),
        valid,
        license_of(dataset).title,
        dataset.license in LEGAL_LICENSES,
        str(good.get("finished_at") or ""),
        badge(holding, moment).stale,
        int(holding.snapshot or 0),
        str(good.get("sha256") or ""),
    )


def _plain(row: Sequence[Any]) -> list[str | None]:
    return [None if one is None else str(one) for one in row]


def _duty(
    row: Mapping[str, Any],
    verdict: Verdict,
    measures: Sequence[Population],
    there: Mapping[str, list[Publication]],
    versions: Mapping[str, Any],
    language: Language,
) -> Duty:
    schema = str(row["schema"] or "")
    return Duty(
        str(row["duty"]),
        str(row[f"title_{language}"]),
        str(row[f"what_{language}"]),
        str(row["legal_source"]),
        _day(row["in_force"]),
        str(row["checked"]),
        str(row["source_url"] or ""),
        str(row[f"note_{language}"] or ""),
        schema,
        str(versions.get(schema) or ""),
        applies(row["who"], verdict, measures),
        there.get(schema, []) if schema else [],
    )


def _tables(shelf: Shelf) -> dict[str, Rows]:
    try:
        return {id: rows_of(shelf, id) for id in NEEDED}
    except DatalabError:
        raise DutyNotThere(datasets=", ".join(NEEDED)) from None


def rows_of(shelf: Shelf, id: str) -> Rows:
    """All rows of an open dataset.

    Raises
    ------
    UnknownDataset, NotPublished
    """
    opened = open_table(shelf, shelf.get(id), "fr")
    with shelf.reading() as cursor:
        answer = cursor.execute(f"SELECT * FROM {opened.sql} LIMIT {MOST}")  # noqa: S608
        names = [str(column[0]) for column in answer.description or []]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def _source(shelf: Shelf, id: str, language: Language) -> Source:
    holding = shelf.holdings[id]
    good = holding.good or {}
    return Source(
        id,
        holding.dataset.title.in_(language),
        holding.dataset.publisher,
        int(holding.snapshot or 0),
        str(good.get("finished_at") or ""),
        str(good.get("sha256") or ""),
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _day(value: Any) -> str:
    return value.isoformat()[:10] if isinstance(value, date) else str(value or "")[:10]
