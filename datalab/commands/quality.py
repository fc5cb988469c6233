"""The command ``quality``: the badge of every dataset, or each verdict on one of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from datalab.commands.data import (
    entry_of,
    home_option,
    json_option,
    print_json,
    print_table,
    table_of,
)
from datalab.commands.terminal import moment, number, settings_of
from datalab.i18n import Language, language_of, translate
from datalab.lake.index import Entry

SIGNS = {"held": "✓", "warning": "!", "broken": "✗", "unchecked": "?"}


@click.command("quality")
@click.argument("dataset", metavar="[ID]", required=False)
@json_option
@home_option
def quality_command(dataset: str | None, as_json: bool, home: str | None) -> None:
    """Dit la qualité de chaque jeu, ou le verdict de chaque attente d’un seul."""
    from datalab.lake.index import read_index

    settings, language = settings_of(home), language_of()
    now = datetime.now(UTC)
    if dataset is None:
        entries = list(read_index(settings.lake).values())
        if as_json:
            print_json([_short(entry, now) for entry in entries])
        else:
            _list(entries, now, language)
        return
    entry = entry_of(settings.lake, dataset)
    if as_json:
        print_json(_whole(entry, now, language))
    else:
        _show(entry, now, language)


def _badge(entry: Entry, now: datetime) -> Any:
    from datalab.catalog.badge import badge_of

    return badge_of(entry.record, entry.good, str(entry.dataset.get("periodicity")), now)


def _short(entry: Entry, now: datetime) -> dict[str, Any]:
    return {"id": entry.id, "lake": entry.lake, **_badge(entry, now).as_json()}


def _verdicts(entry: Entry, language: Language) -> list[dict[str, Any]]:
    from datalab.catalog.badge import verdict_of
    from datalab.catalog.dataset import Dataset
    from datalab.catalog.validation import ValidationResult
    from datalab.catalog.words import in_words

    refused = (entry.record or {}).get("state") == "kept"
    found = (entry.record or {}).get("validation") if refused else None
    found = found or verdict_of(entry.record, entry.good)
    if not found:
        return []
    described = Dataset.from_json(entry.dataset)
    return [
        {
            "outcome": result.outcome,
            "words": in_words(result, described, language),
            **result.as_json(),
        }
        for result in ValidationResult.from_json(dict(found)).results
    ]


def _whole(entry: Entry, now: datetime, language: Language) -> dict[str, Any]:
    found = {**_short(entry, now), "results": _verdicts(entry, language)}
    return {**found, "feed": feed} if (feed := _feed(entry, language)) else found


def _feed(entry: Entry, language: Language) -> dict[str, Any] | None:
    """What was found in the whole feed of which the dataset is one table."""
    from datalab.lake.feed_report import in_words, report_of

    report = report_of(entry.record, entry.good)
    return in_words(report, language) if report else None


def _list(entries: list[Entry], now: datetime, language: Language) -> None:
    from datalab.catalog.badge import in_words

    table = table_of(
        translate("dataset", language),
        translate("state", language),
        "✓",
        "!",
        "✗",
        "?",
        translate("checked on", language),
    )
    table.columns[0].no_wrap = True
    for entry in entries:
        badge = _badge(entry, now)
        counts = (badge.held, badge.warnings, badge.broken + badge.refused, badge.unchecked)
        table.add_row(
            entry.id,
            in_words(badge, language),
            *(number(count, language) for count in counts),
            moment(badge.checked_at, language),
        )
    print_table(table)


def _show(entry: Entry, now: datetime, language: Language) -> None:
    from datalab.catalog.badge import in_words, meaning
    from datalab.catalog.words import row_in_words

    badge = _badge(entry, now)
    click.echo(f"{entry.dataset['title'][language]} ({entry.id}): {in_words(badge, language)}")
    click.echo(meaning(badge.name, language))
    for verdict in _verdicts(entry, language):
        click.echo(f"  {SIGNS[verdict['outcome']]} {verdict['words']}")
        if reason := (verdict.get("unchecked") or {}).get(language):
            click.echo("    " + translate("not checked: {reason}", language, reason=reason))
        for row in verdict["examples"][:3]:
            click.echo(f"    {row_in_words(row, language)}")
    if (feed := _feed(entry, language)) is None:
        return
    said = translate(
        "The whole feed: {tables} tables, {faults} rows at fault.",
        language,
        tables=number(len(feed["tables"]), language),
        faults=number(feed["rows_at_fault"], language),
    )
    click.echo(said)
    for one in feed["faults"]:
        rows = translate("rows: {count}", language, count=number(one["rows"], language))
        click.echo(f"  {one['table']}.txt, {one['column']}: {one['words']} ({rows})")
