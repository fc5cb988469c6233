"""The command ``datalab depot``: the published lakes on an object store."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from datalab.commands.lab import home_option, keep_going, settings_of
from datalab.i18n import Language, Phrase, language_of, translate

if TYPE_CHECKING:
    from datalab.depot.shipping import Moved


@click.group("depot")
def depot_command() -> None:
    """Le lac publié dans un stockage d’objets (S3), pour d’autres machines."""


@depot_command.command("push")
@click.option(
    "--take", is_flag=True, help="Publier à la place de qui publiait là (machine remplacée)."
)
@home_option
def push_command(take: bool, home: str | None) -> None:
    """Envoie ce qui a changé ici ; « datalab up » le fait de lui-même."""
    from datalab.depot.keeping import step

    moved = step(settings_of(home=home), take=take)
    some, none = Phrase("Sent: {files} files, {bytes} bytes."), Phrase("Nothing new to send.")
    _tell(moved, language_of(), some, none)


@depot_command.command("pull")
@home_option
def pull_command(home: str | None) -> None:
    """Va chercher ce qu’un autre laboratoire publie (DATALAB_DEPOT_READER)."""
    from datalab.depot.keeping import step

    settings = settings_of(home=home)
    if not settings.depot_reader:
        said = translate(
            "This lab publishes itself; one that reads sets DATALAB_DEPOT_READER.", language_of()
        )
        raise click.UsageError(said)
    some, none = Phrase("Fetched: {files} files, {bytes} bytes."), Phrase("Nothing new.")
    _tell(step(settings), language_of(), some, none)


@depot_command.command("status")
@click.option("--json", "as_json", is_flag=True, help="Réponse en JSON.")
@home_option
def status_command(as_json: bool, home: str | None) -> None:
    """Dit quand le stockage d’objets a répondu pour la dernière fois. Code 1 s’il est absent."""
    from datalab.commands.terminal import moment
    from datalab.depot.ledger import state
    from datalab.errors import NoDepot

    settings, language = settings_of(home=home), language_of()
    found = state(settings.run)
    if not settings.depot:
        raise NoDepot
    if found is None:
        click.echo(translate("Nothing was sent there or fetched yet.", language))
        raise SystemExit(1)
    if as_json:
        click.echo(json.dumps(vars(found)))
    elif found.since is not None:
        since = moment(found.since, language)
        said = translate("It has not answered since {moment}:", language, moment=since)
        click.echo(f"{said} {(found.error or {}).get(language, '')}")
    else:
        said = translate("Up to date at {moment}.", language, moment=moment(found.at, language))
        click.echo(f"{found.depot}: {said}")
    raise SystemExit(1 if found.since is not None else 0)


@depot_command.command("run")
@home_option
def run_command(home: str | None) -> None:
    """Tient le stockage d’objets, ou sa copie ici, à jour jusqu’à ce qu’on l’arrête."""
    from datalab.depot.keeping import run

    keep_going(home, "depot", run)


def _tell(moved: list[Moved], language: Language, some: Phrase, none: Phrase) -> None:
    files, size = sum(one.files for one in moved), sum(one.bytes for one in moved)
    said = some if moved else none
    click.echo(translate(said.template, language, files=files, bytes=size))
