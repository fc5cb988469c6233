"""Commands about projects: ``datalab project …``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from datalab.commands.lab import home_option, json_option, settings_of
from datalab.commands.sync import Door, door, hub_of, synced
from datalab.i18n import language_of, translate

if TYPE_CHECKING:
    from datalab.projects.project import Project


@click.group("project")
def project_command() -> None:
    """Projets : créer, inviter, archiver, rétablir, exécuter."""


@project_command.command("create")
@click.argument("slug")
@click.option("--title", required=True, help="Titre du projet, libre.")
@click.option("--purpose", default="", help="Objet du projet : la question qu’il se pose.")
@click.option("--template", default="empty", show_default=True, help="Modèle de départ.")
@click.option(
    "--member", "members", multiple=True, help="NOM:RÔLE (owner, editor ou viewer) ; répétable."
)
@click.option("--license", default="mit", show_default=True, help="Licence du projet.")
@json_option
@home_option
def create_command(
    slug: str,
    title: str,
    purpose: str,
    template: str,
    members: tuple[str, ...],
    license: str,
    as_json: bool,
    home: str | None,
) -> None:
    """Crée le projet SLUG, sans redémarrer le hub."""
    from datalab.isolation.homes import Homes
    from datalab.isolation.sandbox import probe
    from datalab.projects.create import create

    here = door(home)
    roles: dict[str, Any] = {}
    for text in members:
        name, _, role = text.partition(":")
        roles[name] = role or "editor"
    walls = probe(here.settings.home)
    homes = Homes(here.settings.home / "accounts", walls.mode in {"root", "setuid"})
    project = create(
        here.projects,
        homes,
        here.store,
        here.now,
        here.actor,
        slug,
        title,
        purpose,
        template,
        members=roles,
        license=license,
    )
    _say(
        here,
        project,
        as_json,
        translate("Project '{slug}' is made.", language_of(), slug=slug),
    )


@project_command.command("list")
@click.option("--all", "everything", is_flag=True, help="Aussi les projets archivés et supprimés.")
@json_option
@home_option
def list_command(everything: bool, as_json: bool, home: str | None) -> None:
    """Liste les projets."""
    from datalab.errors import InvalidManifest

    here, language = door(home), language_of()
    listed, broken = [], []
    for found in here.projects.all():
        if isinstance(found, InvalidManifest):
            broken.append(found)
        elif everything or found.manifest.status == "active":
            listed.append(found)
    if as_json:
        documents = [*map(document, listed), *(error.as_json(language) for error in broken)]
        click.echo(json.dumps(documents, ensure_ascii=False))
        return
    width = max((len(found.slug) for found in listed), default=0)
    for found in listed:
        click.echo(
            f"{found.slug:<{width}}  {found.manifest.title.in_(language)}  [{_state(found)}]"
        )
    for error in broken:
        click.echo(error.message(language), err=True)
    if not listed and not broken:
        click.echo(translate("There is no project yet.", language))


@project_command.command("show")
@click.argument("slug")
@json_option
@home_option
def show_command(slug: str, as_json: bool, home: str | None) -> None:
    """Montre un projet : objet, membres, jeux de données."""
    here, language = door(home), language_of()
    project = here.projects.get(slug)
    if as_json:
        click.echo(json.dumps(document(project), ensure_ascii=False))
        return
    about = project.manifest
    click.echo(f"{about.title.in_(language)} ({slug}) [{_state(project)}]")
    click.echo(about.purpose.in_(language))
    for member in about.members:
        click.echo(f"  {member.account}: {_role(member.role)}")
    if about.datasets:
        click.echo(", ".join(about.datasets))


@project_command.command("members")
@click.argument("slug")
@json_option
@home_option
def members_command(slug: str, as_json: bool, home: str | None) -> None:
    """Liste les membres d’un projet et leur rôle."""
    members = door(home).projects.get(slug).manifest.members
    if as_json:
        click.echo(json.dumps([m.model_dump(mode="json") for m in members]))
        return
    width = max((len(member.account) for member in members), default=0)
    for member in members:
        click.echo(f"{member.account:<{width}}  {_role(member.role)}")


@project_command.command("add")
@click.argument("slug")
@click.argument("account")
@click.argument("role", default="editor")
@json_option
@home_option
def add_command(slug: str, account: str, role: Any, as_json: bool, home: str | None) -> None:
    """Fait entrer ACCOUNT dans le projet : owner, editor (par défaut) ou viewer."""
    from datalab.projects import membership
    from datalab.projects.reading import Reading

    here, language = door(home), language_of()
    reading = Reading(here.store, here.settings.lake, here.now)
    effect = membership.effect_of_adding(here.projects.get(slug), account, reading)
    changed = membership.invite(
        here.projects, here.store, here.now, here.actor, slug, account, role
    )
    if effect.lost and not as_json:
        lost = ", ".join(dataset.id for dataset in effect.lost)
        click.echo(
            translate(
                "With '{account}', the project no longer reads: {lost}.",
                language,
                account=account,
                lost=lost,
            )
        )
    said = translate(
        "'{account}' is in project '{slug}' now.", language, account=account, slug=slug
    )
    _say(here, changed, as_json, said)


@project_command.command("role")
@click.argument("slug")
@click.argument("account")
@click.argument("role")
@json_option
@home_option
def role_command(slug: str, account: str, role: Any, as_json: bool, home: str | None) -> None:
    """Change le rôle d’un membre."""
    from datalab.projects import membership

    here, language = door(home), language_of()
    changed = membership.change_role(
        here.projects, here.store, here.now, here.actor, slug, account, role
    )
    said = translate("'{account}' is {role} now.", language, account=account, role=_role(role))
    _say(here, changed, as_json, said)


@project_command.command("remove")
@click.argument("slug")
@click.argument("account")
@json_option
@home_option
def remove_command(slug: str, account: str, as_json: bool, home: str | None) -> None:
    """Retire un membre ; son accès prend fin aussitôt."""
    from datalab.projects import membership

    here, language = door(home), language_of()
    changed = membership.remove(here.projects, here.store, here.now, here.actor, slug, account)
    said = translate("'{account}' has left project '{slug}'.", language, account=account, slug=slug)
    _say(here, changed, as_json, said)


def _turn(verb: str, slug: str, as_json: bool, home: str | None, said: str) -> None:
    from datalab.projects import lifecycle

    here = door(home)
    changed = getattr(lifecycle, verb)(here.projects, here.store, here.now, here.actor, slug)
    _say(here, changed, as_json, said)


@project_command.command("archive")
@click.argument("slug")
@json_option
@home_option
def archive_command(slug: str, as_json: bool, home: str | None) -> None:
    """Archive un projet : tout reste lisible, plus rien ne change."""
    said = translate("Project '{slug}' is archived.", language_of(), slug=slug)
    _turn("archive", slug, as_json, home, said)


@project_command.command("restore")
@click.argument("slug")
@json_option
@home_option
def restore_command(slug: str, as_json: bool, home: str | None) -> None:
    """Rétablit un projet archivé ou supprimé."""
    said = translate("Project '{slug}' is open again.", language_of(), slug=slug)
    _turn("restore", slug, as_json, home, said)


@project_command.command("delete")
@click.argument("slug")
@json_option
@home_option
def delete_command(slug: str, as_json: bool, home: str | None) -> None:
    """Supprime un projet ; il peut être rétabli pendant le délai de grâce."""
    days = settings_of(home=home).grace_days
    said = translate(
        "Project '{slug}' is deleted. For {days} days 'datalab project restore {slug}' takes it "
        "back; then its files are gone.",
        language_of(),
        slug=slug,
        days=f"{days:g}",
    )
    _turn("delete", slug, as_json, home, said)


def document(project: Project) -> dict[str, Any]:
    """A project as ``--json`` says it."""
    about = project.manifest.model_dump(mode="json", exclude_none=True)
    return {"slug": project.slug, "reference": project.reference, **about}


def _say(here: Door, project: Project, as_json: bool, said: str) -> None:
    """Tell what was done, and make the hub follow at once where it runs."""
    from datalab.errors import HubUnreachable

    waiting = False
    api = hub_of(here.settings)
    try:
        if api is not None:
            synced(here, api, project.slug)
    except HubUnreachable:
        waiting = True
    if as_json:
        click.echo(json.dumps(document(project), ensure_ascii=False))
        return
    click.echo(said)
    if waiting or api is None:
        click.echo(translate("The hub does not run: it follows as soon as it does.", language_of()))


def _state(project: Project) -> str:
    language = language_of()
    if project.reference:
        return translate("reference", language)
    words = {
        "active": translate("open", language),
        "archived": translate("archived", language),
        "deleted": translate("deleted", language),
    }
    return words[project.manifest.status]


def _role(role: str) -> str:
    language = language_of()
    words = {
        "owner": translate("owner", language),
        "editor": translate("editor", language),
        "viewer": translate("viewer", language),
    }
    return words.get(role, role)


# Adds ``run`` and ``export`` to the group above.
from datalab.commands import project_pages as project_pages  # noqa: E402
from datalab.commands import project_run as project_run  # noqa: E402
