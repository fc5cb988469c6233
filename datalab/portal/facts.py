"""The facts of a dataset that its page lists: columns, runs, provenance, files to take."""

from __future__ import annotations

from dataclasses import dataclass

from datalab.catalog.schema import schema_of
from datalab.errors import UnknownSchema
from datalab.i18n import Language, translate
from datalab.portal import figures
from datalab.portal.card import license_of
from datalab.portal.library import Holding, Library
from datalab.portal.rows import TEXT, is_geometry
from datalab.portal.state import label


@dataclass(frozen=True)
class ColumnView:
    name: str
    type: str
    type_label: str
    unit: str | None
    description: str
    values: dict[str, str]
    sortable: bool


@dataclass(frozen=True)
class Run:
    """One refresh, as the history shows it."""

    finished_at: str
    state: str
    label: str
    rows: int | None
    rejected: int
    snapshot: int | None
    author: str
    failed: int
    evaluated: int
    warnings: int = 0
    unchecked: int = 0


@dataclass(frozen=True)
class Provenance:
    """Where the rows come from. ``url`` carries no credentials."""

    publisher: str
    publisher_url: str | None
    url: str | None
    sha256: str | None
    fetched_at: str | None
    run_id: str | None
    author: str | None
    code_version: str | None
    transform: str | None


@dataclass(frozen=True)
class Reuse:
    """The answer to "may I reuse this, also commercially?"."""

    answer: str
    note: str | None
    license: str
    url: str | None


@dataclass(frozen=True)
class Standard:
    """The Table Schema that each row was held against."""

    name: str
    title: str
    version: str
    url: str


@dataclass(frozen=True)
class Download:
    format: str
    title: str
    note: str
    href: str


def standard_of(holding: Holding, language: Language) -> Standard | None:
    try:
        schema = schema_of(holding.dataset)
    except UnknownSchema:  # of a catalog that moved on since
        return None
    if schema is None:
        return None
    return Standard(schema.name, schema.title.in_(language), schema.version, schema.homepage)


def reuse_of(holding: Holding, language: Language) -> Reuse:
    license_, note = license_of(holding.dataset), holding.dataset.license_note
    said = note.in_(language) if note else None
    return Reuse(license_.answer.in_(language), said, license_.title, license_.url)


def periodicity_label(periodicity: str, language: Language) -> str:
    return {
        "once": translate("once", language),
        "realtime": translate("all the time", language),
        "hourly": translate("every hour", language),
        "daily": translate("every day", language),
        "weekly": translate("every week", language),
        "monthly": translate("every month", language),
        "quarterly": translate("every three months", language),
        "annual": translate("every year", language),
        "irregular": translate("from time to time", language),
    }[periodicity]


def period_label(interval: str | None, language: Language) -> str:
    """An ISO 8601 interval as people say it; whole years as years."""
    start, _, end = (interval or "").partition("/")
    if start.endswith("-01-01") and end.endswith("-12-31"):
        first, last = start[:4], end[:4]
        return first if first == last else f"{first}–{last}"
    said = [figures.day(part, language) or part for part in (start, end) if part]
    return " – ".join(said)


def columns_of(holding: Holding, language: Language) -> list[ColumnView]:
    return [
        ColumnView(
            name,
            column.type,
            type_label(column.type, language),
            column.unit,
            column.description.in_(language),
            {code: text.in_(language) for code, text in (column.values or {}).items()},
            not is_geometry(column.type),
        )
        for name, column in holding.dataset.columns.items()
    ]


def type_label(type_: str, language: Language) -> str:
    """What a type is to somebody who never saw a database."""
    if type_ == TEXT:
        return translate("text", language)
    if type_ in {"smallint", "integer", "bigint"}:
        return translate("whole number", language)
    if type_ == "double" or type_.startswith("decimal"):
        return translate("number", language)
    return {
        "boolean": translate("yes or no", language),
        "date": translate("date", language),
        "time": translate("time of day", language),
        "timestamp": translate("date and time", language),
        "timestamptz": translate("date and time", language),
        "geometry": translate("shape on a map", language),
    }.get(type_, type_)


def history_of(library: Library, holding: Holding, language: Language) -> list[Run]:
    runs = []
    for record in library.history(holding):
        counts = (record.get("validation") or {}).get("statistics") or {}
        state = str(record.get("state"))
        runs.append(
            Run(
                record.get("finished_at") or "",
                state,
                label(state, language),
                record.get("rows"),
                int(record.get("rejected") or 0),
                record.get("snapshot"),
                record.get("author") or "",
                int(counts.get("failed") or 0),
                int(counts.get("evaluated") or 0),
                int(counts.get("warnings") or 0),
                int(counts.get("unchecked") or 0),
            )
        )
    return runs


def provenance_of(holding: Holding) -> Provenance:
    run = holding.good or holding.record
    dataset = holding.dataset
    return Provenance(
        dataset.publisher,
        dataset.publisher_url,
        run.get("source_url"),
        run.get("sha256"),
        run.get("started_at"),
        run.get("run_id"),
        run.get("author"),
        run.get("code_version"),
        dataset.transform,
    )


def downloads_of(
    holding: Holding, language: Language, prefix: str, snapshot: int | None
) -> list[Download]:
    at = f"snapshot={snapshot}" if snapshot is not None else ""
    stem, query = f"{prefix}/datasets/{holding.id}", f"?{at}" if at else ""
    excel = f"{stem}.csv?dialect=excel" + (f"&{at}" if at else "")
    lossless = f"{stem}.csv?dialect=lossless" + (f"&{at}" if at else "")
    found = [
        Download(
            "xlsx",
            "Excel (XLSX)",
            translate("opens in Excel and LibreOffice, with its source and units", language),
            f"{stem}.xlsx{query}",
        ),
        Download(
            "csv",
            "CSV",
            translate(
                "for any tool: comma, decimal point; text that looks like a formula starts with '",
                language,
            ),
            f"{stem}.csv{query}",
        ),
        Download(
            "excel",
            "CSV Excel",
            translate("for a French spreadsheet: semicolon, decimal comma", language),
            excel,
        ),
        Download(
            "lossless",
            translate("CSV, unchanged text", language),
            translate(
                "for programs: text exactly as it is; do not open it in a spreadsheet", language
            ),
            lossless,
        ),
        Download(
            "parquet",
            "Parquet",
            translate("for data tools: small, fast, typed", language),
            f"{stem}.parquet{query}",
        ),
        Download(
            "arrow",
            "Arrow",
            translate("for programs: small, fast, typed, read as it comes", language),
            f"{stem}.arrow{query}",
        ),
    ]
    if holding.dataset.map is not None:
        note = translate("for maps: QGIS, web maps", language)
        found.append(Download("geojson", "GeoJSON", note, f"{stem}.geojson{query}"))
    note = translate("for programs: data and description", language)
    found.append(Download("json", "JSON", note, f"{stem}.json{query}"))
    return found


def code_of(name: str, snapshot: int | None) -> str:
    pinned = f", snapshot={snapshot}" if snapshot is not None else ""
    return f'lab.dataset("{name}"{pinned}).df()'
