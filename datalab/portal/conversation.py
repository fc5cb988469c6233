"""Comments as a page and JupyterLab show them: who said what, and what may be done about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from starlette.requests import Request

from datalab.errors import SignInNeeded
from datalab.i18n import Language, translate
from datalab.people import accounts
from datalab.people.accounts import Account
from datalab.people.rights import may_in_project
from datalab.people.store import Store
from datalab.portal.person import Person, holder_of, pass_of, person_of
from datalab.portal.project_access import project_for
from datalab.projects.comments import Comment, Comments
from datalab.projects.project import Project

STATES = {"open": "waiting for an answer", "answered": "answered", "resolved": "resolved"}


@dataclass(frozen=True)
class Note:
    """One comment; ``at`` is ISO 8601, ``author`` a display name. ``version`` changes with it."""

    id: str
    cell: str
    parent: str | None
    author: str
    text: str
    state: str
    at: str
    edited: bool
    deleted: bool
    mine: bool
    editable: bool
    removable: bool
    version: str


@dataclass(frozen=True)
class Thread:
    """A comment and its answers."""

    first: Note
    answers: list[Note] = field(default_factory=list)

    @property
    def version(self) -> str:
        return "-".join([self.first.version, *(note.version for note in self.answers)])


@dataclass(frozen=True)
class Conversation:
    """All that is said about a notebook. ``last`` is the number of the last change."""

    project: str
    notebook: str
    last: int
    notes: list[Note]
    may_mark: bool

    def threads(self) -> dict[str, list[Thread]]:
        """Threads by cell, oldest first."""
        firsts = {note.id: Thread(note) for note in self.notes if note.parent is None}
        for note in self.notes:
            if note.parent in firsts and not note.deleted:
                firsts[note.parent].answers.append(note)
        found: dict[str, list[Thread]] = {}
        for thread in firsts.values():
            found.setdefault(thread.first.cell, []).append(thread)
        return found


def purpose(slug: str) -> str:
    """What the pass of a JupyterLab page is good for: the comments of one project."""
    return f"comments of {slug}"


def pass_for(person: Person, slug: str) -> str:
    return pass_of(person.csrf, purpose(slug))


def commenter(request: Request, slug: str) -> tuple[Person, Project]:
    """Who asks and the project, by the portal's own token or by the pass of its JupyterLab.

    Raises
    ------
    SignInNeeded, UnknownProject, RightMissing
    """
    if person_of(request) is None:
        person = holder_of(request, purpose(slug))
        if person is None:
            raise SignInNeeded
        request.scope["state"]["person"] = person
    return project_for(request, slug, "project:comment")


def conversation(
    store: Store, project: Project, person: Person, notebook: str, now: float, language: Language
) -> Conversation:
    """Everything said about a notebook, for the eyes of ``person``."""
    kept = Comments.of(project)
    # Asked before the comments are: a change in between is told once too often, never lost.
    last = kept.last()
    found = kept.about(notebook)
    authors = {name: accounts.find(store, name) for name in {c.author for c in found}}
    role = project.manifest.role_of(person.name, person.account.created_at)
    notes = [
        _note(comment, authored(comment, authors[comment.author], language), person, role, now)
        for comment in found
    ]
    title = project.manifest.title.in_(language)
    return Conversation(title, notebook, last, notes, may_in_project(role, "project:edit"))


def authored(comment: Comment, account: Account | None, language: Language) -> str:
    """What the author is called; nobody signs what an earlier holder of their name wrote."""
    if account is None or account.created_at > comment.at:
        return translate("a former member", language)
    return account.display


def _note(comment: Comment, author: str, person: Person, role: str | None, now: float) -> Note:
    mine = comment.author == person.name and person.account.created_at <= comment.at
    editable = mine and comment.editable(person.name, now)
    return Note(
        id=comment.id,
        cell=comment.cell,
        parent=comment.parent,
        author=author,
        text=comment.text,
        state=comment.state,
        at=datetime.fromtimestamp(int(comment.at), UTC).isoformat(),
        edited=comment.edited_at is not None,
        deleted=comment.deleted,
        mine=mine,
        editable=editable,
        removable=not comment.deleted and (editable or role == "owner"),
        version=f"{comment.edited_at or 0:.3f}{comment.state}{comment.deleted:d}{editable:d}",
    )
