"""Letters to those who use a dataset whose columns are about to change: owners and editors of
projects that read it, and holders of a token who take it. Where no mail is configured, the page of
the project, the page of the dataset and the feed tell it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial

from datalab.catalog.compatibility import told
from datalab.errors import DatalabError
from datalab.hub.plan import portal_address
from datalab.i18n import Language, Phrase, translate
from datalab.lake.index import Entry, read_index
from datalab.lake.notice import Notice, all_notices
from datalab.lineage.store import Lineage
from datalab.participation.letter import possible
from datalab.participation.mailing import Letter, Mailing, send
from datalab.people import accounts
from datalab.people.accounts import Account
from datalab.people.store import Store
from datalab.projects.project import Projects
from datalab.settings import Settings

SUBJECT = Phrase("{title}: a change is announced for {day}")
BODY = Phrase(
    "Hello,\n\nYou use the dataset “{title}” ({uses}). A change that breaks what reads it is "
    "announced for {day}:\n{changes}\n\nUntil then columns stay as they are, and no newer rows are "
    "published. What differs, and how to go on reading the version of now: {link}\n"
)


def announce(settings: Settings, now: float) -> None:
    """Write the letters of every notice about which none was written yet."""
    lineage = Lineage(settings.lineage)
    waiting = [
        notice
        for notice in all_notices(settings.lake).values()
        if not notice.released_at and lineage.mark("", _mark(notice)) != _state(notice)
    ]
    if not waiting or not possible(settings):
        return
    entries, root = read_index(settings.lake), portal_address(settings)
    mailings = [
        Mailing(
            partial(_letters, settings, entries.get(notice.dataset), notice, root, now),
            partial(lineage.set_mark, "", _mark(notice), _state(notice)),
        )
        for notice in waiting
    ]
    send(settings, mailings, "changes")


def _letters(
    settings: Settings, entry: Entry | None, notice: Notice, root: str, now: float
) -> Iterator[Letter]:
    if entry is not None:
        for account, uses in readers(settings, notice, now):
            yield letter(entry, notice, account, uses, root)


def readers(settings: Settings, notice: Notice, now: float) -> Iterator[tuple[Account, list[str]]]:
    """Accounts with an address, each once, and the projects by which it is concerned ("" for a
    token)."""
    return users_of(settings, notice.dataset, now)


def users_of(settings: Settings, dataset: str, now: float) -> Iterator[tuple[Account, list[str]]]:
    """The same of any dataset."""
    users = Lineage(settings.lineage).users_of(dataset, now)
    projects, store = Projects(settings.shared, settings.projects), Store(settings.people)
    concerned: dict[str, list[str]] = {}
    for slug in users.projects:
        try:
            manifest = projects.get(slug).manifest
        except DatalabError:
            continue
        for member in manifest.members:
            account = accounts.find(store, member.account)
            if (
                member.role in {"owner", "editor"}
                and manifest.status == "active"
                and account is not None
                and member.is_held(account.created_at)
            ):
                concerned.setdefault(member.account, []).append(slug)
    for name in users.holders:
        concerned.setdefault(name, []).append("")
    for name, uses in sorted(concerned.items()):
        account = accounts.find(store, name)
        if account is not None and account.email and account.may_enter(now):
            yield account, uses


def letter(entry: Entry, notice: Notice, to: Account, uses: list[str], root: str) -> Letter:
    """One letter, in the language in which its reader reads the lab."""
    language = to.language
    day = f"{datetime.fromisoformat(notice.until):%d/%m/%Y}"
    title = title_of(entry, language)
    body = BODY.in_(language).format(
        title=title,
        uses=named(uses, language),
        day=day,
        changes=told(notice.changes, language),
        link=f"{root}/datasets/{entry.id}/versions",
    )
    subject = SUBJECT.in_(language).format(title=title, day=day)
    return Letter(to, subject, body)


def title_of(entry: Entry, language: Language) -> str:
    """The title of a dataset, on one line; in French where it has none in ``language``."""
    said = entry.dataset.get("title") or {}
    return " ".join(str(said.get(language) or said.get("fr") or entry.id).split())


def named(uses: Iterable[str], language: Language) -> str:
    """By what somebody is concerned: slugs of projects, "" for a token."""
    return ", ".join(
        translate("project {slug}", language, slug=slug)
        if slug
        else translate("an access token", language)
        for slug in uses
    )


def _mark(notice: Notice) -> str:
    return f"told {notice.dataset}"


def _state(notice: Notice) -> str:
    return f"{notice.schema} {notice.until}"
