"""What became of a case, told to who reported it and to who follows it.

The journal is the source: whoever changes a case, by whatever door, its people hear of it once.
A change is told when it has stood for a moment, so that one taken back at once is not told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from datalab.errors import UnknownRequest
from datalab.i18n import LANGUAGES, Language
from datalab.participation import author, following, journal, mail, push, request, service
from datalab.participation.case_words import sentence
from datalab.participation.journal import Change
from datalab.participation.request_state import REOPEN_DAYS, Request
from datalab.participation.store import Store
from datalab.participation.tables.journal import CHANGE, POSITION

READER = "news"
GRACE = 15.0  # seconds in which an agent may take back what they did
AT_ONCE = 200  # changes of one turn
TOLD = ("scheduled", "in-progress")  # open states that are news by themselves


@dataclass(frozen=True)
class News:
    """``kind`` is the ending of a letter's name; ``text`` what an agent said."""

    kind: str
    request: str
    state: str
    text: str
    actor: str


def spread_all(store: Store, now: float) -> int:
    """:func:`spread` until nothing is left; it takes the database for writing only when needed."""
    told = 0
    while True:
        with store.reading() as connection:
            if not _changes(connection, now - GRACE):
                return told
        with store.writing() as connection:
            told += spread(connection, now)


def spread(connection: Connection, now: float, grace: float = GRACE) -> int:
    """Queue letters and pushes for what changed since the last turn; how many people hear."""
    told = 0
    for news in _new(connection, now - grace):
        try:
            about = request.get(connection, news.request)
        except UnknownRequest:  # erased since
            continue
        told += tell(connection, about, news, now)
    return told


def tell(connection: Connection, about: Request, news: News, now: float) -> int:
    """Tell everybody whom ``news`` concerns; how many they are."""
    private = about.moderation != "accepted" or news.kind == "accepted"
    hearers = [about.author_id] if private else following.hearers(connection, about.id)
    concerned = [one for one in hearers if one and f"author:{one}" != news.actor]
    kind = service.get(connection, about.service_code)
    for one in concerned:
        language = language_of(connection, one)
        said = [sentence(news.state, language)] if news.state and news.kind != "refused" else []
        facts = {
            "number": about.id,
            "service": kind.name(language),
            "news": "\n\n".join([*said, *([news.text] if news.text else [])]),
            "days": round(REOPEN_DAYS),
        }
        followed = news.kind == "closed" and one != about.author_id
        mail.send(connection, one, f"case.{news.kind}{'.followed' if followed else ''}", facts, now)
    push.announce(connection, concerned, now)
    return len(concerned)


def news_of(change: Change) -> News | None:
    """What a change of a case means to people outside, None for nothing."""
    before, after, text = _request_of(change.rows), _request_of(change.rows, "after"), ""
    for row in change.rows:
        if row["table"] == "note" and row["before"] is None and row["after"]["public"]:
            text = row["after"]["text"]
    number = change.scope.partition(":")[2]

    def made(kind: str, said: str = text) -> News:
        return News(kind, number, str(after.get("state", "")), said, change.actor)

    if not before:  # a new one: its reporter was told by the page; or only a note was written
        return made("answered") if text and not after else None
    if before.get("moderation") == "waiting":
        if after["moderation"] == "accepted":
            return made("accepted")
        return made("refused", after.get("status_notes", ""))
    if (before.get("status"), after.get("status")) == ("open", "closed"):
        return made("closed")
    if (before.get("status"), after.get("status")) == ("closed", "open"):
        return made("reopened")
    moved = after.get("state") in TOLD and before.get("state") != after.get("state")
    return made("answered") if text or moved else None


def language_of(connection: Connection, author_id: str) -> Language:
    found = author.get(connection, author_id)
    said = found.language if found else ""
    return next((one for one in LANGUAGES if one == said), LANGUAGES[0])


def _request_of(rows: Iterable[Mapping[str, Any]], side: str = "before") -> Mapping[str, Any]:
    return next((row[side] or {} for row in rows if row["table"] == "request"), {})


def _changes(connection: Connection, until: float) -> list[Change]:
    """Changes that nobody looked at yet and that have stood until now, in order."""
    known = select(POSITION.c.number).where(POSITION.c.reader == READER)
    after = connection.execute(known).scalar() or 0
    asked = select(CHANGE).where(CHANGE.c.id > after).order_by(CHANGE.c.id).limit(AT_ONCE)
    changes = []
    for row in connection.execute(asked).mappings():
        if row["at"] > until:
            break  # what follows is younger, or stands behind one that is
        changes.append(Change(**row))
    return changes


def _new(connection: Connection, until: float) -> list[News]:
    """News of these changes; they are not given again."""
    changes = _changes(connection, until)
    if not changes:
        return []
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    here = {"number": changes[-1].id}
    statement = dialect.insert(POSITION).values(reader=READER, **here)
    connection.execute(
        statement.on_conflict_do_update(index_elements=[POSITION.c.reader], set_=here)
    )
    standing = [
        change
        for change in changes
        if change.scope.startswith("request:") and _stands(connection, change)
    ]
    return [news for news in map(news_of, standing) if news is not None]


def _stands(connection: Connection, change: Change) -> bool:
    """Whether it was not taken back at once, and does not itself take something back at once."""
    back = select(CHANGE.c.at).where(CHANGE.c.undoes == change.id)
    at = connection.execute(back).scalar()
    if at is not None and at - change.at <= GRACE:
        return False
    undone = journal.find(connection, change.undoes) if change.undoes else None
    return undone is None or undone.undoes is not None or change.at - undone.at > GRACE
