"""The command ``datalab migrate``: from the files of one machine to a server of databases."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from datalab.commands.lab import home_option, settings_of
from datalab.i18n import language_of, translate
from datalab.settings import Settings


@click.command("migrate")
@click.option(
    "--lake-to-files",
    is_flag=True,
    help="Reprend dans des fichiers un lac publié jusque-là par PostgreSQL, et rien d’autre.",
)
@click.option("--json", "as_json", is_flag=True, help="Réponse en JSON.")
@home_option
def migrate_command(lake_to_files: bool, as_json: bool, home: str | None) -> None:
    """Porte hub, participation, foyers et lac vers les PostgreSQL que les réglages nomment.

    Le laboratoire est arrêté. Les bases d’arrivée sont vides, les fichiers de départ restent tels
    quels, chaque table est comparée à l’arrivée.
    """
    from datalab.database.store import engine_of, sqlite_url
    from datalab.database.transfer import Count, transfer
    from datalab.errors import TransferRefused
    from datalab.households.migrations import schema as of_households
    from datalab.households.tables import METADATA as HOUSEHOLDS
    from datalab.hub import schema as of_hub
    from datalab.hub.schema import METADATA as HUB
    from datalab.i18n import Phrase
    from datalab.lake.layout import leave_database
    from datalab.participation.migrations import schema as of_participation
    from datalab.participation.tables import METADATA as PARTICIPATION

    settings, language = settings_of(home=home), language_of()
    if lake_to_files:
        if settings.worked_in:  # what a writer that was killed had not shown yet
            _lake(settings)
        leave_database(settings.lake)
        said = "The lake is worked on in files again; take DATALAB_LAKE_DATABASE away."
        click.echo(json.dumps({"lake": "files"}) if as_json else translate(said, language))
        return
    ways = [
        (settings.home / "hub" / "hub.sqlite", settings.hub, of_hub.bring_up_to_date, HUB),
        (
            settings.home / "participation" / "participation.sqlite",
            settings.participation,
            of_participation.bring_up_to_date,
            PARTICIPATION,
        ),
        (
            settings.custody / "households.sqlite",
            settings.households,
            of_households.bring_up_to_date,
            HOUSEHOLDS,
        ),
    ]
    wanted = [way for way in ways if way[0].is_file() and not way[1].startswith("sqlite")]
    if not wanted and not settings.worked_in:
        raise TransferRefused(
            database=str(settings.home),
            reason=Phrase(
                "there is nothing to bring: name a PostgreSQL in DATALAB_HUB_DATABASE, "
                "DATALAB_PARTICIPATION_DATABASE, DATALAB_HOUSEHOLDS_DATABASE or "
                "DATALAB_LAKE_DATABASE"
            ),
        )

    def told(count: Count) -> None:
        if not as_json:
            click.echo(f"  {count.table}: {count.rows}  {count.digest[:12]}")

    answer: dict[str, list[dict[str, object]]] = {}
    for path, address, prepare, metadata in wanted:
        source, target = engine_of(sqlite_url(path)), engine_of(address)
        try:
            prepare(target)
            if not as_json:
                click.echo(f"{path.name}:")
            counts = transfer(source, target, metadata, told)
        finally:
            source.dispose()
            target.dispose()
        answer[path.stem] = [asdict(count) for count in counts]
    rows = sum(int(str(one["rows"])) for counts in answer.values() for one in counts)
    if settings.worked_in:
        answer["lake"] = _lake(settings)
        if not as_json:
            click.echo("lake:")
            for one in answer["lake"]:
                said = "  {lake}: {tables} tables, {snapshots} snapshots, {files} files"
                click.echo(translate(said, language, **one))
    if as_json:
        click.echo(json.dumps(answer))
    if as_json or not wanted:
        return
    click.echo(
        translate(
            "Brought and compared: {rows} rows. The files they came from are as they were.",
            language,
            rows=rows,
        )
    )


def _lake(settings: Settings) -> list[dict[str, object]]:
    """Have the lake's metadata in their database; what each access class holds there."""
    from datalab.lake import metadata
    from datalab.lake.layout import folders
    from datalab.publisher import publisher

    with publisher(settings, "migrate") as writer:
        writer.heal()
        return [
            {
                "lake": place.name,
                "tables": len(metadata.tables(place.catalog)),
                "snapshots": len(metadata.commits(place.catalog)),
                "files": len(metadata.files(place.catalog)),
            }
            for place in folders(settings.lake)
            if place.catalog.is_file()
        ]
