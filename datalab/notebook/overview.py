"""The Listings: all datasets, what a search found, what changed; columns, snapshots, rejects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from datalab.i18n import Language, translate
from datalab.lake.index import Entry
from datalab.lake.rejected import read_rejected, reason_in
from datalab.notebook.listing import Listing
from datalab.notebook.wording import day, minute, number, state, unit

if TYPE_CHECKING:
    from datalab.notebook.dataset import Dataset
    from datalab.notebook.lab import Lab


def overview(entries: list[Entry], lab: Lab, query: str | None = None) -> Listing:
    """One row per dataset: id, title, theme, rows, state, date and licence."""
    language = lab.language
    count = number(len(entries), language)
    if query is None:
        caption = translate("Datasets in the lab: {count}", language, count=count)
        note = translate('lab.dataset("{id}") shows one of them.', language, id=_example(entries))
    elif entries:
        caption = translate("Found for “{query}”: {count}", language, count=count, query=query)
        note = ""
    else:
        caption = translate("Nothing found for “{query}”", language, query=query)
        note = translate(
            "Try a shorter or a more common word; lab.datasets() lists everything.", language
        )
    headings = {
        "id": translate("Id", language),
        "title": translate("Title", language),
        "theme": translate("Theme", language),
        "publisher": translate("Producer", language),
        "rows": translate("Rows", language),
        "state": translate("State", language),
        "published": translate("Published", language),
        "license": translate("Licence", language),
    }
    rows = [_row(entry, language) for entry in entries]
    return Listing(rows, headings, caption=caption, note=note, language=language)


def _example(entries: list[Entry]) -> str:
    published = [entry.id for entry in entries if entry.good] or [entry.id for entry in entries]
    return "communes" if "communes" in published else (published or ["communes"])[0]


def _row(entry: Entry, language: Language) -> dict[str, Any]:
    from datalab.catalog.vocabulary import LICENSES, THEMES

    dataset, good, record = entry.dataset, entry.good or {}, entry.record or {}
    theme, license = THEMES.get(entry.theme), LICENSES.get(dataset["license"])
    return {
        "id": entry.id,
        "title": dataset["title"][language],
        "theme": theme.title.in_(language) if theme else entry.theme,
        "publisher": dataset["publisher"],
        "rows": good.get("rows"),
        "state": standing(record, good, language),
        "published": day(good.get("finished_at"), language, "medium"),
        "license": license.title if license else dataset["license"],
        "sql_name": entry.sql_name,
    }


def standing(record: Mapping[str, Any], good: Mapping[str, Any], language: Language) -> str:
    """State of the latest refresh with its mark, or that there is nothing to read yet."""
    said = state(record.get("state"), language)
    if not good:
        return translate("nothing published yet ({state})", language, state=said)
    if record.get("warning"):
        return translate("{state}, with a warning", language, state=said)
    return said


def badge(dataset: Dataset) -> str:
    """The badge of a dataset in words: the same value as on its page, for what is read now."""
    from datetime import UTC, datetime

    from datalab.catalog.badge import badge_of, in_words

    entry = dataset.lab.newest(dataset.id) or dataset.entry
    periodicity = str(entry.dataset.get("periodicity"))
    found = badge_of(entry.record, entry.good, periodicity, datetime.now(UTC))
    said = in_words(found, dataset.language)
    if not found.readable:
        return translate("nothing published yet ({state})", dataset.language, state=said)
    return said


def changes(before: Mapping[str, Entry], after: Mapping[str, Entry], language: Language) -> Listing:
    """The datasets that read otherwise after a refresh than before it."""
    rows: list[dict[str, Any]] = []
    for identifier in sorted({*before, *after}):
        old, new = _snapshot(before.get(identifier)), _snapshot(after.get(identifier))
        if old != new:
            rows.append({"id": identifier, "before": old, "now": new})
    caption = (
        translate("Datasets that changed: {count}", language, count=number(len(rows), language))
        if rows
        else translate("Nothing changed: you already read the newest snapshots.", language)
    )
    headings = {
        "id": translate("Id", language),
        "before": translate("Snapshot before", language),
        "now": translate("Snapshot now", language),
    }
    return Listing(rows, headings, caption=caption, language=language)


def _snapshot(entry: Entry | None) -> int | None:
    return entry.snapshots[0]["snapshot"] if entry and entry.snapshots else None


def columns(dataset: Dataset) -> Listing:
    """Name, type, unit and meaning of each column."""
    language = dataset.language
    rows = [
        {
            "name": name,
            "type": column["type"],
            "unit": unit(column.get("unit"), language),
            "description": column["description"][language],
        }
        for name, column in dataset.entry.dataset["columns"].items()
    ]
    headings = {
        "name": translate("Column", language),
        "type": translate("Type", language),
        "unit": translate("Unit", language),
        "description": translate("Meaning", language),
    }
    caption = translate("Columns of “{title}”", language, title=dataset.title)
    return Listing(rows, headings, caption=caption, language=language)


def snapshots(dataset: Dataset) -> Listing:
    """Every snapshot that can be pinned, newest first."""
    language = dataset.language
    rows = [
        {**known, "published": minute(known["at"], language)} for known in dataset.entry.snapshots
    ]
    headings = {
        "snapshot": translate("Snapshot", language),
        "published": translate("Published", language),
        "author": translate("Author", language),
        "rows": translate("Rows", language),
        "sha256": translate("sha256 of the source", language),
    }
    caption = translate("Snapshots of “{title}”", language, title=dataset.title)
    return Listing(rows, headings, caption=caption, language=language)


def releases(dataset: Dataset) -> Listing:
    """Named snapshots, newest first."""
    from datalab.lake.release import releases_of

    language = dataset.language
    rows = [
        {**release.as_json(), "published": minute(release.at, language)}
        for release in releases_of(dataset.lab.lake, dataset.entry)
    ]
    headings = {
        "name": translate("Release", language),
        "snapshot": translate("Snapshot", language),
        "published": translate("Named on", language),
        "author": translate("Author", language),
        "note": translate("What it is for", language),
    }
    caption = (
        translate("Releases of “{title}”", language, title=dataset.title)
        if rows
        else translate("“{title}” has no release yet", language, title=dataset.title)
    )
    return Listing(rows, headings, caption=caption, language=language)


def rejects(dataset: Dataset) -> Listing:
    """Rows of the source that could not be read as declared (the first thousand)."""
    language = dataset.language
    found = [
        {key: value for key, value in row.items() if key != "facts"}
        | {"reason": reason_in(row, language)}
        for row in read_rejected(dataset.lab.lake, dataset.entry).rows
    ]
    headings = {
        "line": translate("Line", language),
        "column": translate("Column", language),
        "value": translate("Value", language),
        "reason": translate("Reason", language),
    }
    caption = (
        translate("Rows of “{title}” that could not be read", language, title=dataset.title)
        if found
        else translate("Every row of “{title}” could be read", language, title=dataset.title)
    )
    return Listing(found, headings, caption=caption, language=language)


def welcome(lab: Lab) -> str:
    """One sentence about the lab, for ``repr``."""
    readable = [entry for entry in lab.entries.values() if entry.good]
    return translate(
        "Data lab, datasets ready to read: {count}. "
        'Begin with lab.datasets(), lab.search("logement") or lab.dataset("{id}").',
        lab.language,
        count=number(len(readable), lab.language),
        id=_example(readable),
    )
