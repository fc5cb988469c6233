"""Commands about people: ``datalab user …`` and ``datalab audit``."""

from __future__ import annotations

import getpass
import json
import os
import time
from typing import TYPE_CHECKING, Any

import click

from datalab.commands.lab import home_option, json_option, settings_of
from datalab.i18n import language_of, translate

if TYPE_CHECKING:
    from datalab.hub.plan import Plan
    from datalab.people.accounts import Account
    from datalab.people.store import Store
    from datalab.settings import Settings

DAY = 86_400.0
group_option = click.option(
    "--group", "groups", multiple=True, required=True, help="Groupe ; peut être répété."
)


@click.group("user")
def user_command() -> None:
    """Comptes : ajouter, inviter, changer, fermer, retirer."""


@user_command.command("list")
@json_option
@home_option
def list_command(as_json: bool, home: str | None) -> None:
    """Liste les comptes, leurs groupes et leur état."""
    from datalab.people import accounts

    found = accounts.accounts(_store(settings_of(home=home)))
    now, language = time.time(), language_of()
    if as_json:
        click.echo(json.dumps([_document(account, now) for account in found], ensure_ascii=False))
        return
    width = max((len(account.name) for account in found), default=0)
    for account in found:
        state = translate("open", language)
        if account.disabled_at is not None:
            state = translate("disabled", language)
        elif not account.may_enter(now):
            state = translate("over", language)
        elif account.expires_at is not None:
            until = _moment(account.expires_at)
            state = translate("open until {until}", language, until=until)
        held = ", ".join(account.groups) or "–"
        click.echo(f"{account.name:<{width}}  {account.display}  [{held}]  {state}")


@user_command.command("add")
@click.argument("name")
@group_option
@click.option("--display", default="", help="Nom affiché, libre.")
@click.option("--email", help="Adresse de courriel, facultative.")
@click.option("--days", type=click.FloatRange(min=0, min_open=True), help="Durée du compte.")
@home_option
def add_command(
    name: str,
    groups: tuple[str, ...],
    display: str,
    email: str | None,
    days: float | None,
    home: str | None,
) -> None:
    """Ajoute le compte NAME ; il entre par un lien de « datalab signin NAME »."""
    from datalab.people import accounts

    settings, now = settings_of(home=home), time.time()
    over = now + days * DAY if days else None
    account = accounts.add(
        _store(settings), now, _actor(), name, groups, display, email=email, expires_at=over
    )
    _follow(settings, now)
    _say("Account {name} added. 'datalab signin {name}' gives a link to enter.", name=account.name)


@user_command.command("groups")
@click.argument("name")
@click.argument("groups", nargs=-1)
@home_option
def groups_command(name: str, groups: tuple[str, ...], home: str | None) -> None:
    """Remplace les groupes du compte NAME."""
    from datalab.people import accounts

    settings, now = settings_of(home=home), time.time()
    account = accounts.set_groups(_store(settings), now, _actor(), name, groups)
    _follow(settings, now)
    held = ", ".join(account.groups) or "–"
    _say("Groups of {name}: {groups}.", name=account.name, groups=held)


@user_command.command("disable")
@click.argument("name")
@home_option
def disable_command(name: str, home: str | None) -> None:
    """Ferme le compte NAME : plus d’entrée, serveur arrêté ; rien n’est effacé."""
    _open_or_close(name, home, disabled=True)
    _say("Account {name} is disabled; its files stay.", name=name)


@user_command.command("enable")
@click.argument("name")
@home_option
def enable_command(name: str, home: str | None) -> None:
    """Rouvre le compte NAME."""
    _open_or_close(name, home, disabled=False)
    _say("Account {name} is open again.", name=name)


