"""Making a project: whole or not at all, and an address belongs to one only.

Everything is built in a hidden folder beside its place and renamed into it under one lock: nobody
ever meets half a project, and of two people who choose the same address one gets it.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from datalab.catalog.dataset import Text
from datalab.errors import (
    InvalidDescription,
    MemberCannotEnter,
    NoOwner,
    ProjectExists,
    ReservedSlug,
    UnknownRole,
)
from datalab.i18n import Language, Phrase
from datalab.isolation.homes import Homes
from datalab.people import accounts, audit
from datalab.people.rights import PROJECT_ROLES, ProjectRole
from datalab.people.store import Store
from datalab.projects import manifest as manifests
from datalab.projects.history import Author, Work
from datalab.projects.manifest import LONGEST, Manifest, Member
from datalab.projects.project import (
    MANIFEST,
    Project,
    Projects,
    checked_slug,
    locked,
)
from datalab.projects.template import template as template_of

# Words that addresses of the portal below ``projects/`` use, now or soon.
RESERVED = frozenset({"new", "all", "mine", "archived", "deleted", "templates", "nouveau"})
LONGEST_TITLE, LONGEST_PURPOSE = 120, 2000
# State that programs keep in a home: theirs alone, also where members may look at the files.
PRIVATE = (".local", ".config", ".cache", ".ipython", ".jupyter")
TRIES = 1000
FIELDS = {"title": Phrase("title"), "purpose": Phrase("purpose")}


def create(
    projects: Projects,
    homes: Homes,
    store: Store,
    now: float,
    actor: str,
    slug: str,
    title: str | Text,
    purpose: str | Text = "",
    template: str = "empty",
    *,
    members: Mapping[str, ProjectRole] | None = None,
    language: Language = "fr",
    license: str = "mit",
) -> Project:
    """A new project on disk; the hub learns of it by ``sync``.

    Parameters
    ----------
    actor
        who makes it; an account of the store becomes its owner.
    members
        roles by account, ``actor`` not needed.

    Raises
    ------
    InvalidSlug, ReservedSlug, ProjectExists, UnknownTemplate, UnknownAccount, UnknownRole,
    MemberCannotEnter, NoOwner, InvalidDescription
    """
    checked_slug(slug)
    if slug in RESERVED:
        raise ReservedSlug(slug=slug, other=free_slug(projects, f"{slug}-lab"))
    start = template_of(projects, template)
    roles: dict[str, ProjectRole] = dict(members or {})
    if accounts.find(store, actor) is not None:
        roles[actor] = "owner"
    described = Manifest(
        id=slug,
        title=described_text(title, "title", LONGEST_TITLE),
        purpose=described_text(purpose or title, "purpose", LONGEST_PURPOSE),
        language=language,
        license=license,
        members=checked_members(store, now, roles),
        datasets=start.description.datasets,
        notebooks=start.description.notebooks,
        template=start.name,
        created_by=actor,
        created_at=manifests.moment(now),
    )
    projects.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    building = projects.root / f".new-{slug}-{secrets.token_hex(4)}"
    # The whole lab's lock: until the project is in its place its uid must not look free.
    with locked(projects.root):
        if (projects.root / slug).exists() or slug in projects.slugs():
            raise ProjectExists(slug=slug, other=free_slug(projects, slug))
        try:
            _build(building, described, homes, start.files())
            os.rename(building, projects.root / slug)
        except BaseException:
            shutil.rmtree(building, ignore_errors=True)
            raise
    facts = {"title": described.title.fr, "template": start.name, "members": dict(roles)}
    audit.record(store, now, actor, "project.create", slug, **facts)
    made = projects.get(slug)
    maker = accounts.find(store, actor)
    Work(made).commit(now, [Author(maker.name, maker.display)] if maker else [])
    return made


def _build(
    folder: Path, described: Manifest, homes: Homes, files: Iterable[tuple[Path, Path]]
) -> None:
    """A whole project in ``folder``, which nobody knows of yet."""
    account = f"proj-{described.id}"
    owner = homes.uid(account) if homes.separate else -1
    folder.mkdir(mode=0o700)
    for name, mode in (("records", 0o700), ("shown", 0o755), ("work", 0o700)):
        (folder / name).mkdir()
        os.chmod(folder / name, mode)
    work = folder / "work"
    for name in PRIVATE:
        (work / name).mkdir(mode=0o700)
    for source, relative in files:
        (work / relative.parent).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, work / relative)
        os.chmod(work / relative, 0o644)
    if homes.separate:
        for path in (work, *work.rglob("*")):
            os.chown(path, owner, owner)
    for place in (folder, folder / "shown"):
        manifests.write(place / MANIFEST, described)
    os.chmod(folder, 0o711)  # noqa: S103  crossed by the project's uid where nothing is mounted


def free_slug(projects: Projects, slug: str) -> str:
    """An address like ``slug`` that nobody has."""
    taken = set(projects.slugs()) | RESERVED
    stem = slug[: LONGEST - 5].rstrip("-")
    return next(name for number in range(2, TRIES) if (name := f"{stem}-{number}") not in taken)


def described_text(text: str | Text, field: str, longest: int) -> Text:
    """A title or a purpose as the manifest holds it.

    Raises
    ------
    InvalidDescription
    """
    both = (text, text) if isinstance(text, str) else (text.fr, text.en)
    said = [" ".join(one.split()) for one in both]
    if any(not one or len(one) > longest or not one.isprintable() for one in said):
        raise InvalidDescription(field=FIELDS[field], longest=longest)
    return Text(fr=said[0], en=said[1])


def checked_members(
    store: Store, now: float, roles: Mapping[str, ProjectRole]
) -> tuple[Member, ...]:
    """Members with roles that exist and accounts that may sign in, at least one of them an owner.

    Raises
    ------
    UnknownAccount, UnknownRole, MemberCannotEnter, NoOwner
    """
    found = []
    for name, role in roles.items():
        if role not in PROJECT_ROLES:
            raise UnknownRole(role=str(role)[:40], known=", ".join(PROJECT_ROLES))
        if not accounts.get(store, name).may_enter(now):
            raise MemberCannotEnter(account=name)
        found.append(Member(account=name, role=role, since=manifests.moment(now)))
    if "owner" not in roles.values():
        raise NoOwner()
    return tuple(found)
