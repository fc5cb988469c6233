"""The commands ``datalab open311 key …``: keys of the programs that send reports."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import click

from datalab.commands.lab import home_option, json_option, settings_of
from datalab.commands.terminal import actor
from datalab.i18n import language_of, translate

if TYPE_CHECKING:
    from datalab.participation.store import Store


@click.group("open311")
def open311_command() -> None:
    """Open311 : les clés des programmes qui envoient des signalements."""


@open311_command.group("key")
def key_command() -> None:
    """Clés : créer, lister, désactiver, réactiver."""


@key_command.command("add")
@click.argument("name")
@click.option("--contact", default="", help="Qui en répond : un service, une adresse de service.")
@json_option
@home_option
def add_command(name: str, contact: str, as_json: bool, home: str | None) -> None:
    """Crée une clé pour le programme NAME et l'affiche, cette seule fois."""
    from datalab.participation import api_key

    with _store(home).writing() as connection:
        made, words = api_key.issue(connection, name, contact, actor=actor(), now=time.time())
    if as_json:
        click.echo(json.dumps({"id": made.id, "name": made.name, "api_key": words}))
        return
    click.echo(words)
    said = translate("Key {id} of {name}: it is shown this once.", language_of(), **_facts(made))
    click.echo(said, err=True)


@key_command.command("list")
@json_option
@home_option
def list_command(as_json: bool, home: str | None) -> None:
    """Liste les clés, sans leurs mots que personne ne peut relire."""
    from datalab.participation import api_key

    with _store(home).reading() as connection:
        found, sent = api_key.keys(connection), api_key.reports(connection)
    if as_json:
        rows = [
            {
                "id": one.id,
                "name": one.name,
                "contact": one.contact,
                "created_at": one.created_at,
                "created_by": one.created_by,
                "disabled_at": one.disabled_at,
                "reports": sent.get(one.id, 0),
            }
            for one in found
        ]
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    language = language_of()
    for one in found:
        state = translate("switched off" if one.disabled_at else "in use", language)
        click.echo(f"{one.id}  {one.name}  {sent.get(one.id, 0)}  {state}")


@key_command.command("disable")
@click.argument("id")
@home_option
def disable_command(id: str, home: str | None) -> None:
    """Refuse la clé ID dès maintenant ; ce qu'elle a envoyé reste."""
    from datalab.participation import api_key

    with _store(home).writing() as connection:
        api_key.disable(connection, id, actor=actor(), now=time.time())
        facts = _facts(api_key.get(connection, id))
    click.echo(translate("Key {id} of {name}: refused from now on.", language_of(), **facts))


@key_command.command("enable")
@click.argument("id")
@home_option
def enable_command(id: str, home: str | None) -> None:
    """Accepte de nouveau la clé ID."""
    from datalab.participation import api_key

    with _store(home).writing() as connection:
        api_key.enable(connection, id, actor=actor(), now=time.time())
        facts = _facts(api_key.get(connection, id))
    click.echo(translate("Key {id} of {name}: good again.", language_of(), **facts))


def _facts(key: object) -> dict[str, str]:
    return {name: str(getattr(key, name)) for name in ("id", "name")}


def _store(home: str | None) -> Store:
    from datalab.participation.store import Store

    return Store(settings_of(home=home).participation)
