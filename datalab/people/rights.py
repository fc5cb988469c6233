"""Who may do what: every right of the lab, and the groups that hold it, in one place.

A right is also a scope of the hub (``custom:datalab:<right>``): the hub's roles are made from this
table, the portal asks :func:`may`, ``docs/reference/rights.md`` is generated from it, and a test
tries every cell of it. What a person may do in one project stands in :data:`PROJECT_RIGHTS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from datalab.i18n import Phrase
from datalab.people.audience import Audience, dataset_of

GROUPS: tuple[str, ...] = (
    "students",
    "citizens",
    "entrepreneurs",
    "agents",
    "stewards",
    "facilitators",
    "operators",
)
BUILDERS = ("students", "entrepreneurs", "agents", "stewards", "facilitators", "operators")

Right = Literal[
    "use:server",
    "read:members",
    "create:project",
    "invite:guests",
    "withdraw:publication",
    "facilitate:session",
    "run:survey",
    "handle:requests",
    "assess:commune",
    "moderate:exchange",
    "manage:people",
    "grant:access",
    "keep:versions",
    "publish:dataset",
    "read:audit",
    "operate",
]
RIGHTS: dict[Right, tuple[str, ...]] = {
    "use:server": GROUPS,
    "read:members": BUILDERS,
    "create:project": BUILDERS,
    "invite:guests": ("agents", "stewards", "facilitators", "operators"),
    "withdraw:publication": ("stewards", "operators"),
    "facilitate:session": ("agents", "stewards", "facilitators", "operators"),
    "run:survey": ("agents", "stewards", "facilitators", "operators"),
    "handle:requests": ("agents", "operators"),
    "assess:commune": ("agents", "stewards", "facilitators", "operators"),
    "moderate:exchange": ("stewards", "operators"),
    "manage:people": ("operators",),
    "grant:access": ("stewards", "operators"),
    "keep:versions": ("stewards", "operators"),
    "publish:dataset": ("stewards", "operators"),
    "read:audit": ("operators",),
    "operate": ("operators",),
}
MEANING: dict[Right, Phrase] = {
    "use:server": Phrase("have a notebook server of one's own"),
    "read:members": Phrase("read datasets for members in a notebook"),
    "create:project": Phrase("create a project"),
    "invite:guests": Phrase("invite guests with a code"),
    "withdraw:publication": Phrase("withdraw any published page"),
    "facilitate:session": Phrase("prepare a co-design session, and run it"),
    "run:survey": Phrase("prepare a questionnaire, open it and read its results"),
    "handle:requests": Phrase("answer citizens' reports in the control room"),
    "assess:commune": Phrase(
        "answer the self-assessment of a municipality, share documents and experience"
    ),
    "moderate:exchange": Phrase("publish or refuse what municipalities share with each other"),
    "manage:people": Phrase("add, disable and remove accounts"),
    "grant:access": Phrase("grant access to a restricted dataset, and take it back"),
    "keep:versions": Phrase(
        "name a version of a dataset, go back to one, publish an announced change early"
    ),
    "publish:dataset": Phrase("publish a dataset, accept or refuse one that is proposed"),
    "read:audit": Phrase("read the audit log"),
    "operate": Phrase("see the state of the machine, stop servers"),
}

ProjectRole = Literal["owner", "editor", "viewer"]
PROJECT_ROLES: tuple[ProjectRole, ...] = ("owner", "editor", "viewer")
ROLE_NAMES: dict[str, Phrase] = {
    "owner": Phrase("owner"),
    "editor": Phrase("editor"),
    "viewer": Phrase("viewer"),
}
ProjectRight = Literal[
    "project:view",
    "project:comment",
    "project:edit",
    "project:publish",
    "project:restore-version",
    "project:members",
    "project:settings",
    "project:delete",
]
PROJECT_RIGHTS: dict[ProjectRight, tuple[ProjectRole, ...]] = {
    "project:view": PROJECT_ROLES,
    "project:comment": PROJECT_ROLES,
    "project:edit": ("owner", "editor"),
    "project:publish": ("owner", "editor"),
    "project:restore-version": ("owner", "editor"),
    "project:members": ("owner",),
    "project:settings": ("owner",),
    "project:delete": ("owner",),
}
PROJECT_MEANING: dict[ProjectRight, Phrase] = {
    "project:view": Phrase("see the project, its guided notebooks and its versions"),
    "project:comment": Phrase("comment on a cell"),
    "project:edit": Phrase("write and run its live notebooks"),
    "project:publish": Phrase("publish a notebook and withdraw it"),
    "project:restore-version": Phrase("restore an earlier version"),
    "project:members": Phrase("invite people, change their role, remove them"),
    "project:settings": Phrase("change title, purpose and licence, archive"),
    "project:delete": Phrase("delete it"),
}


def may(groups: Iterable[str], right: Right) -> bool:
    """Whether a member of ``groups`` holds ``right``."""
    return bool(set(groups) & set(RIGHTS[right]))


def may_in_project(role: str | None, right: ProjectRight) -> bool:
    """Whether the holder of ``role`` in a project holds ``right`` there; None is not a member."""
    return role in PROJECT_RIGHTS[right]


def lakes(
    groups: Iterable[str],
    audiences: Mapping[str, Iterable[str] | Audience],
    account: str = "",
    grants: Iterable[str] = (),
) -> tuple[str, ...]:
    """Access classes that ``account``, a member of ``groups``, may read.

    ``audiences`` gives, per restricted lake (``restricted-<dataset>``), the groups and accounts
    that its steward named; a lake that names nobody is read by nobody. ``grants`` are what
    stewards granted to the account by name. Of one dataset there may be several versions; a
    server shows the widest (:func:`datalab.people.audience.best`).
    """
    held, granted = set(groups), set(grants)
    member = may(held, "read:members")
    found = ["open", *(["members"] if member else [])]
    for lake, named in sorted(audiences.items()):
        if not isinstance(named, Audience):
            named = Audience(dataset_of(lake), frozenset(named))
        found += named.read_by(account, held, granted, member=member)
    return tuple(found)
