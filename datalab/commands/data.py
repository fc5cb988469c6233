"""Commands that show what there is: ``lint``, ``list``, ``snapshots`` and ``sql``."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from datalab.catalog.badge import away
from datalab.commands.terminal import moment, number, settings_of
from datalab.i18n import Language, language_of, translate

if TYPE_CHECKING:
    from rich.table import Table

    from datalab.lake.index import Entry

home_option = click.option(
    "--home", type=click.Path(file_okay=False), help="Dossier qui garde tout l’état du laboratoire."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Résultat en JSON.")


def print_json(document: Any) -> None:
    click.echo(json.dumps(document, ensure_ascii=False, indent=2, default=str))


def print_table(table: Table) -> None:
    from rich.console import Console

    # In a pipe a table keeps its whole width: cut lines cannot be searched.
    wide = None if sys.stdout.isatty() else 200
    # No markup: square brackets in a title are not ours.
    console = Console(width=wide, markup=False, highlight=False)
    console.print(table)


def table_of(*headings: str) -> Table:
    from rich.box import SIMPLE
    from rich.table import Table

    return Table(*headings, box=SIMPLE, pad_edge=False)


@click.command("lint")
@json_option
def lint_command(as_json: bool) -> None:
    """Relit tout le catalogue et nomme fichier, ligne, clé et clé valide la plus proche."""
    from datalab.catalog.catalog import Catalog
    from datalab.connectors.registry import source_models

    settings, language = settings_of(None), language_of()
    catalog = Catalog.load(settings.catalog, source_models(), settings.own_catalog)
    if as_json:
        print_json(
            [
                {
                    "file": str(problem.file),
                    "line": problem.line,
                    "key": problem.key,
                    "message": problem.in_(language),
                    "suggestion": problem.suggestion,
                }
                for problem in catalog.problems
            ]
        )
    elif catalog.problems:
        for problem in catalog.problems:
            click.echo(problem.in_(language))
    else:
        said = translate(
            "{count} datasets, nothing to mend.", language, count=len(catalog.datasets)
        )
        click.echo(said)
    if catalog.problems:
        sys.exit(1)


@click.command("list")
@json_option
@home_option
def list_command(as_json: bool, home: str | None) -> None:
    """Liste les jeux de données : titre, état, lignes, dernière version."""
    from datalab.lake.index import read_index

    settings, language = settings_of(home), language_of()
    entries = read_index(settings.lake)
    waiting = _not_in_lake(settings.catalog, entries)
    if as_json:
        print_json([_short(entry) for entry in entries.values()])
        return
    table = table_of(
        translate("dataset", language),
        translate("title", language),
        translate("state", language),
        translate("rows", language),
        translate("snapshot", language),
        translate("published", language),
    )
    table.columns[0].no_wrap = True  # an id is what people type
    for entry in entries.values():
        good, record = entry.good or {}, entry.record or {}
        table.add_row(
            entry.id,
            entry.dataset["title"][language],
            state_in_words(record, language),
            number(good.get("rows"), language),
            str(good.get("snapshot") or "–"),
            moment(good.get("finished_at"), language),
        )
    for name, title in waiting.items():
        table.add_row(name, title[language], translate("not refreshed yet", language), *"–––")
    print_table(table)


def _not_in_lake(root: Any, entries: dict[str, Entry]) -> dict[str, dict[str, str]]:
    """Titles of the datasets of the catalog that no refresh has met."""
    from datalab.catalog.catalog import Catalog

    return {
        dataset.id: dataset.title.model_dump()
        for dataset in Catalog.load(root)
        if dataset.id not in entries
    }


def _short(entry: Entry) -> dict[str, Any]:
    record, good = entry.record or {}, entry.good or {}
    return {
        "id": entry.id,
        "title": entry.dataset["title"],
        "theme": entry.theme,
        "access": entry.dataset["access"],
        "lake": entry.lake,
        "state": record.get("state"),
        "warning": record.get("warning", False),
        "rows": good.get("rows"),
        "snapshot": good.get("snapshot"),
        "published_at": good.get("finished_at"),
        "unreachable_since": record.get("failing_since") if away(record) else None,
    }


def state_in_words(record: dict[str, Any], language: Language) -> str:
    """The state of the latest run in one word, with its mark."""
    words = {
        "published": translate("published", language),
        "unchanged": translate("unchanged", language),
        "kept": translate("kept", language),
        "failed": translate("failed", language),
    }
    word = words.get(str(record.get("state")), translate("not refreshed yet", language))
    if away(record):
        since = moment(record.get("failing_since"), language)
        word = translate("source unreachable since {moment}", language, moment=since)
    return f"{word} ({translate('warning', language)})" if record.get("warning") else word


def entry_of(lake: Any, name: str) -> Entry:
    """The dataset by id or SQL name.

    Raises
    ------
    UnknownDataset
        with the nearest id.
    """
    from datalab.errors import UnknownDataset
    from datalab.lake.index import read_index

    entries = read_index(lake)
    found = entries.get(name.replace("_", "-"))
    if found is None:
        raise UnknownDataset(name, entries)
    return found


@click.command("snapshots")
@click.argument("dataset", metavar="ID")
@json_option
@home_option
def snapshots_command(dataset: str, as_json: bool, home: str | None) -> None:
    """Liste les versions publiées d’un jeu de données, la plus récente d’abord."""
    settings, language = settings_of(home), language_of()
    entry = entry_of(settings.lake, dataset)
    if as_json:
        print_json(entry.snapshots)
        return
    if not entry.snapshots:
        click.echo(translate("{dataset} has no snapshot yet.", language, dataset=entry.id))
        return
    table = table_of(
        translate("snapshot", language),
        translate("date", language),
        translate("author", language),
        translate("rows", language),
        "sha256",
        translate("run", language),
    )
    for snapshot in entry.snapshots:
        table.add_row(
            str(snapshot["snapshot"]),
            moment(snapshot["at"], language),
            snapshot["author"],
            number(snapshot["rows"], language),
            (snapshot["sha256"] or "")[:16],
            snapshot["run_id"],
        )
    print_table(table)


@click.command("sql")
@click.argument("query", metavar='"SELECT …"')
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    help="Présentation du résultat.",
)
@click.option("--json", "as_json", is_flag=True, help="Comme --format json.")
@click.option("--rows", type=click.IntRange(1, 1_000_000), help="Nombre de lignes au plus.")
@click.option("--seconds", type=click.FloatRange(0.1, 3600), default=60, help="Durée au plus.")
@home_option
def sql_command(
    query: str, form: str, as_json: bool, rows: int | None, seconds: float, home: str | None
) -> None:
    """Interroge les jeux de données publiés par leurs noms courts, en lecture seule."""
    from datalab.commands.answer import print_answer
    from datalab.lake import confined

    settings, language = settings_of(home), language_of()
    form = "json" if as_json else form
    limit = rows or (200 if form == "table" else confined.ROWS)
    answer = confined.query(settings.lake, query, rows=limit + 1, seconds=seconds)
    print_answer(answer.slice(0, limit), form, language)
    if answer.num_rows > limit:
        said = translate(
            "Only the first {count} rows are shown; ask for more with --rows.",
            language,
            count=number(limit, language),
        )
        click.echo(said, err=True)
