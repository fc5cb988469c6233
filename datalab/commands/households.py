"""The command ``datalab households``: for the association that keeps them, nobody else."""

from __future__ import annotations

import click

from datalab.commands.lab import home_option, settings_of
from datalab.i18n import language_of, translate

NAME = "custodian"
PAGE = "/services/datalab/smart-citizen/keep"


@click.group("households")
def households_command() -> None:
    """Les foyers de Smart Citizen, gardés par leur association."""


@households_command.command("link")
@home_option
@click.option("--new", is_flag=True, help="En tire un nouveau ; l’ancien n’ouvre plus rien.")
def link(home: str | None, new: bool) -> None:
    """Écrit le lien privé de l’association, à lui remettre en main propre."""
    from datalab.isolation.private import secret

    folder = settings_of(home=home).custody
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if new:
        (folder / NAME).unlink(missing_ok=True)
    click.echo(f"{PAGE}/{secret(folder, NAME)}/")


@households_command.command("rotate")
@home_option
def rotate(home: str | None) -> None:
    """Met une nouvelle clé devant : ce qui s’écrit désormais est chiffré avec elle."""
    from datalab.households.vault import Vault

    vault = Vault(settings_of(home=home).custody)
    vault.turn()
    click.echo(
        translate(
            "What homes write from now on is encrypted with a new key. The older keys stay, to "
            "read what was written before.",
            language_of(),
        )
    )
