"""Letters about sessions: their minutes are there, a decision that answers an idea has news.

The journal is the source, as it stands after a while: what was taken back meanwhile is never
told, and what came in quick succession is told in one letter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from datalab.errors import UnknownSession
from datalab.i18n import Language, Phrase, translate
from datalab.participation import decision, mail, push, session
from datalab.participation.author import get as author_of
from datalab.participation.contribution import contributions
from datalab.participation.decision import Decision
from datalab.participation.harvest import heirs
from datalab.participation.mail import Template
from datalab.participation.session import Session
from datalab.participation.tables.journal import CHANGE, POSITION
from datalab.participation.tables.session import PARTICIPANT

READER = "session-news"
GRACE = 120.0  # seconds in which a change may be taken back, or followed by another one
AT_ONCE = 500  # changes of one turn

mail.TEMPLATES["session.minutes"] = Template(
    Phrase("The minutes of “{title}” are there"),
    Phrase(
        "Hello,\n\nThank you for taking part in “{title}”. The minutes are ready: what was said, "
        "what was decided, who does it and until when.\n\n"
        "Read what became of your ideas here:\n{link}"
    ),
)
mail.TEMPLATES["decision.news"] = Template(
    Phrase("News of a decision of “{title}”"),
    Phrase(
        "Hello,\n\nA decision answers what you said in “{title}”, and there is news of it:\n\n"
        "{news}\n\nRead what became of your ideas here:\n{link}"
    ),
)


def spread(connection: Connection, now: float, grace: float = GRACE) -> int:
    """Queue the letters of what changed since the last turn; how many."""
    closed: dict[str, bool] = {}  # by session: whether it was closed before
    before: dict[str, dict[str, Mapping[str, Any] | None]] = defaultdict(dict)
    last = None
    for change in _new(connection, now - grace):
        last = change["id"]
        kind, _, id = change["scope"].partition(":")
        if kind != "session":
            continue
        for entry in change["rows"]:
            if entry["table"] == "session" and entry["before"] and "state" in entry["before"]:
                closed.setdefault(id, entry["before"]["state"] == "closed")
            if entry["table"] == "decision":
                before[id].setdefault(entry["id"], entry["before"])
    if last is None:
        return 0
    _reached(connection, last)
    told = 0
    for id in dict.fromkeys([*closed, *before]):
        try:
            held = session.get(connection, id)
        except UnknownSession:
            continue
        if held.state != "closed" or held.demonstration:
            continue
        if closed.get(id) is False:
            told += _tell_minutes(connection, held, now)
        elif id in before:
            told += _tell_decisions(connection, held, before[id], now)
    return told


def is_due(connection: Connection, now: float, grace: float = GRACE) -> bool:
    """Whether there is anything to look at: a look costs no write."""
    return bool(_new(connection, now - grace, most=1))


def _tell_minutes(connection: Connection, held: Session, now: float) -> int:
    asked = select(PARTICIPANT.c.author_id).where(PARTICIPANT.c.session_id == held.id)
    concerned = list(connection.execute(asked).scalars())
    facts = {"title": held.title}
    told = sum(mail.send(connection, one, "session.minutes", facts, now) for one in concerned)
    push.announce(connection, concerned, now)
    return told


def _tell_decisions(
    connection: Connection,
    held: Session,
    before: Mapping[str, Mapping[str, Any] | None],
    now: float,
) -> int:
    changed = [
        made
        for made in decision.decisions(connection, held)
        if made.id in before and _is_news(made, before[made.id])
    ]
    news: dict[str, list[Decision]] = defaultdict(list)
    for made in changed:
        for one in answered(connection, held, made):
            news[one].append(made)
    told = 0
    for one, told_of in news.items():
        language = _language(connection, one)
        facts = {"title": held.title, "news": "\n\n".join(_said(m, language) for m in told_of)}
        told += mail.send(connection, one, "decision.news", facts, now)
    push.announce(connection, list(news), now)
    return told


def answered(connection: Connection, held: Session, made: Decision) -> list[str]:
    """The authors whose contributions a decision answers, through what they were merged into."""
    rows = [vars(one) for one in contributions(connection, held)]
    heir = heirs(rows)
    ends = {heir.get(id, id) for id in made.answers}
    found = [
        row["author_id"]
        for row in rows
        if row["author_id"] and row["state"] in ("accepted", "merged") and heir[row["id"]] in ends
    ]
    return list(dict.fromkeys(found))


def _is_news(made: Decision, before: Mapping[str, Any] | None) -> bool:
    if before is None:
        return True
    now = {"state": made.state, "news": made.news, "answers": list(made.answers)}
    return any(before.get(name, value) != value for name, value in now.items())


def _said(made: Decision, language: Language) -> str:
    state = decision.STATES[made.state].in_(language)
    said = translate("“{text}”: {state}.", language, text=made.text, state=state)
    return f"{said}\n{made.news}" if made.news else said


def _language(connection: Connection, author: str) -> Language:
    found = author_of(connection, author)
    return "en" if found is not None and found.language == "en" else "fr"


def _new(connection: Connection, until: float, most: int = AT_ONCE) -> list[Mapping[str, Any]]:
    """Changes since the last turn that have stood until now."""
    known = select(POSITION.c.number).where(POSITION.c.reader == READER)
    after = connection.execute(known).scalar() or 0
    asked = select(CHANGE).where(CHANGE.c.id > after).order_by(CHANGE.c.id).limit(most)
    found: list[Mapping[str, Any]] = []
    for row in connection.execute(asked).mappings():
        if row["at"] > until:
            break  # what follows is younger, or stands behind one that is
        found.append(dict(row))
    return found


def _reached(connection: Connection, number: int) -> None:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(POSITION).values(reader=READER, number=number)
    connection.execute(
        statement.on_conflict_do_update(index_elements=[POSITION.c.reader], set_={"number": number})
    )
