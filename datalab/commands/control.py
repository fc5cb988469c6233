"""The command ``datalab control demo``: sample cases for trying the control room."""

from __future__ import annotations

import time

import click

from datalab.commands.lab import home_option, settings_of
from datalab.i18n import language_of, translate


@click.group("control")
def control_command() -> None:
    """Salle de suivi : des signalements d’exemple pour l’essayer."""


@control_command.command("demo")
@click.option("--count", type=click.IntRange(1, 5_000), default=500, show_default=True)
@click.option("--days", type=click.IntRange(1, 365), default=90, show_default=True)
@click.option("--seed", type=int, default=21231, show_default=True)
@click.option("--remove", is_flag=True, help="Enlève les signalements d’exemple, et eux seuls.")
@home_option
def demo_command(count: int, days: int, seed: int, remove: bool, home: str | None) -> None:
    """Met des signalements synthétiques, dits tels, dans un laboratoire qui n’en a aucun."""
    from datalab.participation import sample_cases
    from datalab.participation.store import Store
    from datalab.portal.boundaries import boundaries
    from datalab.portal.library import Library

    settings, language = settings_of(home=home), language_of()
    store, now = Store(settings.participation), time.time()
    if remove:
        with store.writing() as connection:
            gone = sample_cases.clear(connection, now)
        click.echo(translate("Sample cases taken away: {count}.", language, count=gone))
        return
    known = boundaries(Library(settings.lake).shelf())
    with store.writing() as connection:
        made = sample_cases.fill(
            connection,
            count=count,
            days=days,
            seed=seed,
            now=now,
            commune=known.commune_of if known else lambda latitude, longitude: None,
        )
    said = "Synthetic cases put in: {count}. Take them away with --remove."
    click.echo(translate(said, language, count=made))
