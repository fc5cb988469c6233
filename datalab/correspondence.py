"""Who hears of what happened to data: of a proposal that was sent or answered, of an update that
was kept out, and of its end.

The pages tell it to whoever looks. This module goes to people: below the next cell of their
notebook, and by letter where mail is configured. A letter that could not be sent waits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from datalab.announcement import named, title_of, users_of
from datalab.catalog.badge import away
from datalab.hub.plan import portal_address
from datalab.i18n import LANGUAGES, Language, Phrase
from datalab.isolation import notices
from datalab.lake.index import Entry, read_index
from datalab.lineage.store import Lineage
from datalab.participation.letter import possible
from datalab.participation.mailing import Letter, Mailing, send
from datalab.people import accounts
from datalab.people.accounts import Account
from datalab.people.rights import may
from datalab.people.store import Store
from datalab.projects.project import Project, Projects
from datalab.proposal import Proposal, Proposals
from datalab.settings import Settings

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


Words = Callable[[Language], str]


@dataclass(frozen=True)
class News:
    """Something that happened, whom it concerns, and where it is told on the pages.

    Attributes
    ----------
    mark, event
        what it happened to, and which of its events this is.
    kind
        which of the sentences above tell it.
    path
        of its page, below the portal.
    facts
        what is said of it, in a language.
    rooms
        servers, of persons and projects, that are told below their next cell.
    readers
        accounts with an address, and why each gets the letter.
    """

    mark: str
    event: str
    kind: str
    path: str
    facts: Callable[[Language], dict[str, str]]
    rooms: Callable[[], Iterable[str]]
    readers: Callable[[], Iterable[tuple[Account, Words]]]


def correspond(settings: Settings, now: float) -> None:
    """One look: tell everybody what they were not told yet."""
    lineage = Lineage(settings.lineage)
    due = [*_of_proposals(settings, lineage), *_of_updates(settings, lineage, now)]
    for news in due:
        if not _is_told(lineage, "below", news):
            _tell_below(settings, news, now)
            _note(lineage, "below", news)
    waiting = [news for news in due if not _is_told(lineage, "letter", news)]
    if not possible(settings):
        for news in waiting:
            _note(lineage, "letter", news)
    elif waiting:
        root = portal_address(settings)
        mailings = [
            Mailing(partial(_letters, news, root), partial(_note, lineage, "letter", news))
            for news in waiting
        ]
        send(settings, mailings, "data")


def _is_told(lineage: Lineage, way: str, news: News) -> bool:
    return lineage.mark("", f"{way} {news.mark}") == news.event


def _note(lineage: Lineage, way: str, news: News) -> None:
    lineage.set_mark("", f"{way} {news.mark}", news.event)


def _tell_below(settings: Settings, news: News, now: float) -> None:
    if (said := BELOW.get(news.kind)) is None:
        return
    texts: dict[str, str] = {
        language: said.in_(language).format(**news.facts(language)) for language in LANGUAGES
    }
    for name in news.rooms():
        notices.tell(settings.run / "ways" / name, "data", texts, now)


def _letters(news: News, root: str) -> Iterator[Letter]:
    """One to each reader, in the language in which they read the lab."""
    for account, why in news.readers():
        language = account.language
        facts = {**news.facts(language), "why": why(language), "link": f"{root}/{news.path}"}
        subject = SUBJECTS[news.kind].in_(language).format(**facts)
        body = BODIES[news.kind].in_(language).format(**facts)
        yield Letter(account, subject, body)


def _of_proposals(settings: Settings, lineage: Lineage) -> Iterator[News]:
    """Stewards hear that a proposal was sent, its author what became of it."""
    store = Store(settings.people)
    for one in Proposals(settings.proposals):
        if one.event:
            news = _answer(store, one)
            if not all(_is_told(lineage, way, news) for way in WAYS):
                yield news


def _answer(store: Store, one: Proposal) -> News:
    kind, _, by = one.event.split(" ", 2)

    def facts(language: Language) -> dict[str, str]:
        account = accounts.find(store, by)
        return {
            "title": " ".join(one.title(language).split()),
            "who": account.display if account else by,
            "answer": one.answer,
            "note": one.note,
        }

    def readers() -> Iterator[tuple[Account, Words]]:
        if kind == "send":
            found = [a for a in accounts.accounts(store) if may(a.groups, "publish:dataset")]
        else:
            owner = accounts.find(store, one.owner)
            found = [owner] if owner is not None else []
        for account in found:
            if account.email and account.disabled_at is None and account.name != by:
                yield account, lambda language: ""

    done = kind == "publish"
    return News(
        mark=f"proposal {one.id}",
        event=one.event,
        kind=kind,
        path=f"datasets/{one.dataset}" if done else f"datasets/new/{one.id}",
        facts=facts,
        rooms=lambda: [one.owner] if by != one.owner else [],
        readers=readers,
    )


def _of_updates(settings: Settings, lineage: Lineage, now: float) -> Iterator[News]:
    """One event for the first update that was kept out, and one for the end of it."""
    for entry in read_index(settings.lake).values():
        told = [lineage.mark("", f"{way} update {entry.id}") for way in WAYS]
        before = next((mark for mark in told if mark.startswith("kept ")), "")
        if (since := _kept_since(entry)) is not None:
            kind, event = "kept", f"kept {since}"
        elif before and (entry.record or {}).get("state") in ("published", "unchanged"):
            kind, event = "good", f"good {before.removeprefix('kept ')}"
        else:
            continue
        if any(mark != event for mark in told):
            yield _update(settings, lineage, entry, event, kind, now)


def _update(
    settings: Settings, lineage: Lineage, entry: Entry, event: str, kind: str, now: float
) -> News:
    """A dataset whose update was kept out, or one that is well again."""
    record, good = entry.record or {}, entry.good or {}

    def facts(language: Language) -> dict[str, str]:
        return {
            "title": title_of(entry, language),
            "day": _day(record.get("finished_at")),
            "good": _day(good.get("finished_at")),
            "reason": _reason(record, language),
        }

    def rooms() -> Iterator[str]:
        used = set(lineage.users_of(entry.id, now).projects)
        for project in Projects(settings.shared, settings.projects).all():
            if isinstance(project, Project) and project.slug in used:
                yield project.account

    def readers() -> Iterator[tuple[Account, Words]]:
        steward = str(entry.dataset.get("steward", "")).removeprefix("account:")
        everybody = accounts.accounts(Store(settings.people))
        present = [a for a in everybody if a.email and a.may_enter(now)]
        own = [a for a in present if steward == a.name or steward in a.groups]
        own = own or [a for a in present if "stewards" in a.groups]
        for account in own:
            yield account, ANSWERS_FOR_IT.in_
        for account, uses in users_of(settings, entry.id, now):
            if account not in own:
                yield account, partial(_uses, uses)

    return News(f"update {entry.id}", event, kind, f"datasets/{entry.id}", facts, rooms, readers)


def _uses(uses: list[str], language: Language) -> str:
    return USES_IT.in_(language).format(uses=named(uses, language))


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


def _reason(record: Mapping[str, Any], language: Language) -> str:
    """Why, in one sentence."""
    error = record.get("error")
    if error:
        return str((error.get("messages") or {}).get(language) or error.get("message", ""))
    results = (record.get("validation") or {}).get("results") or []
    broken = [
        r
        for r in results
        if not r.get("success") and r["expectation_config"].get("severity") != "warning"
    ]
    said = Phrase("{failed} of {all} checks failed.", failed=len(broken), all=len(results))
    return said.in_(language)


def _day(moment: object) -> str:
    try:
        return f"{datetime.fromisoformat(str(moment)).astimezone():%d/%m/%Y}"
    except ValueError:
        return "–"
