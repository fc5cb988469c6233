"""Who hears of what happened to data: of a proposal that was sent or answered, of an update that
was kept out, and of its end.

The pages tell it to whoever looks. This module goes to people: below the next cell of their
notebook, and by letter where mail is configured. A letter that could not be sent waits.
"""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from email.message import EmailMessage
from typing import Any

from datalab.announcement import users_of
from datalab.catalog.badge import away
from datalab.hub.plan import Plan
from datalab.i18n import LANGUAGES, Phrase
from datalab.isolation import notices
from datalab.lake.index import Entry, read_index
from datalab.lineage.store import Lineage
from datalab.participation.letter import MailServer, one_line, possible
from datalab.people import accounts
from datalab.people.accounts import Account
from datalab.people.rights import may
from datalab.people.store import Store
from datalab.projects.project import Project, Projects
from datalab.proposal import Proposal, Proposals
from datalab.settings import Settings

LOG = logging.getLogger("datalab.keeper")
WAYS = ("letter", "below")
SUBJECTS = {
    "send": Phrase("A dataset is proposed: {title}"),
    "refuse": Phrase("Your dataset is sent back: {title}"),
    "publish": Phrase("Your dataset is accepted: {title}"),
    "kept": Phrase("An update was kept out: {title}"),
    "good": Phrase("Updates arrive again: {title}"),
}
BODIES = {
    "send": Phrase(
        "Hello,\n\n{who} proposes the dataset “{title}” and waits for your answer. "
        "What was read, what was checked and the two buttons are here:\n{link}\n\n{note}\n"
    ),
    "refuse": Phrase(
        "Hello,\n\n{who} looked at “{title}” and sends it back, with these words:\n\n{answer}\n\n"
        "Nothing is lost: correct it and send it again.\n{link}\n"
    ),
    "publish": Phrase(
        "Hello,\n\n{who} accepted “{title}”. It is in the catalog, and everybody who may read it "
        "finds it there. Thank you!\n{link}\n"
    ),
    "kept": Phrase(
        "Hello,\n\nThe update of “{title}” of {day} was kept out: {reason}\n\nReaders still see "
        "the last good version, of {good}. You get this letter because {why}. What was found:\n"
        "{link}\n"
    ),
    "good": Phrase(
        "Hello,\n\n“{title}” passes its checks again: readers see the version of {day}.\n{link}\n"
    ),
}
BELOW = {
    "refuse": Phrase("Your dataset “{title}” is sent back: {answer}"),
    "publish": Phrase("Your dataset “{title}” is accepted."),
    "kept": Phrase(
        "The update of “{title}” was kept out: {reason} You read the last good version, of {good}."
    ),
    "good": Phrase("“{title}” passes its checks again; the version of {day} is there."),
}
ANSWERS_FOR_IT = Phrase("you answer for these data")
USES_IT = Phrase("you use these data ({uses})")


def correspond(settings: Settings, now: float) -> None:
    """One look: tell everybody what they were not told yet."""
    due = [*_of_proposals(settings), *_of_updates(settings, now)]
    for item in due:
        item.tell_below(now)
    if not possible(settings):
        for item in due:
            item.note("letter")
        return
    waiting = [item for item in due if item.wants_letter()]
    server = MailServer.of(settings.smtp.get_secret_value()) if waiting else None
    if server is None:
        return
    try:
        line = server.open()
    except (OSError, smtplib.SMTPException) as error:
        LOG.warning("letters about data wait: %s", type(error).__name__)
        return
    try:
        for item in waiting:
            for letter in item.letters():
                try:
                    line.send_message(letter)
                except smtplib.SMTPRecipientsRefused:
                    LOG.warning("no letter about data to %s", letter["To"])
            item.note("letter")
    except (OSError, smtplib.SMTPException) as error:
        LOG.warning("letters about data wait: %s", type(error).__name__)
    finally:
        line.close()


class _Item:
    """Something that happened, whom it concerns, and by which ways they were told."""

    def __init__(self, settings: Settings, mark: str, event: str, kind: str) -> None:
        self.settings, self.mark, self.event, self.kind = settings, mark, event, kind
        self.lineage = Lineage(settings.lineage)
        self.store = Store(settings.people)
        self.facts: dict[str, Any] = {}
        self.path = ""

    def told(self, way: str) -> str:
        return self.lineage.mark("", f"{way} {self.mark}")

    def note(self, way: str) -> None:
        self.lineage.set_mark("", f"{way} {self.mark}", self.event)

    def wants_letter(self) -> bool:
        return self.told("letter") != self.event

    def tell_below(self, now: float) -> None:
        if self.told("below") == self.event:
            return
        if (said := BELOW.get(self.kind)) is not None:
            plain = {key: value for key, value in self.facts.items() if isinstance(value, str)}
            texts: dict[str, str] = {}
            for language in LANGUAGES:
                reason = self.facts.get("reasons", {}).get(language, "")
                texts[language] = said.in_(language).format(**{**plain, "reason": reason})
            for name in self.rooms(now):
                notices.tell(self.settings.run / "ways" / name, "data", texts, now)
        self.note("below")

    def rooms(self, now: float) -> Iterable[str]:
        """The servers, of persons and projects, that are told."""
        raise NotImplementedError

    def readers(self) -> Iterator[tuple[Account, str]]:
        """Accounts with an address, and why each gets the letter."""
        raise NotImplementedError

    def letters(self) -> Iterator[EmailMessage]:
        """In French, as all of them are."""
        address = self.settings.public_url or Plan.read(self.settings.run).url
        link = f"{address.rstrip('/')}/services/datalab/{self.path}"
        for account, why in self.readers():
            made = EmailMessage()
            made["From"], made["To"] = self.settings.mail_from, account.email
            reason = self.facts.get("reasons", {}).get("fr", "")
            facts = {**self.facts, "reason": reason, "why": why, "link": link}
            made["Subject"] = one_line(SUBJECTS[self.kind].in_("fr").format(**facts))
            made["Auto-Submitted"] = "auto-generated"
            made.set_content(BODIES[self.kind].in_("fr").format(**facts).rstrip() + "\n")
            yield made


