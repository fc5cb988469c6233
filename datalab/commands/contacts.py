"""The command ``datalab contacts``: the keys with which addresses are encrypted."""

from __future__ import annotations

import time

import click

from datalab.commands.lab import home_option, settings_of
from datalab.i18n import language_of, translate

SECONDS = 3.0  # in which what was encrypted with the old key gets to the database


@click.group("contacts")
def contacts_command() -> None:
    """Les adresses laissées par les gens, chiffrées."""


@contacts_command.command("rotate")
@home_option
def rotate(home: str | None) -> None:
    """Chiffre tout avec une nouvelle clé et détruit les anciennes ; le laboratoire peut tourner."""
    from datalab.participation.contact import Vault
    from datalab.participation.store import Store

    settings = settings_of(home=home)
    store, vault = Store(settings.participation), Vault(settings.secrets)
    try:
        vault.add_key()
        time.sleep(SECONDS)
        with store.writing() as connection:
            count = vault.renew(connection)
        vault.retire()
        store.settle()
    finally:
        store.close()
    click.echo(
        translate(
            "{count} addresses are encrypted with a new key; the older keys are gone. Backups made "
            "before still hold them: replace those.",
            language_of(),
            count=count,
        )
    )
