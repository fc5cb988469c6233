"""An account that is gone leaves every project: its name must mean nothing to its next holder."""

from __future__ import annotations

from datalab.people import audit
from datalab.people.store import Store
from datalab.projects.manifest import Manifest
from datalab.projects.project import Project, Projects


def leave_all(projects: Projects, store: Store, now: float, account: str) -> list[str]:
    """Take an account out of every manifest, archived ones included; returns their slugs.

    Where it was the only owner, the editor of longest standing becomes one.
    """
    left = []
    for project in projects.all():
        if not isinstance(project, Project) or project.reference:
            continue
        role = project.manifest.role_of(account)
        if role:
            projects.change(project.slug, lambda manifest: without(manifest, account))
            facts = {"account": account, "before": role, "after": None}
            audit.record(store, now, "lab", "project.member", project.slug, **facts)
            left.append(project.slug)
    return left


def without(manifest: Manifest, account: str) -> Manifest:
    """The manifest with the account in no role, and an owner where anybody could be one."""
    members = [member for member in manifest.members if member.account != account]
    if not any(member.role == "owner" for member in members):
        heir = next((n for n, member in enumerate(members) if member.role == "editor"), None)
        if heir is not None:
            members[heir] = members[heir].model_copy(update={"role": "owner"})
    return manifest.model_copy(update={"members": tuple(members)})
