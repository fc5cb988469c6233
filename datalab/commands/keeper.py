"""The command ``datalab keeper``: the housekeeping of a running lab."""

from __future__ import annotations

import logging
import signal
import threading

import click

from datalab.commands.lab import home_option, settings_of


@click.command("keeper")
@home_option
def keeper_command(home: str | None) -> None:
    """Tient le laboratoire en ordre : historique, invités, limites, serveurs oubliés."""
    from datalab.keeper import run

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    run(settings_of(home=home), stopping)
