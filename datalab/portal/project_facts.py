"""What the page of a project tells: members, notebooks, what may be read and who limits it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote

from datalab.i18n import Language, Phrase
from datalab.portal.notebooks import Notebook
from datalab.portal.page import PAGE_ONLY
from datalab.portal.project_card import Sight, role_label
from datalab.projects.comments import Comments
from datalab.projects.history import versions
from datalab.projects.project import Project
from datalab.projects.reading import Reading

RECENT = 3  # changes shown


@dataclass(frozen=True)
class MemberLine:
    """``open`` is False for an account that may not sign in any more; the name of the account is
    for those who write in the project."""

    account: str | None
    display: str
    role: str
    role_label: str = field(metadata=PAGE_ONLY)
    open: bool
    me: bool = field(metadata=PAGE_ONLY)


@dataclass(frozen=True)
class NotebookLine:
    path: str
    title: str
    changed_at: str
    waiting: int
    live: str | None = field(metadata=PAGE_ONLY)
    guided: str


@dataclass(frozen=True)
class Limit:
    """Datasets that some members read and the project does not, and because of whom."""

    datasets: list[str]
    because_of: list[str]


@dataclass(frozen=True)
class ReadingLine:
    """Datasets of one access class that the project reads, counted and in words."""

    access: str
    datasets: int
    sentence: str = field(metadata=PAGE_ONLY)


@dataclass(frozen=True)
class Recent:
    at: str
    authors: list[str]
    changed: list[str]
    href: str = field(metadata=PAGE_ONLY)


def members_of(
    project: Project, reading: Reading, names: Mapping[str, str], sight: Sight, language: Language
) -> list[MemberLine]:
    """Owners first, then by the name that people read."""
    me = sight.person.name if sight.person else ""
    present = reading.present(project.manifest)
    order = {"owner": 0, "editor": 1, "viewer": 2}
    found = [
        MemberLine(
            account=member.account if sight.may("project:edit") else None,
            display=names.get(member.account, member.account),
            role=member.role,
            role_label=role_label(member.role, language),
            open=member.account in present,
            me=member.account == me,
        )
        for member in project.manifest.members
    ]
    return sorted(found, key=lambda line: (order[line.role], line.display.casefold()))


def notebook_lines(
    project: Project, notebooks: list[Notebook], prefix: str, writes: bool
) -> list[NotebookLine]:
    """Each notebook with its doors: live for who writes, guided for every member."""
    waiting = Comments.of(project).waiting() if not project.reference else {}
    root = f"{prefix}/projects/{project.slug}"
    return [
        NotebookLine(
            path=notebook.path,
            title=notebook.title,
            changed_at=notebook.changed_at,
            waiting=waiting.get(notebook.path, 0),
            live=f"{root}/open?notebook={quote(notebook.path, safe='')}" if writes else None,
            guided=f"{root}/guided/{quote(notebook.path)}",
        )
        for notebook in notebooks
    ]


def readable(project: Project, reading: Reading, language: Language) -> list[ReadingLine]:
    """What the project reads, by access class."""
    counted = dict.fromkeys(("open", "members", "restricted"), 0)
    for lake in reading.of_project(project.manifest):
        access = lake if lake in counted else "restricted"
        counted[access] += len(reading.datasets.get(lake, ()))
    return [
        ReadingLine(access, count, counted_in_words(access, count, language))
        for access, count in counted.items()
        if count
    ]


def limits(
    project: Project, reading: Reading, names: Mapping[str, str], language: Language
) -> list[Limit]:
    """Per group of members who limit it, the datasets that only the others may read."""
    present = reading.present(project.manifest)
    lakes = {name: reading.of_account(name) for name in present}
    every = frozenset().union(*lakes.values()) if lakes else frozenset()
    found: dict[tuple[str, ...], list[str]] = {}
    for lake in sorted(every - reading.of_project(project.manifest)):
        without = tuple(sorted(names.get(n, n) for n in present if lake not in lakes[n]))
        titles = [d.title.get(language) or d.id for d in reading.datasets.get(lake, ())]
        found.setdefault(without, []).extend(titles)
    return [Limit(sorted(titles), list(who)) for who, titles in found.items() if titles]


def counted_in_words(access: str, count: int, language: Language) -> str:
    """So many datasets of an access class."""
    if access == "open":
        one, many = Phrase("1 open dataset"), Phrase("{count} open datasets", count=count)
    elif access == "members":
        one = Phrase("1 dataset for members of the lab")
        many = Phrase("{count} datasets for members of the lab", count=count)
    else:
        one = Phrase("1 dataset for people named by its steward")
        many = Phrase("{count} datasets for people named by their steward", count=count)
    return (one if count == 1 else many).in_(language)


def recent_changes(project: Project, names: Mapping[str, str], prefix: str) -> list[Recent]:
    """The last versions, by the names of their authors."""
    if project.reference:
        return []
    return [
        Recent(
            at=datetime.fromtimestamp(version.at, UTC).isoformat(timespec="seconds"),
            authors=[names.get(author, author) for author in version.authors],
            changed=list(version.changed[:5]),
            href=f"{prefix}/projects/{project.slug}/versions/{version.id[:12]}",
        )
        for version in versions(project, limit=RECENT)
    ]
