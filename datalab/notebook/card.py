"""How a dataset shows itself: a card in HTML for notebooks, and the same in plain text."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from datalab.i18n import translate
from datalab.lake.layout import mask_of
from datalab.notebook.overview import badge
from datalab.notebook.wording import minute, number

if TYPE_CHECKING:
    from datalab.notebook.dataset import Dataset

SHOWN_COLUMNS = 40
CARD_STYLE = (
    "border:1px solid rgba(128,128,128,.5);border-radius:6px;padding:.8em 1.1em;max-width:62em"
)


def facts(dataset: Dataset) -> list[tuple[str, str]]:
    """What a reader wants to know before using a dataset: words and values, in order."""
    from datalab.catalog.vocabulary import LICENSES

    language, entry = dataset.language, dataset.entry
    described, good = entry.dataset, entry.good or {}
    license = LICENSES.get(described["license"])
    answer = license.answer.in_(language) if license else ""
    name = license.title if license else described["license"]
    found = [
        (translate("Producer", language), described["publisher"]),
        (translate("Snapshot", language), _snapshot(dataset)),
        (translate("State", language), badge(dataset)),
        (translate("Quality", language), dataset.quality.summary),
        (translate("May I reuse it?", language), f"{answer} ({name})"),
    ]
    if note := described.get("license_note"):
        found.append((translate("About the licence", language), note[language]))
    if mask_of(entry.lake) is not None:
        said = ", ".join(
            f"{column} ({rule.in_words(language)})"
            for mask in dataset.described.masks
            for column, rule in mask.rules.items()
            if rule.kind != "show"
        )
        found.append((translate("Masked version", language), said))
    if not described.get("redistribution", True):
        sentence = translate(
            "Readable in the notebooks of the lab only: it cannot be downloaded.", language
        )
        found.append((translate("Download", language), sentence))
    if described.get("provenance") == "synthetic":
        sentence = translate("Synthetic: these are not observations.", language)
        found.append((translate("Provenance", language), sentence))
    rejected = good.get("rejected") or 0
    if rejected:
        sentence = translate(
            "rows of the source that could not be read: {count} (see .rejects)",
            language,
            count=number(rejected, language),
        )
        found.append((translate("Left out", language), sentence))
    if dataset.snapshot is not None:
        line = f'lab.sql("FROM {entry.sql_name}")'
        found.append((translate("Name in SQL", language), line))
    return found


def _snapshot(dataset: Dataset) -> str:
    """Which snapshot is read, and whether there is a newer one."""
    language = dataset.language
    if dataset.snapshot is None:
        return translate("nothing published yet", language)
    published = dataset.published
    said = translate(
        "no. {snapshot}, {moment}, rows: {rows}",
        language,
        snapshot=dataset.snapshot,
        moment=minute(published.get("at"), language),
        rows=number(published.get("rows") or 0, language),
    )
    newest = dataset.lab.newest(dataset.id)
    last = newest.snapshots[0]["snapshot"] if newest and newest.snapshots else None
    if last is not None and last != dataset.snapshot:
        notice = translate(
            "No. {last} was published since: lab.refresh(), then lab.dataset() reads it.",
            language,
            last=last,
        )
        said = f"{said}. {notice}"
    return said


def html(dataset: Dataset) -> str:
    """The card; everything that comes from the catalog is escaped."""
    language = dataset.language
    rows = "".join(
        f'<dt style="font-weight:600;margin:0;width:auto;float:none">{escape(words)}</dt>'
        f'<dd style="margin:0;width:auto;float:none">{escape(value)}</dd>'
        for words, value in facts(dataset)
    )
    columns = dataset.columns
    summary = translate("Columns: {count}", language, count=number(len(columns), language))
    opened = " open" if len(columns) <= SHOWN_COLUMNS else ""
    return (
        f'<section style="{CARD_STYLE}" lang="{language}" aria-label="{escape(dataset.title)}">'
        f'<h3 style="margin:.1em 0 .3em">{escape(dataset.title)} '
        f'<code style="font-weight:400;font-size:.8em">{escape(dataset.id)}</code></h3>'
        f'<p style="margin:.2em 0 .7em">{escape(dataset.description)}</p>'
        '<dl style="display:grid;grid-template-columns:minmax(8em,14em) 1fr;gap:.3em 1em;'
        f'margin:0 0 .7em">{rows}</dl>'
        f"<details{opened}><summary>{escape(summary)}</summary>{columns._repr_html_()}</details>"
        "</section>"
    )


def text(dataset: Dataset) -> str:
    """The card in plain text."""
    lines = [f"{dataset.title} ({dataset.id})", dataset.description, ""]
    lines += [f"{words}: {value}" for words, value in facts(dataset)]
    return "\n".join([*lines, "", repr(dataset.columns)])
