"""The command ``datalab keeper``: the housekeeping of a running lab."""

from __future__ import annotations

import click

from datalab.commands.lab import home_option, keep_going


@click.command("keeper")
@home_option
def keeper_command(home: str | None) -> None:
    """Tient le laboratoire en ordre : historique, invités, limites, serveurs oubliés."""
    from datalab.keeper import run

    keep_going(home, "keeper", run)
