"""The command ``show``: one dataset on a terminal."""

from __future__ import annotations

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

MOST_REJECTS = 20


@click.command("show")
@click.argument("dataset", metavar="ID")
@json_option
@home_option
def show_command(dataset: str, as_json: bool, home: str | None) -> None:
    """Montre un jeu de données : colonnes, unités, qualité, provenance."""
    from datalab.catalog.dataset import Dataset
    from datalab.catalog.vocabulary import LICENSES
    from datalab.commands.outcome import outcome
    from datalab.lake.record import RunRecord
    from datalab.lake.rejected import read_rejected

    settings, language = settings_of(home), language_of()
    entry = entry_of(settings.lake, dataset)
    if as_json:
        print_json({"lake": entry.lake, **entry.as_json()})
        return
    described, good = entry.dataset, entry.good or {}
    click.echo(f"{described['title'][language]} ({entry.id})")
    click.echo(described["description"][language])
    facts = {
        translate("publisher", language): described["publisher"],
        translate("licence", language): LICENSES[described["license"]].title,
        translate("access", language): described["access"],
        translate("rows", language): number(good.get("rows"), language),
        translate("snapshot", language): str(good.get("snapshot") or "–"),
        translate("published", language): moment(good.get("finished_at"), language),
        translate("source", language): good.get("source_url") or "–",
        "sha256": good.get("sha256") or "–",
    }
    rejected = read_rejected(settings.lake, entry)
    if rejected.count:
        facts[translate("rejected rows", language)] = number(rejected.count, language)
    table = table_of("", "")
    table.show_header = False
    for name, value in facts.items():
        table.add_row(name, str(value))
    print_table(table)
    columns = table_of(
        translate("column", language),
        translate("type", language),
        translate("unit", language),
        translate("description", language),
    )
    for name, column in described["columns"].items():
        columns.add_row(
            name, column["type"], column.get("unit", ""), column["description"][language]
        )
    print_table(columns)
    if rejected.rows:
        _print_rejects(rejected.rows[:MOST_REJECTS], language)
    if entry.record is not None:
        record = RunRecord.from_json(entry.record)
        click.echo(outcome(record, Dataset.from_json(entry.dataset), language))


def _print_rejects(rows: list[dict[str, Any]], language: Language) -> None:
    from datalab.lake.rejected import reason_in

    table = table_of(
        translate("line", language),
        translate("column", language),
        translate("value", language),
        translate("reason", language),
    )
    for row in rows:
        reason = reason_in(row, language)
        table.add_row(str(row["line"]), str(row["column"]), _printable(row["value"]), reason)
    print_table(table)


def _printable(value: Any) -> str:
    """A value of a file, in which nothing speaks to the terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(value))