class _Answer(_Item):
    """A proposal: stewards hear that it was sent, its author what became of it."""

    def __init__(self, settings: Settings, one: Proposal) -> None:
        kind, _, by = one.event.split(" ", 2)
        super().__init__(settings, f"proposal {one.id}", one.event, kind)
        self.one, self.by = one, by
        account = accounts.find(self.store, by)
        self.facts = {
            "title": " ".join(one.title().split()),
            "who": account.display if account else by,
            "answer": one.answer,
            "note": one.note,
        }
        done = kind == "publish"
        self.path = f"datasets/{one.dataset}" if done else f"datasets/new/{one.id}"

    def rooms(self, now: float) -> Iterable[str]:
        return [self.one.owner] if self.by != self.one.owner else []

    def readers(self) -> Iterator[tuple[Account, str]]:
        if self.kind == "send":
            found = [a for a in accounts.accounts(self.store) if may(a.groups, "publish:dataset")]
        else:
            owner = accounts.find(self.store, self.one.owner)
            found = [owner] if owner is not None else []
        for account in found:
            if account.email and account.disabled_at is None and account.name != self.by:
                yield account, ""


class _Update(_Item):
    """A dataset whose update was kept out, or one that is well again."""

    def __init__(self, settings: Settings, entry: Entry, event: str, kind: str, now: float) -> None:
        super().__init__(settings, f"update {entry.id}", event, kind)
        self.entry, self.now = entry, now
        title = (entry.dataset.get("title") or {}).get("fr") or entry.id
        record, good = entry.record or {}, entry.good or {}
        self.facts = {
            "title": " ".join(str(title).split()),
            "day": _day(record.get("finished_at")),
            "good": _day(good.get("finished_at")),
            "reasons": _reasons(record),
        }
        self.path = f"datasets/{entry.id}"

    def rooms(self, now: float) -> Iterable[str]:
        used = set(self.lineage.users_of(self.entry.id, now).projects)
        for project in Projects(self.settings.shared, self.settings.projects).all():
            if isinstance(project, Project) and project.slug in used:
                yield project.account

    def readers(self) -> Iterator[tuple[Account, str]]:
        steward = str(self.entry.dataset.get("steward", "")).removeprefix("account:")
        present = [a for a in accounts.accounts(self.store) if a.email and a.may_enter(self.now)]
        own = [a for a in present if steward == a.name or steward in a.groups]
        own = own or [a for a in present if "stewards" in a.groups]
        for account in own:
            yield account, ANSWERS_FOR_IT.in_("fr")
        for account, uses in users_of(self.settings, self.entry.id, self.now):
            if account not in own:
                named = [f"projet {slug}" if slug else "jeton d’accès" for slug in uses]
                yield account, USES_IT.in_("fr").format(uses=", ".join(named))


def _of_proposals(settings: Settings) -> Iterator[_Item]:
    for one in Proposals(settings.proposals):
        if one.event:
            item = _Answer(settings, one)
            if any(item.told(way) != one.event for way in WAYS):
                yield item


def _of_updates(settings: Settings, now: float) -> Iterator[_Item]:
    """One event for the first update that was kept out, and one for the end of it."""
    lineage = Lineage(settings.lineage)
    for entry in read_index(settings.lake).values():
        told = [lineage.mark("", f"{way} update {entry.id}") for way in WAYS]
        before = next((mark for mark in told if mark.startswith("kept ")), "")
        if (since := _kept_since(entry)) is not None:
            item = _Update(settings, entry, f"kept {since}", "kept", now)
        elif before and (entry.record or {}).get("state") in ("published", "unchanged"):
            event = f"good {before.removeprefix('kept ')}"
            item = _Update(settings, entry, event, "good", now)
        else:
            continue
        if any(mark != item.event for mark in told):
            yield item


def _kept_since(entry: Entry) -> str | None:
    """Which version stands instead, where the last update was kept out; None where it was not.

    One version that stands is one event, however often its source is asked again.
    """
    record = entry.record or {}
    if entry.good is None or record.get("state") not in ("kept", "failed") or record.get("held"):
        return None
    if away(record):  # no broken update: the page says that it is away, and it is asked again
        return None
    return str(entry.good.get("run_id"))


def _reasons(record: Mapping[str, Any]) -> dict[str, str]:
    """Why, in one sentence by language."""
    error = record.get("error")
    if error:
        known = error.get("messages") or {}
        return {name: str(known.get(name) or error.get("message", "")) for name in LANGUAGES}
    results = (record.get("validation") or {}).get("results") or []
    broken = [
        r
        for r in results
        if not r.get("success") and r["expectation_config"].get("severity") != "warning"
    ]
    said = Phrase("{failed} of {all} checks failed.", failed=len(broken), all=len(results))
    return {language: said.in_(language) for language in LANGUAGES}


def _day(moment: object) -> str:
    try:
        return f"{datetime.fromisoformat(str(moment)).astimezone():%d/%m/%Y}"
    except ValueError:
        return "–"
