"""The command ``datalab rehearse``: an event, played against the running lab before it."""

from __future__ import annotations

import asyncio
import time

import click

from datalab.commands.lab import home_option, settings_of
from datalab.i18n import language_of, translate


@click.command("rehearse")
@click.option(
    "--people", default=30, show_default=True, type=click.IntRange(1, 500), help="Téléphones."
)
@click.option(
    "--session",
    "event",
    default="evening",
    show_default=True,
    type=click.Choice(["evening"]),
    help="Ce qui est joué : une soirée où chacun rejoint, propose, vote et lit.",
)
@click.option("--url", help="Adresse du laboratoire (par défaut, celle de ce dossier).")
@home_option
def rehearse_command(people: int, event: str, url: str | None, home: str | None) -> None:
    """Joue un événement sur le laboratoire en marche et dit s’il est prêt (code 1 : non).

    Tout se passe dans un atelier à part, marqué comme démonstration et effacé à la fin.
    """
    from datalab.deployment import status
    from datalab.errors import NotRunning
    from datalab.participation.store import Store
    from datalab.rehearsal.evening import clear_left, play
    from datalab.rehearsal.verdict import judge
    from datalab.watching.alarm import HOUR, failures_since
    from datalab.watching.incident import incidents
    from datalab.watching.state import look

    settings, language = settings_of(home=home), language_of()
    found = status.look(settings)
    address = url or found.url
    if address is None:
        raise NotRunning(home=str(settings.home))
    base = f"{address.rstrip('/')}/services/datalab/"
    store = Store(settings.participation)
    clear_left(store)
    said = translate("{people} people come to {base} …", language, people=people, base=base)
    click.echo(said)
    began = time.time()
    try:
        evening = asyncio.run(play(base, store, people, time.time))
        state = look(settings, store, time.time())
    finally:
        clear_left(store)
        store.close()
    silent = [part.name for part in found.parts if part.answers is False]
    failures = failures_since(settings.logs, max(began, time.time() - HOUR))
    verdict = judge(evening, incidents(state, failures=failures, silent=silent))
    click.echo(verdict.as_text(language))
    if not verdict.go:
        raise SystemExit(1)
