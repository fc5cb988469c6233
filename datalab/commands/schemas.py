"""The command ``schemas``: the Table Schemas that the lab carries."""

from __future__ import annotations

import click

from datalab.commands.data import json_option, print_json, print_table, table_of
from datalab.i18n import language_of, translate


@click.command("schemas")
@click.argument("name", metavar="[NOM]", required=False)
@json_option
def schemas_command(name: str | None, as_json: bool) -> None:
    """Liste les schémas de table portés par le laboratoire, ou les champs de l’un d’eux."""
    from datalab.catalog.schema import find_schema, schemas

    language = language_of()
    if name is None:
        carried = schemas()
        if as_json:
            print_json([schema.as_json() for schema in carried.values()])
            return
        table = table_of(
            translate("Schema", language),
            translate("Version", language),
            translate("Title", language),
            translate("Columns", language),
        )
        for schema in carried.values():
            table.add_row(
                schema.name, schema.version, schema.title.in_(language), str(len(schema.fields))
            )
        print_table(table)
        return
    schema = find_schema(name)
    if as_json:
        print_json(schema.as_json())
        return
    click.echo(f"{schema.title.in_(language)} ({schema.name} {schema.version})")
    click.echo(schema.description.in_(language))
    click.echo(schema.homepage)
    table = table_of(
        translate("Column", language),
        translate("Type", language),
        translate("Required", language),
    )
    for field in schema.fields:
        required = translate("yes", language) if field.constraints.required else ""
        table.add_row(field.name, field.type, required)
    print_table(table)
