"""Commands of versions: ``release``, ``publish``, ``rollback`` and ``clean``."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from datalab.commands.data import entry_of, home_option, json_option, print_json
from datalab.commands.refresh import log_to
from datalab.commands.terminal import actor, settings_of
from datalab.i18n import language_of, translate

if TYPE_CHECKING:
    from datalab.lake.retention import Sweep
    from datalab.settings import Settings

wait_option = click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=60,
    show_default=True,
    help="Secondes à attendre si une autre actualisation écrit.",
)


def _now() -> datetime:
    return datetime.now(UTC)


def _audit(settings: Settings, action: str, subject: str, **facts: object) -> None:
    from datalab.people import audit
    from datalab.people.store import Store

    audit.record(Store(settings.people), time.time(), actor(), action, subject, **facts)


@click.command("release")
@click.argument("dataset", metavar="ID")
@click.argument("name", metavar="NOM")
@click.option("--note", required=True, help="À quoi sert cette version nommée.")
@click.option("--snapshot", type=click.IntRange(min=0), help="La plus récente par défaut.")
@json_option
@home_option
def release_command(
    dataset: str, name: str, note: str, snapshot: int | None, as_json: bool, home: str | None
) -> None:
    """Donne pour toujours un NOM à une version d’un jeu, pour la citer ; elle reste."""
    from datalab.errors import NotPublished
    from datalab.lake.reader import table
    from datalab.lake.release import make

    settings, language = settings_of(home), language_of()
    entry = entry_of(settings.lake, dataset)
    if not entry.snapshots:
        raise NotPublished(dataset=entry.id, reason="no-published-run")
    number = int(entry.snapshots[0]["snapshot"]) if snapshot is None else snapshot
    table(entry, number)
    at = _now().isoformat(timespec="seconds")
    made = make(settings.lake, settings.writer, entry, name, number, at, actor(), note)
    _audit(settings, "dataset.release", entry.id, release=made.name, snapshot=made.snapshot)
    if as_json:
        print_json(made.as_json())
        return
    said = translate(
        "Snapshot {snapshot} of {dataset} is release '{release}' from now on. In a notebook: "
        'lab.dataset("{dataset}", release="{release}")',
        language,
        snapshot=made.snapshot,
        dataset=entry.id,
        release=made.name,
    )
    click.echo(said)


@click.command("publish")
@click.argument("dataset", metavar="ID")
@click.option("--note", required=True, help="Pourquoi ce changement ne peut pas attendre.")
@wait_option
@home_option
def publish_command(dataset: str, note: str, wait: float, home: str | None) -> None:
    """Publie tout de suite un changement annoncé, avant la fin de son préavis."""
    from datalab.commands.outcome import outcome
    from datalab.lake.notice import release_early
    from datalab.refresh import refresh

    settings, language = settings_of(home), language_of()
    entry = entry_of(settings.lake, dataset)
    release_early(settings.lake, settings.writer, entry, actor(), note, _now())
    _audit(settings, "dataset.publish-early", entry.id, note=note)
    log_to(settings, "refresh")
    for record in refresh([entry.id], settings, actor(), wait=wait):
        click.echo(outcome(record, None, language))


@click.command("rollback")
@click.argument("dataset", metavar="ID")
@click.option("--to", type=click.IntRange(min=0), help="Version à remettre ; la précédente sinon.")
@click.option("--note", required=True, help="Pourquoi revenir en arrière.")
@wait_option
@json_option
@home_option
def rollback_command(
    dataset: str, to: int | None, note: str, wait: float, as_json: bool, home: str | None
) -> None:
    """Remet en avant les lignes d’une version antérieure, comme nouvelle version."""
    from datalab.restoring import restore

    settings, language = settings_of(home), language_of()
    record = restore(settings, dataset, to, actor(), note, _now(), wait=wait)
    back = record.rollback or {}
    _audit(settings, "dataset.rollback", record.dataset, to=back.get("to"), note=note)
    if as_json:
        click.echo(json.dumps(record.as_json(), ensure_ascii=False))
        return
    said = translate(
        "{dataset}: snapshot {snapshot} shows the rows of snapshot {to} again. The file that "
        "brought snapshot {before} is not published again; a new file of the source will be.",
        language,
        dataset=record.dataset,
        snapshot=record.snapshot,
        to=back.get("to"),
        before=back.get("from"),
    )
    click.echo(said)


@click.command("clean")
@click.option("--dry-run", is_flag=True, help="Dit ce qui partirait, sans rien toucher.")
@wait_option
@json_option
@home_option
def clean_command(dry_run: bool, wait: float, as_json: bool, home: str | None) -> None:
    """Retire les versions que rien ne retient ; jamais une version nommée, citée ou utilisée."""
    from datalab.cleaning import clean

    settings, language = settings_of(home), language_of()
    found = clean(settings, _now(), dry=dry_run, wait=wait)
    if as_json:
        print_json([_plain(sweep) for sweep in found])
        return
    for sweep in found:
        template = (
            translate("{dataset}: {count} snapshots would go ({size} MB): {listed}", language)
            if dry_run
            else translate("{dataset}: {count} snapshots removed ({size} MB): {listed}", language)
        )
        listed = ", ".join(map(str, sweep.snapshots[:20]))
        more = " …" if len(sweep.snapshots) > 20 else ""
        size = f"{sweep.bytes / 1e6:.1f}"
        click.echo(
            template.format(
                dataset=sweep.dataset,
                count=len(sweep.snapshots),
                size=size if language == "en" else size.replace(".", ","),
                listed=listed + more,
            )
        )
    if not found:
        click.echo(translate("Nothing to remove.", language))


def _plain(sweep: Sweep) -> dict[str, object]:
    return {
        "dataset": sweep.dataset,
        "lake": sweep.lake,
        "snapshots": list(sweep.snapshots),
        "bytes": sweep.bytes,
    }
