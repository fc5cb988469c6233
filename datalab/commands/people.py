"""The commands ``datalab user …``: accounts, their groups, passwords and invitations."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from datalab.commands.audit import moment
from datalab.commands.lab import home_option, json_option, settings_of
from datalab.commands.terminal import actor
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
        if not account.may_enter(now):
            state = account.closed_because.in_(language)
        elif account.expires_at is not None:
            until = moment(account.expires_at)
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
        _store(settings), now, actor(), name, groups, display, email=email, expires_at=over
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
    account = accounts.set_groups(_store(settings), now, actor(), name, groups)
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
    accounts.remove(store, now, actor(), name)
    _follow(settings, now)
    _say("Account {name} is removed.", name=name)


def _open_or_close(name: str, home: str | None, *, disabled: bool) -> None:
    from datalab.people import accounts

    settings, now = settings_of(home=home), time.time()
    accounts.disable(_store(settings), now, actor(), name, disabled=disabled)
    _follow(settings, now)


@user_command.command("password")
@click.argument("name")
@home_option
def password_command(name: str, home: str | None) -> None:
    """Affiche un lien, à usage unique, pour choisir le mot de passe du compte NAME."""
    from datalab.errors import AccountClosed
    from datalab.people import accounts
    from datalab.people.links import Links

    settings, now = settings_of(home=home), time.time()
    store, plan = _store(settings), _plan(settings)
    account = accounts.get(store, name)
    if not account.may_enter(now):
        raise AccountClosed(name=name, reason=account.closed_because)
    token = Links(store).issue(name, now, settings.signin_hours * 3600, "password")
    click.echo(f"{plan.url}/hub/password?token={token}")


@user_command.command("invite")
@click.argument("group")
@click.option("--places", type=click.IntRange(1, 500), default=30, show_default=True)
@click.option(
    "--days",
    type=click.FloatRange(0, 90),
    default=1,
    show_default=True,
    help="Jours pendant lesquels le code fait entrer.",
)
@click.option(
    "--hours",
    type=click.FloatRange(0, 744),
    default=4,
    show_default=True,
    help="Heures que dure un compte temporaire.",
)
@click.option("--note", default="", help="Phrase montrée aux invités.")
@click.option("--project", help="Projet où les invités sont lecteurs.")
@json_option
@home_option
def invite_command(
    group: str,
    places: int,
    days: float,
    hours: float,
    note: str,
    project: str | None,
    as_json: bool,
    home: str | None,
) -> None:
    """Crée un code qui ouvre des comptes temporaires dans GROUP."""
    from datalab.people import invitations
    from datalab.projects.project import Projects

    settings, now = settings_of(home=home), time.time()
    store, plan = _store(settings), _plan(settings)
    if project:
        Projects(settings.shared, settings.projects).get(project)
    made = invitations.issue(
        store,
        now,
        actor(),
        group,
        places=places,
        lifetime=days * DAY,
        stay=hours * 3600,
        note=note,
        project=project,
    )
    url = f"{plan.url}/hub/rejoindre/{made.code}"
    if as_json:
        click.echo(json.dumps({**vars(made), "url": url}, ensure_ascii=False))
        return
    click.echo(made.shown)
    click.echo(url)
    _draw(url)
    _say(
        "{places} place(s), until {until}; 'datalab user withdraw {id}' ends it.",
        places=made.places,
        until=moment(made.expires_at),
        id=made.id,
    )


@user_command.command("invitations")
@json_option
@home_option
def invitations_command(as_json: bool, home: str | None) -> None:
    """Liste les invitations et les places prises."""
    from datalab.people import invitations

    now, language = time.time(), language_of()
    for found in invitations.invitations(_store(settings_of(home=home))):
        if as_json:
            click.echo(json.dumps(vars(found), ensure_ascii=False))
            continue
        reason = found.closed(now)
        state = (
            reason.in_(language)
            if reason
            else translate("open until {until}", language, until=moment(found.expires_at))
        )
        places = f"{found.used}/{found.places}"
        click.echo(f"{found.id}  {found.shown}  {found.group}  {places}  {state}  {found.note}")


@user_command.command("withdraw")
@click.argument("id")
@home_option
def withdraw_command(id: str, home: str | None) -> None:
    """Retire l’invitation ID et met fin aux comptes qu’elle a ouverts."""
    from datalab.people import invitations

    settings, now = settings_of(home=home), time.time()
    made = invitations.withdraw(_store(settings), now, actor(), id)
    _follow(settings, now)
    _say("Invitation {id} is withdrawn; its guests are leaving.", id=made.id)


def _draw(url: str) -> None:
    """A QR code, where somebody looks at the terminal."""
    if sys.stdout.isatty():
        import segno

        segno.make(url).terminal(compact=True)


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
    from datalab.projects.departure import leave_all
    from datalab.projects.project import Projects

    try:
        plan = _plan(settings)
    except NotRunning:
        return
    if not answers(plan.hub_api):
        return
    homes = Homes(settings.home / "accounts", os.geteuid() == 0)
    store, projects = _store(settings), Projects(settings.shared, settings.projects)
    try:
        follow(
            store,
            hub_api(settings, plan),
            homes,
            now,
            lambda name: leave_all(projects, store, now, name),
        )
    except HubUnreachable as error:
        click.echo(error.message(language_of()), err=True)


def _say(message: str, **facts: object) -> None:
    click.echo(translate(message, language_of(), **facts))


def _document(account: Account, now: float) -> dict[str, Any]:
    return {**vars(account), "open": account.may_enter(now)}
