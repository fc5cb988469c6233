"""The command ``datalab keeper``: the housekeeping of a running lab."""

from __future__ import annotations

import signal
import threading

import click

from datalab.commands.lab import home_option, settings_of
from datalab.logline import install


@click.command("keeper")
@home_option
def keeper_command(home: str | None) -> None:
    """Tient le laboratoire en ordre : historique, invités, limites, serveurs oubliés."""
    from datalab.keeper import run

    settings = settings_of(home=home)
    settings.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
    install(settings.logs, "keeper")
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    run(settings, stopping)
