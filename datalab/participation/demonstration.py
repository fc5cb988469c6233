"""The session that waits in every new lab so that anybody can try the whole of it.

There is one, labelled so everywhere, and it is always open: each night, some time after somebody
closed it, or at the press of a button it begins anew, and with that everything that people typed
into it is gone, journal and pictures included. Nothing of it reaches the datasets.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, select, update

from datalab.errors import UnknownSession
from datalab.i18n import Language, Phrase, translate
from datalab.participation import agenda, contribution, decision, grouping, picture, session
from datalab.participation.session import Session
from datalab.participation.store import Store
from datalab.participation.tables.author import AUTHOR, PICTURE
from datalab.participation.tables.contribution import CONTRIBUTION, VOTE
from datalab.participation.tables.journal import CHANGE
from datalab.participation.tables.session import (
    CLUSTER,
    DECISION,
    FOREWORD,
    MATERIAL,
    PARTICIPANT,
    PHASE,
    SESSION,
)
from datalab.participation.template import TEMPLATES, fill
from datalab.participation.wording import id_of
from datalab.settings import Settings

RECEIPT = "welcome demonstration"
ACTOR = "lab"
LANGUAGE: Language = "fr"  # of what stands in it; the pages around speak the reader's
ZONE = ZoneInfo("Europe/Paris")
HOUR = 3  # of the night, in Dijon, at which it begins anew
AFTERWARDS = 1800.0  # seconds for which a closed one stays to be looked at
DAYS = 1.0  # for which somebody who joined it is known
TITLE = Phrase("Welcome: try a session")
QUESTION = Phrase("What would make our campus nicer to live on?")
PLACE = Phrase("Wherever you are (demonstration)")
GROUP = Phrase("Greener")
# Invented, and said to be so in their own words.
IDEAS = (
    (Phrase("Example: benches in the shade along the main path"), (5.0747, 47.3108)),
    (Phrase("Example: somewhere to sit in the shade"), None),
    (Phrase("Example: a small orchard whose fruit is everybody’s"), (5.0702, 47.3131)),
    (Phrase("Example: racks for bicycles that are under a roof"), None),
)
WAITING = Phrase("Example that waits to be read: show it, or say why not")
DECISION_TEXT = Phrase("Example: put up four benches in the shade")
OWNER = Phrase("Campus services (example)")
OBJECTION = Phrase("Example: who looks after them in winter?")


def find(connection: Connection) -> Session | None:
    try:
        return session.get(connection, id_of(RECEIPT, "session"))
    except UnknownSession:
        return None


def ensure(store: Store, settings: Settings, now: float) -> bool:
    """Make the demonstration where it never was, begin it anew where it is time; whether it did."""
    with store.reading() as connection:
        found = find(connection)
    if found is not None and not is_due(found, now):
        return False
    begin_anew(store, settings, now)
    return True


def is_due(found: Session, now: float) -> bool:
    """Whether a night has passed since it began, or it has been closed for long enough."""
    if found.closed_at is not None:
        return now - found.closed_at >= AFTERWARDS
    return (found.opened_at or 0.0) < _night_before(now)


def begin_anew(store: Store, settings: Settings, now: float, actor: str = ACTOR) -> Session:
    """Forget everything that was said in it and begin with the examples."""
    with store.writing() as connection:
        found = find(connection) or _made(connection, now)
        gone = forget(connection, found)
        _set_back(connection, found, now, actor)
        fresh = session.get(connection, found.id)
        fill(connection, fresh, TEMPLATES["class"], language=LANGUAGE, now=now, actor=ACTOR)
        _begin(connection, fresh, now)
    for id in gone:
        picture.erase_files(settings.pictures, id)
    return fresh


def _made(connection: Connection, now: float) -> Session:
    return session.create(
        connection,
        title=_said(TITLE),
        question=_said(QUESTION),
        now=now,
        actor=ACTOR,
        receipt=RECEIPT,
        demonstration=True,
    )


def _values(now: float) -> dict[str, Any]:
    return {
        "title": _said(TITLE),
        "question": _said(QUESTION),
        "place": _said(PLACE),
        "project": None,
        "template": "class",
        "state": "open",
        "moderation": "before",
        "capacity": 100,
        "dots": 5,
        "place_decimals": 2,
        "counts_hidden": False,
        "facilitators": [ACTOR],
        "phase_id": None,
        "voting": False,
        "starts_at": None,
        "ends_at": None,
        "opened_at": now,
        "closed_at": None,
    }


def forget(connection: Connection, found: Session) -> list[str]:
    """Take everything out of a demonstration; ids of pictures whose files go too."""
    held = select(PARTICIPANT.c.author_id).where(PARTICIPANT.c.session_id == found.id)
    said = select(CONTRIBUTION.c.author_id).where(CONTRIBUTION.c.session_id == found.id)
    authors = {id for asked in (held, said) for id in connection.execute(asked).scalars() if id}
    shown = PICTURE.c.scope == found.scope
    pictures = list(connection.execute(select(PICTURE.c.id).where(shown)).scalars())
    for table in (VOTE, CONTRIBUTION, PARTICIPANT, DECISION, CLUSTER, PHASE, MATERIAL, FOREWORD):
        connection.execute(delete(table).where(table.c.session_id == found.id))
    connection.execute(delete(PICTURE).where(shown))
    connection.execute(delete(AUTHOR).where(AUTHOR.c.id.in_(authors)))
    connection.execute(delete(CHANGE).where(CHANGE.c.scope == found.scope))
    return pictures


def _set_back(connection: Connection, found: Session, now: float, actor: str) -> None:
    # Outside the journal, which would remember what somebody had put in its place.
    values = {**_values(now), "version": found.version + 1}
    connection.execute(update(SESSION).where(SESSION.c.id == found.id).values(**values))
    session.record(connection, found, "session.reset", [], now=now, actor=actor)


def _begin(connection: Connection, fresh: Session, now: float) -> None:
    gather = next(p for p in agenda.phases(connection, fresh) if p.kind == "diverge")
    agenda.start(connection, fresh, gather, now=now, actor=ACTOR)
    fresh = session.get(connection, fresh.id)
    group = grouping.make(
        connection, fresh, title=_said(GROUP), receipt=f"{RECEIPT} {now}", now=now, actor=ACTOR
    )
    told = []
    for number, (text, place) in enumerate(IDEAS):
        one = contribution.submit(
            connection,
            fresh,
            author=None,
            receipt=f"{RECEIPT} {now} {number}",
            text=_said(text),
            now=now,
            longitude=place[0] if place else None,
            latitude=place[1] if place else None,
            commune="21231" if place else None,
            way="facilitator",
            entered_by=ACTOR,
        )
        told.append(contribution.accept(connection, fresh, one, now=now, actor=ACTOR))
    contribution.submit(
        connection,
        fresh,
        author=None,
        receipt=f"{RECEIPT} {now} waiting",
        text=_said(WAITING),
        now=now,
        way="facilitator",
        entered_by=ACTOR,
    )
    grouping.move(connection, fresh, told[2], group.id, now=now, actor=ACTOR)
    decision.make(
        connection,
        fresh,
        text=_said(DECISION_TEXT),
        owner=_said(OWNER),
        due=(datetime.fromtimestamp(now, UTC) + timedelta(days=90)).date().isoformat(),
        receipt=f"{RECEIPT} {now}",
        now=now,
        actor=ACTOR,
        answers=[told[0].id],
        objections=[_said(OBJECTION)],
    )


def _night_before(now: float) -> float:
    """When it last was the hour of the night."""
    local = datetime.fromtimestamp(now, ZONE)
    night = local.replace(hour=HOUR, minute=0, second=0, microsecond=0)
    return (night if night <= local else night - timedelta(days=1)).timestamp()


def _said(phrase: Phrase) -> str:
    return translate(phrase.template, LANGUAGE)
