"""The commands ``datalab access …``: who asked for a restricted dataset, who has it, until when."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import click

from datalab.commands.audit import moment
from datalab.commands.lab import home_option, json_option, settings_of
from datalab.commands.terminal import actor
from datalab.i18n import language_of, translate

if TYPE_CHECKING:
    from datalab.people.store import Store

DAY = 86_400.0


@click.group("access")
def access_command() -> None:
    """Accès aux jeux restreints : demandes, accords, reprises."""


@access_command.command("list")
@click.argument("dataset", required=False)
@click.option("--all", "everything", is_flag=True, help="Montre aussi ce qui est terminé.")
@json_option
@home_option
def list_command(dataset: str | None, everything: bool, as_json: bool, home: str | None) -> None:
    """Liste les demandes et les accès par accord, de DATASET ou de tous."""
    from datalab.people import grants
    from datalab.people.grant import STATES

    now, language = time.time(), language_of()
    found = grants.listed(_store(home), dataset=dataset)
    if not everything:
        found = [one for one in found if one.state == "asked" or one.holds(now)]
    if as_json:
        click.echo(json.dumps([vars(one) for one in found], ensure_ascii=False))
        return
    for one in found:
        over = one.state == "granted" and not one.holds(now)
        state = STATES["ended" if over else one.state].in_(language)
        until = translate("until {moment}", language, moment=moment(one.until))
        click.echo(f"{one.id}  {one.version}  {one.account}  [{state}]  {until}  {one.purpose}")
    if not found:
        click.echo(translate("No request and no grant.", language))


@access_command.command("grant")
@click.argument("dataset")
@click.argument("account")
@click.option("--days", type=click.FloatRange(0, 366, min_open=True), default=90.0)
@click.option("--purpose", required=True, help="Pour quoi faire : la personne le lira.")
@home_option
def grant_command(dataset: str, account: str, days: float, purpose: str, home: str | None) -> None:
    """Ouvre DATASET, ou DATASET--MASQUE, au compte ACCOUNT pour un temps."""
    from datalab.lake.index import read_index
    from datalab.people import accounts, grants
    from datalab.people.audience import Audience

    settings, now = settings_of(home=home), time.time()
    store = _store(home)
    entries = read_index(settings.lake)
    known = [
        version
        for name, entry in entries.items()
        if entry.dataset.get("access") == "restricted"
        for version in Audience.of(name, entry.dataset).versions
    ]
    if dataset not in known:
        from datalab.errors import UnknownDataset

        raise UnknownDataset(dataset, known)
    accounts.get(store, account)
    made = grants.give(store, now, actor(), account, dataset, now + days * DAY, purpose)
    _say(
        "{account} reads {dataset} until {moment}.",
        account=account,
        dataset=dataset,
        moment=moment(made.until),
    )


@access_command.command("revoke")
@click.argument("id")
@click.option("--reason", required=True, help="Pourquoi : la personne le lira.")
@home_option
def revoke_command(id: str, reason: str, home: str | None) -> None:
    """Reprend l’accord ID, que « datalab access list » montre."""
    from datalab.people import grants

    one = grants.revoke(_store(home), time.time(), actor(), id, reason)
    _say("{account} reads {dataset} no more.", account=one.account, dataset=one.version)


def _store(home: str | None) -> Store:
    from datalab.errors import NotRunning
    from datalab.people.store import Store

    store = Store(settings_of(home=home).people)
    if not store.path.is_file():
        raise NotRunning(home=str(store.path.parent.parent))
    return store


def _say(message: str, **facts: Any) -> None:
    click.echo(translate(message, language_of(), **facts))
