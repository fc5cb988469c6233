"""Commands of the running lab: ``up``, ``signin``, ``status`` and ``doctor``."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datalab.i18n import language_of

if TYPE_CHECKING:
    from datalab.settings import Settings


def settings_of(**given: Any) -> Any:
    """Settings of the environment, with what was said on the command line on top."""
    from datalab.settings import Settings

    said = {name: value for name, value in given.items() if value is not None}
    if "home" in said:
        said["home"] = Path(said["home"]).resolve()
    settings = Settings(**said)
    absolute = {name: Path(getattr(settings, name)).resolve() for name in ("home", "catalog")}
    return settings.model_copy(update=absolute | {"projects": settings.projects.resolve()})


home_option = click.option(
    "--home", type=click.Path(file_okay=False), help="Dossier qui garde tout l’état du laboratoire."
)


@click.command("up")
@click.option("--host", help="Adresse d’écoute.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port d’écoute.")
@home_option
def up_command(host: str | None, port: int | None, home: str | None) -> None:
    """Démarre le laboratoire et affiche un lien de connexion par persona."""
    from datalab.deployment.supervisor import Supervisor

    try:
        install = float(os.environ.get("DATALAB_INSTALL_SECONDS", ""))
    except ValueError:
        install = None
    settings = settings_of(host=host, port=port, home=home)
    Supervisor(settings, _say, language_of()).run(install)


def _say(line: str) -> None:
    # The terminal may be gone; that is no reason for the lab to go too.
    with contextlib.suppress(OSError):
        click.echo(line)


@click.command("signin")
@click.argument("name")
@home_option
def signin_command(name: str, home: str | None) -> None:
    """Affiche un nouveau lien de connexion pour le compte NAME (persona ou autre)."""
    from datalab.commands.terminal import actor
    from datalab.deployment import signin
    from datalab.errors import NotRunning
    from datalab.hub.plan import Plan

    settings = settings_of(home=home)
    try:
        plan = Plan.read(settings.run)
    except (OSError, ValueError, TypeError):
        raise NotRunning(home=str(settings.home)) from None
    click.echo(signin.issue(settings, plan, name, actor()))


def keep_going(
    home: str | None, log: str, run: Callable[[Settings, threading.Event], None]
) -> None:
    """A process of the lab with a log of that name: ``run`` until somebody stops it."""
    from datalab.logline import install

    settings = settings_of(home=home)
    settings.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
    install(settings.logs, log)
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    run(settings, stopping)


json_option = click.option("--json", "as_json", is_flag=True, help="Réponse en JSON.")


@click.command("status")
@json_option
@click.option("--wait", type=click.FloatRange(min=0), help="Attend que tout réponde, en secondes.")
@home_option
def status_command(as_json: bool, wait: float | None, home: str | None) -> None:
    """Dit ce qui tourne et si cela répond ; code de sortie 0 si tout répond."""
    from datalab.deployment import status

    settings = settings_of(home=home)
    found = status.wait(settings, wait) if wait else status.look(settings)
    click.echo(found.as_json() if as_json else found.as_text(language_of()))
    if not found.well:
        raise SystemExit(1)


@click.command("doctor")
@json_option
@click.option("--port", type=click.IntRange(1, 65535), help="Port d’écoute prévu.")
@home_option
def doctor_command(as_json: bool, port: int | None, home: str | None) -> None:
    """Dit ce qui manque à cette machine, avec la commande qui y remédie."""
    from datalab.deployment import doctor

    findings = doctor.examine(settings_of(home=home, port=port), language_of())
    click.echo(doctor.as_json(findings) if as_json else doctor.as_text(findings))
    if any(finding.level == "error" for finding in findings):
        raise SystemExit(1)
