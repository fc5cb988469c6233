"""Commands that bring data in: ``refresh`` and ``refresher``."""

from __future__ import annotations

import getpass
import json
import logging
import sys
from typing import TYPE_CHECKING, Any

import click

from datalab.catalog.badge import away
from datalab.commands.terminal import settings_of
from datalab.errors import LakeBusy
from datalab.i18n import Language, language_of, translate
from datalab.logline import Failures, Lines

if TYPE_CHECKING:
    from datalab.intake import Event
    from datalab.settings import Settings

QUIET = 2.0  # seconds of waiting that need no word

home_option = click.option(
    "--home", type=click.Path(file_okay=False), help="Dossier qui garde tout l’état du laboratoire."
)


def author() -> str:
    """Who asks, for the commit."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "datalab"


def log_to(settings: Settings, name: str) -> None:
    """Send what only an operator needs to a file of the lab."""
    settings.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
    handler = logging.FileHandler(settings.logs / f"{name}.log", encoding="utf-8")
    handler.setFormatter(Lines(name))
    logger = logging.getLogger("datalab")
    logger.handlers = [handler, Failures(settings.logs, name)]
    logger.setLevel(logging.INFO)
    logger.propagate = False


@click.command("refresh")
@click.argument("ids", nargs=-1, metavar="[ID…]")
@click.option("--all", "everything", is_flag=True, help="Tout le catalogue (par défaut sans ID).")
@click.option("--local", is_flag=True, help="Sans les jeux dont la source est sur le web.")
@click.option(
    "--workers",
    type=click.IntRange(min=0),
    default=0,
    help="Processus d’une grappe Dask qui préparent et vérifient (par défaut : ce processus).",
)
@click.option("--json", "as_json", is_flag=True, help="Résultat en JSON sur la sortie standard.")
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=60,
    show_default=True,
    help="Secondes à attendre si une autre actualisation écrit.",
)
@home_option
def refresh_command(
    ids: tuple[str, ...],
    everything: bool,
    local: bool,
    workers: int,
    as_json: bool,
    wait: float,
    home: str | None,
) -> None:
    """Va chercher, vérifie et publie les jeux de données. Code 1 si l’un n’a pas pu l’être.

    Une source du web qui ne répond pas est dite, mais n’est pas une erreur quand tout le catalogue
    est actualisé.
    """
    from datalab.refresh import refresh

    settings, language = settings_of(home), language_of()
    if ids and everything:
        raise click.UsageError(translate("Name datasets, or say --all, not both.", language))
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    log_to(settings, "refresh")
    with Progress(language, shown=not as_json and sys.stderr.isatty()) as progress:
        try:
            records = refresh(
                list(ids) or None,
                settings,
                author(),
                progress.on_event,
                wait=min(wait, QUIET),
                remote=not local,
                workers=workers,
            )
        except LakeBusy as busy:
            if wait <= QUIET:
                raise
            said = translate(
                "Another refresh is writing (process {pid} of {owner}); waiting up to {seconds} s…",
                language,
                pid=busy.facts["pid"],
                owner=busy.facts["owner"],
                seconds=int(wait),
            )
            click.echo(said, err=True)
            records = refresh(
                list(ids) or None,
                settings,
                author(),
                progress.on_event,
                wait=wait - QUIET,
                remote=not local,
                workers=workers,
            )
    if as_json:
        click.echo(json.dumps([record.as_json() for record in records], ensure_ascii=False))
    else:
        from datalab.commands.outcome import outcome

        described = _described(settings)
        for name, lakes in progress.moved.items():
            click.echo(
                translate(
                    "{dataset}: removed from the lake '{lakes}' with its whole history, because "
                    "its access changed.",
                    language,
                    dataset=name,
                    lakes=", ".join(lakes),
                )
            )
        for record in records:
            click.echo(outcome(record, described.get(record.dataset), language))
    if any(
        record.state in ("kept", "failed") and (ids or not away(record.as_json()))
        for record in records
    ):
        sys.exit(1)


def _described(settings: Settings) -> dict[str, Any]:
    """Datasets of the catalog by id, to say their expectations in words."""
    from datalab.catalog.catalog import Catalog

    return dict(Catalog.load(settings.catalog, None, settings.own_catalog).datasets)


class Progress:
    """A bar on a terminal, nothing in a pipe. Events come from several threads."""

    def __init__(self, language: Language, shown: bool) -> None:
        self.language, self.shown = language, shown
        self.moved: dict[str, tuple[str, ...]] = {}
        self._bar: Any = None
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> Progress:
        if self.shown:
            from rich.console import Console
            from rich.progress import BarColumn, DownloadColumn, TextColumn
            from rich.progress import Progress as Bar

            self._bar = Bar(
                TextColumn("{task.description:<28}"),
                BarColumn(),
                DownloadColumn(),
                TextColumn("{task.fields[step]}"),
                console=Console(stderr=True),
                transient=True,
            )
            self._bar.start()
        return self

    def __exit__(self, *rest: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def on_event(self, event: Event) -> None:
        if event.kind == "moved":
            self.moved[event.dataset] = event.lakes
        if self._bar is None:
            return
        if event.dataset not in self._tasks:
            self._tasks[event.dataset] = self._bar.add_task(event.dataset, total=None, step="")
        task = self._tasks[event.dataset]
        if event.kind == "bytes":
            self._bar.update(task, completed=event.bytes, total=event.total)
        steps = {
            "started": "fetching",
            "staged": "checking",
            "validated": "publishing",
        }
        if event.kind in steps:
            self._bar.update(task, step=translate(steps[event.kind], self.language))
        if event.kind == "done":
            self._bar.update(task, total=1, completed=1, visible=False)


@click.command("refresher")
@home_option
def refresher_command(home: str | None) -> None:
    """Met les jeux de données à jour quand ils sont dus, jusqu’à ce qu’on l’arrête."""
    from datalab.refresher import Refresher

    settings = settings_of(home)
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    log_to(settings, "refresher")
    Refresher(settings).run()
