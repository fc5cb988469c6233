"""What the lab does by itself about access that was asked for, granted, or is about to end.

Who holds a grant reads below their next cell that it ends soon, and that the server which shows the
data is stopped then; projects that read by it as well. Letters go where mail is configured.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import partial

from datalab.errors import DatalabError
from datalab.hub.plan import portal_address
from datalab.i18n import LANGUAGES, Phrase, translate
from datalab.isolation import notices
from datalab.lake.index import Entry, read_index
from datalab.participation.letter import possible
from datalab.participation.mailing import Letter, Mailing, send
from datalab.people import accounts, grants
from datalab.people.accounts import Account
from datalab.people.grant import Grant, State
from datalab.people.store import Store
from datalab.projects.project import Project, Projects
from datalab.settings import Settings

AHEAD = 900.0  # seconds before the end that its holder is told
SUBJECTS: dict[State, Phrase] = {
    "asked": Phrase("Somebody asks for access to {title}"),
    "granted": Phrase("You can read {title}"),
    "refused": Phrase("Your request for {title} was refused"),
    "revoked": Phrase("Your access to {title} was taken back"),
    "ended": Phrase("Your access to {title} is over"),
}
BODIES: dict[State, Phrase] = {
    "asked": Phrase("{who} writes: {purpose}\n\nUntil {day}. Answer here: {link}"),
    "granted": Phrase("Until {day}. {reason}\n\n{link}"),
    "refused": Phrase("The reason that was given: {reason}\n\n{link}"),
    "revoked": Phrase("The reason that was given: {reason}\n\n{link}"),
    "ended": Phrase("You can ask again: {link}"),
}


def attend(settings: Settings, now: float) -> None:
    """One look: end what is over, warn of what ends soon, write what nobody was told yet."""
    store = Store(settings.people)
    grants.end(store, now)
    soon = grants.ending(store, now, AHEAD)
    untold = grants.untold(store)
    if not soon and not untold:
        return
    entries = read_index(settings.lake)
    for one in soon:
        _warn(settings, entries.get(one.dataset), one, now)
    if not possible(settings):
        for one in untold:
            grants.note_told(store, one)
        return
    root = portal_address(settings)
    mailings = [
        Mailing(
            partial(_letters, store, entries.get(one.dataset), one, root),
            partial(grants.note_told, store, one),
        )
        for one in untold
    ]
    send(settings, mailings, "access")


def _warn(settings: Settings, entry: Entry | None, one: Grant, now: float) -> None:
    moment = f"{datetime.fromtimestamp(one.until, UTC).astimezone():%H:%M}"
    texts: dict[str, str] = {
        language: translate(
            "Access to “{title}” ends at {moment}. This server is stopped then: save your work.",
            language,
            title=_title(entry, one, language),
            moment=moment,
        )
        for language in LANGUAGES
    }
    for name in {one.account, *_projects_of(settings, one.account)}:
        notices.tell(settings.run / "ways" / name, "access", texts, now)


def _projects_of(settings: Settings, account: str) -> Iterable[str]:
    for project in Projects(settings.shared, settings.projects).all():
        if isinstance(project, Project) and project.manifest.role_of(account):
            yield project.account


def _readers(store: Store, entry: Entry | None, one: Grant) -> list[Account]:
    """Whom a letter goes to: the steward for a request, the asker for an answer."""
    if one.state == "withdrawn":
        return []
    if one.state != "asked":
        found = accounts.find(store, one.account)
        return [found] if found is not None and found.email else []
    steward = str(entry.dataset.get("steward", "")) if entry else ""
    steward = steward.removeprefix("account:")
    everybody = [a for a in accounts.accounts(store) if a.email and a.disabled_at is None]
    own = [a for a in everybody if steward == a.name or steward in a.groups]
    return own or [a for a in everybody if "stewards" in a.groups]


def _letters(store: Store, entry: Entry | None, one: Grant, root: str) -> Iterator[Letter]:
    try:
        who = accounts.get(store, one.account).display
    except DatalabError:
        who = one.account
    link = f"{root}/datasets/{one.dataset}" + ("/access" if one.state == "asked" else "")
    day = f"{datetime.fromtimestamp(one.until - 1, UTC).astimezone():%d/%m/%Y}"
    facts = {"who": who, "purpose": one.purpose, "day": day, "reason": one.reason, "link": link}
    for to in _readers(store, entry, one):
        title = _title(entry, one, to.language)
        subject = SUBJECTS[one.state].in_(to.language).format(title=title)
        body = BODIES[one.state].in_(to.language).format(**facts)
        yield Letter(to, subject, body)


def _title(entry: Entry | None, one: Grant, language: str) -> str:
    said = entry.dataset.get("title") or {} if entry else {}
    title = said.get(language) or said.get("fr")
    return str(title or one.dataset)
