"""Who is in a project, in which role; and what it reads because of that.

Every change is written to the manifest under its lock and to the audit log; the hub follows by
``sync``, which takes access away before it gives any.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from datalab.errors import (
    AlreadyMember,
    LastOwner,
    MemberCannotEnter,
    NotAMember,
    ProjectClosed,
    UnknownRole,
)
from datalab.i18n import Phrase
from datalab.people import accounts, audit
from datalab.people.rights import PROJECT_ROLES, ProjectRole
from datalab.people.store import Store
from datalab.projects.manifest import Manifest, Member, moment
from datalab.projects.project import Project, Projects
from datalab.projects.reading import Readable, Reading

STATES = {"archived": Phrase("archived"), "deleted": Phrase("deleted")}


@dataclass(frozen=True)
class Effect:
    """What a change of members does to what the project reads.

    ``used`` are those of ``lost`` that the manifest says the project works with.
    """

    lost: tuple[Readable, ...] = ()
    gained: tuple[Readable, ...] = ()
    used: tuple[Readable, ...] = ()


def invite(
    projects: Projects,
    store: Store,
    now: float,
    actor: str,
    slug: str,
    account: str,
    role: ProjectRole,
) -> Project:
    """Add a member.

    Raises
    ------
    UnknownProject, UnknownAccount, UnknownRole, AlreadyMember, MemberCannotEnter, ProjectClosed
    """
    checked_role(role)
    person = accounts.get(store, account)
    if not person.may_enter(now):
        raise MemberCannotEnter(account=account)

    def edit(manifest: Manifest) -> Manifest:
        opened(manifest)
        if held := manifest.role_of(account, person.created_at):
            raise AlreadyMember(account=account, slug=slug, role=held)
        # An entry of that name is an earlier holder's.
        others = [member for member in manifest.members if member.account != account]
        added = Member(account=account, role=role, since=moment(now))
        return manifest.model_copy(update={"members": (*others, added)})

    changed = projects.change(slug, edit)
    audit.record(store, now, actor, "project.member", slug, account=account, after=role)
    return changed


def change_role(
    projects: Projects,
    store: Store,
    now: float,
    actor: str,
    slug: str,
    account: str,
    role: ProjectRole,
) -> Project:
    """Give a member another role.

    Raises
    ------
    UnknownProject, NotAMember, UnknownRole, LastOwner, ProjectClosed
    """
    checked_role(role)
    before: list[str] = []

    def edit(manifest: Manifest) -> Manifest:
        opened(manifest)
        before.append(_held(manifest, account))
        if role != "owner":
            _keeps_an_owner(manifest, account)
        members = tuple(
            m.model_copy(update={"role": role}) if m.account == account else m
            for m in manifest.members
        )
        return manifest.model_copy(update={"members": members})

    changed = projects.change(slug, edit)
    if before[-1] != role:
        facts = {"account": account, "before": before[-1], "after": role}
        audit.record(store, now, actor, "project.member", slug, **facts)
    return changed


def remove(
    projects: Projects, store: Store, now: float, actor: str, slug: str, account: str
) -> Project:
    """Take a member out, whether or not the account still exists.

    Raises
    ------
    UnknownProject, NotAMember, LastOwner, ProjectClosed
    """
    before: list[str] = []

    def edit(manifest: Manifest) -> Manifest:
        opened(manifest)
        before.append(_held(manifest, account))
        _keeps_an_owner(manifest, account)
        left = tuple(m for m in manifest.members if m.account != account)
        return manifest.model_copy(update={"members": left})

    changed = projects.change(slug, edit)
    facts = {"account": account, "before": before[-1], "after": None}
    audit.record(store, now, actor, "project.member", slug, **facts)
    return changed


def effect_of_adding(project: Project, added: str | Iterable[str], reading: Reading) -> Effect:
    """What the project would no longer read with these accounts in it.

    Raises
    ------
    UnknownAccount
    """
    names = (added,) if isinstance(added, str) else tuple(added)
    for name in names:
        accounts.get(reading.store, name)
    present = reading.present(project.manifest)
    return _effect(project, present, (*present, *names), reading)


def effect_of_removing(project: Project, account: str, reading: Reading) -> Effect:
    """What the project would read that it does not read now."""
    present = reading.present(project.manifest)
    return _effect(project, present, [name for name in present if name != account], reading)


def _effect(
    project: Project, before: Iterable[str], after: Iterable[str], reading: Reading
) -> Effect:
    old, new = reading.of_members(before), reading.of_members(after)
    lost = reading.named(old - new)
    works_with = set(project.manifest.datasets)
    return Effect(
        lost=tuple(lost),
        gained=tuple(reading.named(new - old)),
        used=tuple(dataset for dataset in lost if dataset.id in works_with),
    )


def checked_role(role: str) -> None:
    """
    Raises
    ------
    UnknownRole
        where it is none of owner, editor and viewer.
    """
    if role not in PROJECT_ROLES:
        raise UnknownRole(role=str(role)[:40], known=", ".join(PROJECT_ROLES))


def opened(manifest: Manifest) -> None:
    """
    Raises
    ------
    ProjectClosed
        where the project is archived or deleted.
    """
    if manifest.status != "active":
        raise ProjectClosed(slug=manifest.id, state=STATES[manifest.status])


def _held(manifest: Manifest, account: str) -> str:
    role = manifest.role_of(account)
    if role is None:
        known = ", ".join(m.account for m in manifest.members)
        raise NotAMember(account=account, slug=manifest.id, members=known)
    return role


def _keeps_an_owner(manifest: Manifest, account: str) -> None:
    if manifest.owners == (account,):
        raise LastOwner(account=account, slug=manifest.id)
