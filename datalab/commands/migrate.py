"""The command ``datalab migrate``: from the files of one machine to a server of databases."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from datalab.commands.lab import home_option, settings_of
from datalab.i18n import language_of, translate


@click.command("migrate")
@click.option("--json", "as_json", is_flag=True, help="Réponse en JSON.")
@home_option
def migrate_command(as_json: bool, home: str | None) -> None:
    """Porte hub, participation et foyers du dossier vers les PostgreSQL que les réglages nomment.

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
    from datalab.participation.migrations import schema as of_participation
    from datalab.participation.tables import METADATA as PARTICIPATION

    settings, language = settings_of(home=home), language_of()
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
    if not wanted:
        raise TransferRefused(
            database=str(settings.home),
            reason=Phrase(
                "there is nothing to bring: name a PostgreSQL in DATALAB_HUB_DATABASE, "
                "DATALAB_PARTICIPATION_DATABASE or DATALAB_HOUSEHOLDS_DATABASE"
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
    if as_json:
        click.echo(json.dumps(answer))
        return
    click.echo(
        translate(
            "Brought and compared: {rows} rows. The files they came from are as they were.",
            language,
            rows=sum(int(str(one["rows"])) for counts in answer.values() for one in counts),
        )
    )