@user_command.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Ne demande pas de confirmation.")
@home_option
def remove_command(name: str, yes: bool, home: str | None) -> None:
    """Retire le compte NAME et efface ses fichiers."""
    from datalab.people import accounts

    settings, now = settings_of(home=home), time.time()
    store = _store(settings)
    accounts.get(store, name)
    question = translate("Delete the account {name} and all its files?", language_of(), name=name)
    if not yes and not click.confirm(question):
        raise SystemExit(1)
    accounts.remove(store, now, _actor(), name)
    _follow(settings, now)
    _say("Account {name} is removed.", name=name)


def _open_or_close(name: str, home: str | None, *, disabled: bool) -> None:
    from datalab.people import accounts

    settings, now = settings_of(home=home), time.time()
    accounts.disable(_store(settings), now, _actor(), name, disabled=disabled)
    _follow(settings, now)


@click.command("audit")
@click.option("--since", type=click.DateTime(), help="À partir de ce moment (UTC).")
@click.option("--account", help="Ce que ce compte a fait ou subi.")
@click.option("--limit", type=click.IntRange(1), default=200, show_default=True)
@click.option("--verify", is_flag=True, help="Vérifie que rien n’a été changé ni enlevé.")
@json_option
@home_option
def audit_command(
    since: Any, account: str | None, limit: int, verify: bool, as_json: bool, home: str | None
) -> None:
    """Journal des connexions, des droits et des lectures réservées."""
    from datetime import UTC

    from datalab.people import audit

    store = _store(settings_of(home=home))
    if verify:
        _verify(audit.first_broken(store), as_json)
        return
    start = since.replace(tzinfo=UTC).timestamp() if since else 0.0
    for entry in reversed(audit.entries(store, since=start, actor=account, limit=limit)):
        if as_json:
            click.echo(json.dumps(vars(entry), ensure_ascii=False))
        else:
            detail = " ".join(f"{key}={_short(value)}" for key, value in entry.detail.items())
            line = f"{_moment(entry.at)}  {entry.action:<20} {entry.actor} → {entry.subject or '–'}"
            click.echo(f"{line}  {detail}".rstrip())


def _verify(broken: int | None, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"broken": broken}))
    elif broken is None:
        _say("The audit log is whole: every entry follows from the one before it.")
    else:
        _say("The audit log was changed behind the lab's back: entry {number}.", number=broken)
    if broken is not None:
        raise SystemExit(1)


# -- what the commands share ------------------------------------------------------------------


def _store(settings: Settings) -> Store:
    from datalab.errors import NotRunning
    from datalab.people.store import Store

    if not settings.people.parent.is_dir():
        raise NotRunning(home=str(settings.home))
    return Store(settings.people)


def _plan(settings: Settings) -> Plan:
    from datalab.errors import NotRunning
    from datalab.hub.plan import Plan

    try:
        return Plan.read(settings.run)
    except (OSError, ValueError, TypeError):
        raise NotRunning(home=str(settings.home)) from None


def _follow(settings: Settings, now: float) -> None:
    """Tell the hub at once where it runs; else it reads the store at its start."""
    from datalab.deployment.answers import answers
    from datalab.errors import HubUnreachable, NotRunning
    from datalab.isolation.homes import Homes
    from datalab.keeper import hub_api
    from datalab.people.follow import follow

    try:
        plan = _plan(settings)
    except NotRunning:
        return
    if not answers(f"http://127.0.0.1:{plan.hub_port}/hub/api"):
        return
    homes = Homes(settings.home / "accounts", os.geteuid() == 0)
    try:
        follow(_store(settings), hub_api(settings, plan), homes, now)
    except HubUnreachable as error:
        click.echo(error.message(language_of()), err=True)


def _actor() -> str:
    return f"terminal:{getpass.getuser()}"


def _say(message: str, **facts: object) -> None:
    click.echo(translate(message, language_of(), **facts))


def _moment(seconds: float) -> str:
    from datetime import UTC, datetime

    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def _short(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _document(account: Account, now: float) -> dict[str, Any]:
    return {**vars(account), "open": account.may_enter(now)}
