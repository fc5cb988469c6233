"""Somebody who took part in everything, for tests of what becomes of what they said."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, insert

from datalab.participation import author, consent, journal, register
from datalab.participation.author import Author, Kind
from datalab.participation.contact import Vault
from datalab.participation.journal import Edit
from datalab.participation.tables.author import PICTURE, PUSH
from datalab.participation.tables.contribution import CONTRIBUTION, VOTE
from datalab.participation.tables.request import FOLLOWER, NOTE, REQUEST, SERVICE
from datalab.participation.tables.session import PARTICIPANT, SESSION
from datalab.participation.tables.survey import RESPONSE, SURVEY

NOW = 1_790_000_000.0
EMAIL = "zoe.martin@exemple.fr"
TYPED = "Un banc TYPED devant chez moi"
SAID = "Un banc SAID"
ANSWER = "Parce que ANSWERED"
EXACT = 47.32174853
QUESTIONS = {
    "title": {"fr": "Q"},
    "sections": [
        {
            "name": "one",
            "title": {"fr": "Un"},
            "questions": [{"name": "why", "type": "text", "label": {"fr": "Pourquoi ?"}}],
        }
    ],
}


def somebody(connection: Connection, kind: Kind = "participant", name: str = "Zèbre vif") -> Author:
    return author.make(
        connection,
        kind=kind,
        now=NOW,
        expires_at=register.until(kind, NOW),
        consent=consent.VERSION,
        pseudonym=name,
    )


def told(connection: Connection, scope: str, who: str, kind: str, *edits: Edit) -> None:
    journal.record(connection, scope=scope, at=NOW, actor=who, kind=kind, edits=edits)


def places(connection: Connection) -> None:
    """A session, a questionnaire and a service, where things are said."""
    session = {"id": "s", "code": "BCDFGH", "title": "T", "question": "Q", "template": "evening"}
    more = {"state": "open", "capacity": 30, "facilitators": ["ana"], "created_by": "ana"}
    connection.execute(insert(SESSION).values(**session, **more, created_at=NOW))
    connection.execute(
        insert(SURVEY).values(
            id="q",
            slug="q",
            title={"fr": "Q"},
            definition=QUESTIONS,
            state="open",
            created_by="a",
            created_at=NOW,
        )
    )
    connection.execute(
        insert(SERVICE).values(
            code="bench",
            position=1,
            name={},
            description={},
            keywords=[],
            attributes=[],
            answer_hours=1,
            closure_hours=1,
        )
    )


def contribution(connection: Connection, who: Author, id: str, **more: Any) -> None:
    row = {
        "id": id,
        "session_id": "s",
        "author_id": who.id,
        "receipt": f"receipt-{id}",
        "kind": "idea",
        "text": TYPED,
        "latitude": EXACT,
        "longitude": 5.04140123,
        "place": "au coin",
        "state": "submitted",
        "concerns": [
            {"kind": "personal-data", "what": "name", "start": 8, "end": 13, "word": "TYPED"}
        ],
        "submitted_at": NOW,
        **more,
    }
    me = f"author:{who.id}"
    told(connection, "session:s", me, "contribution.submit", Edit.insert(CONTRIBUTION, row))


def accepted(connection: Connection, id: str) -> None:
    values = {"state": "accepted", "said": SAID, "decided_by": "ana", "decided_at": NOW}
    told(
        connection,
        "session:s",
        "ana",
        "contribution.accept",
        Edit.update(CONTRIBUTION, id, values),
    )


def request(connection: Connection, who: Author, id: str, **more: Any) -> None:
    row = {
        "id": id,
        "token": f"token-{id}",
        "receipt": f"receipt-{id}",
        "service_code": "bench",
        "state": "received",
        "status": "open",
        "moderation": "accepted",
        "concerns": [],
        "description": TYPED,
        "said": SAID,
        "latitude": EXACT,
        "longitude": 5.04140123,
        "attributes": {"colour": "GREENISH"},
        "channel": "web",
        "author_id": who.id,
        "requested_at": NOW,
        "updated_at": NOW,
        **more,
    }
    note = {"id": f"n-{id}", "request_id": id, "actor": f"author:{who.id}", "public": False}
    told(
        connection,
        f"request:{id}",
        f"author:{who.id}",
        "request.submit",
        Edit.insert(REQUEST, row),
        Edit.insert(NOTE, {**note, "text": f"{TYPED} encore", "at": NOW}),
    )


def everything(connection: Connection, vault: Vault) -> Author:
    """Somebody with a row in every table that holds something of an author."""
    places(connection)
    who = somebody(connection)
    vault.keep(connection, who.id, EMAIL, NOW, register.DAYS["contact"], who.secret)
    picture(connection, who, "shown", accepted=True)
    picture(connection, who, "waiting")
    connection.execute(
        insert(PARTICIPANT).values(
            author_id=who.id, session_id="s", pseudonym=who.pseudonym, way="phone", joined_at=NOW
        )
    )
    contribution(connection, who, "one", picture_id="shown")
    accepted(connection, "one")
    contribution(connection, who, "two", picture_id="waiting")
    connection.execute(
        insert(VOTE).values(
            id="v", session_id="s", contribution_id="one", author_id=who.id, dots=2, at=NOW
        )
    )
    response = {
        "id": "r",
        "survey_id": "q",
        "author_id": who.id,
        "receipt": "receipt-r",
        "edition": 1,
        "language": "fr",
        "answers": {"why": ANSWER},
        "state": "accepted",
        "concerns": {"why": {"state": "accepted", "said": SAID, "concerns": []}},
        "started_at": NOW,
    }
    me = f"author:{who.id}"
    told(connection, "survey:q", me, "response.submit", Edit.insert(RESPONSE, response))
    request(connection, who, "case")
    connection.execute(insert(FOLLOWER).values(request_id="case", author_id=who.id, at=NOW))
    connection.execute(
        insert(PUSH).values(
            id="p", author_id=who.id, cipher=vault.encrypt(b"https://push.test/x"), created_at=NOW
        )
    )
    return who


def picture(connection: Connection, who: Author | None, id: str, **more: Any) -> None:
    row = {"author_id": who.id if who else None, "scope": "session:s", "width": 4, "height": 3}
    values = {**row, "bytes": 9, "created_at": NOW, **more}
    connection.execute(insert(PICTURE).values(id=id, **values))
