"""Letters to those who use a dataset whose columns are about to change: owners and editors of
projects that read it, and holders of a token who take it. Where no mail is configured, the page of
the project, the page of the dataset and the feed tell it."""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Iterator
from datetime import datetime
from email.message import EmailMessage

from datalab.catalog.compatibility import told
from datalab.errors import DatalabError
from datalab.hub.plan import Plan
from datalab.i18n import Phrase, translate
from datalab.lake.index import Entry, read_index
from datalab.lake.notice import Notice, all_notices
from datalab.lineage.store import Lineage
from datalab.participation.letter import MailServer, possible
from datalab.people import accounts
from datalab.people.accounts import Account
from datalab.people.store import Store
from datalab.projects.project import Projects
from datalab.settings import Settings

LOG = logging.getLogger("datalab.keeper")
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
    server = MailServer.of(settings.smtp.get_secret_value())
    if server is None:
        return
    entries = read_index(settings.lake)
    address = settings.public_url or Plan.read(settings.run).url
    root = address.rstrip("/") + "/services/datalab"
    try:
        line = server.open()
    except (OSError, smtplib.SMTPException) as error:
        LOG.warning("letters about changes wait: %s", type(error).__name__)
        return
    try:
        for notice in waiting:
            if (entry := entries.get(notice.dataset)) is not None:
                for account, uses in readers(settings, notice, now):
                    try:
                        line.send_message(letter(settings, entry, notice, account, uses, root))
                    except smtplib.SMTPRecipientsRefused:
                        LOG.warning("no letter about a change to %s", account.name)
            lineage.set_mark("", _mark(notice), _state(notice))
    except (OSError, smtplib.SMTPException) as error:
        LOG.warning("letters about changes wait: %s", type(error).__name__)
    finally:
        line.close()


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


def letter(
    settings: Settings, entry: Entry, notice: Notice, to: Account, uses: list[str], root: str
) -> EmailMessage:
    """One letter, in the language in which its reader reads the lab."""
    language, said = to.language, entry.dataset.get("title") or {}
    title = " ".join(str(said.get(language) or said.get("fr") or entry.id).split())
    day = f"{datetime.fromisoformat(notice.until):%d/%m/%Y}"
    named = [
        translate("project {slug}", language, slug=slug)
        if slug
        else translate("an access token", language)
        for slug in uses
    ]
    made = EmailMessage()
    made["From"], made["To"] = settings.mail_from, to.email
    made["Subject"] = SUBJECT.in_(language).format(title=title, day=day)
    made.set_content(
        BODY.in_(language).format(
            title=title,
            uses=", ".join(named),
            day=day,
            changes=told(notice.changes, language),
            link=f"{root}/datasets/{entry.id}/versions",
        )
    )
    return made


def _mark(notice: Notice) -> str:
    return f"told {notice.dataset}"


def _state(notice: Notice) -> str:
    return f"{notice.schema} {notice.until}"
