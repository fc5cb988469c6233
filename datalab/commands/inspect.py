"""The command ``inspect``: how a file is written and what it holds, before it is a dataset."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from datalab.commands.data import json_option, print_json, print_table, table_of
from datalab.commands.terminal import number
from datalab.errors import DatalabError
from datalab.i18n import Language, language_of, translate

if TYPE_CHECKING:
    from datalab.inspection.found import ColumnFound, Inspection

SHOWN = 20
NOT_ALL = 3  # exit code: the file was read, some of its rows were not


@click.command("inspect")
@click.argument("file", metavar="FICHIER", type=click.Path(path_type=Path))
@json_option
@click.option("--draft", "as_draft", is_flag=True, help="Écrit la description YAML proposée.")
@click.option("--schema", metavar="NOM", help="Confronte aussi le fichier à ce schéma.")
def inspect_command(file: Path, as_json: bool, as_draft: bool, schema: str | None) -> None:
    """Examine un fichier : écriture, colonnes, types, lignes à corriger, données personnelles.

    Rien n’est gardé ni publié. Code de sortie : 0 si tout se lit, 3 si des lignes sont à corriger,
    1 si le fichier ne se lit pas.
    """
    from datalab.inspection.draft import draft
    from datalab.inspection.inspect import inspect

    language = language_of()
    try:
        found = inspect(file)
        against = _against(found, file, schema) if schema else None
    except DatalabError as error:
        if not as_json:
            raise
        print_json(error.as_json(language))
        sys.exit(1)
    if as_draft:
        click.echo(draft(found), nl=False)
    elif as_json:
        document = found.as_json(language)
        if against is not None:
            document["schema"] = {"name": schema, **against}
        print_json(document)
    else:
        _show(found, language)
        if against is not None:
            _show_schema(str(schema), against, language)
    if found.rejected or (against is not None and against["rejects"]):
        sys.exit(NOT_ALL)


def _against(found: Inspection, file: Path, schema: str) -> dict[str, object]:
    """What the file breaks of a Table Schema, as a dataset that names it would be told."""
    from datalab.commands.terminal import settings_of
    from datalab.inspection.draft import draft
    from datalab.trial import trial

    tried = trial(draft(found, facts={"schema": schema}), file, settings_of(None))
    document = tried.as_json(language_of())
    return {key: document[key] for key in ("rows", "rejected", "rejects", "error")}


def _show(found: Inspection, language: Language) -> None:
    def said(text: str, **facts: object) -> str:
        return translate(text, language, **facts)

    facts = {
        said("file"): found.name,
        said("format"): found.format
        + ("" if found.compression == "none" else f" ({found.compression})"),
        said("size"): said("{count} bytes", count=number(found.bytes, language)),
    }
    if found.encoding:
        facts[said("encoding")] = found.encoding + (" (BOM)" if found.bom else "")
    if found.newline:
        facts[said("line ends")] = found.newline
    if found.delimiter:
        facts[said("delimiter")] = _MARKS.get(found.delimiter, f"“{found.delimiter}”")
    if found.source.get("sheet"):
        facts[said("sheet")] = str(found.source["sheet"])
    facts[said("header")] = (
        said("line {line}", line=found.header_row) if found.header_row else said("none")
    )
    facts[said("rows")] = number(found.rows, language)
    facts[said("rejected rows")] = number(found.rejected, language)
    if found.key:
        facts[said("possible key")] = ", ".join(found.key)
    table = table_of("", "")
    table.show_header = False
    for name, value in facts.items():
        table.add_row(name, printable(value))
    print_table(table)
    headings = ("column", "type", "unit", "missing", "examples", "personal data")
    columns = table_of(*(said(heading) for heading in headings))
    for column in found.columns:
        columns.add_row(*_row(column, language))
    print_table(columns)
    if found.rejects:
        rejects = table_of(*(said(h) for h in ("line", "column", "value", "reason")))
        for bad in found.rejects[:SHOWN]:
            told = bad.as_json(language)
            rejects.add_row(
                *(printable(str(told[key])) for key in ("line", "column", "value", "reason"))
            )
        print_table(rejects)
    for remark in found.remarks:
        places = [
            said("line {line}", line=remark.line) if remark.line else "",
            remark.column or "",
        ]
        place = ", ".join(part for part in places if part)
        sign = "!" if remark.severity == "warning" else "·"
        text = remark.message.in_(language)
        click.echo(printable(f"{sign} {place}{' – ' if place else ''}{text}"))


_MARKS = {"\t": "TAB", ",": ",", ";": ";", "|": "|"}


def _row(column: ColumnFound, language: Language) -> list[str]:
    from datalab.inspection.remark import KINDS

    name = column.name
    if column.source != column.name:
        name += f" ← {column.source}"
    doubt = "" if column.confidence >= 0.9 or column.empty else " ?"
    example = ", ".join(column.examples[:2])
    personal = KINDS[column.personal.kind].in_(language) if column.personal else ""
    return [
        printable(name[:60]),
        column.type + doubt,
        column.unit or "",
        number(column.nulls, language) if column.nulls else "",
        printable("•••" if column.personal else example[:50]),
        personal,
    ]


def _show_schema(name: str, against: dict[str, object], language: Language) -> None:
    error = against["error"]
    if isinstance(error, dict):
        messages = error["messages"]
        click.echo(messages[language])
    rejects = against["rejects"]
    for reject in rejects[:SHOWN] if isinstance(rejects, list) else ():
        line, column, value = reject["line"], reject["column"], reject["value"]
        where = translate("line {line}", language, line=line)
        click.echo(printable(f"! {where}, {column} : {value} – {reject['reason']}"))
    if not rejects and error is None:
        click.echo(translate("The file keeps the schema {name}.", language, name=name))


def printable(text: str) -> str:
    """A text of a file, in which nothing speaks to the terminal."""
    return "".join(c if c.isprintable() or c in "\u00a0\u202f" else repr(c)[1:-1] for c in text)
