"""Rows of participation as their tables hold them, for tests of what reads them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, insert, update

from datalab.participation.tables.author import AUTHOR
from datalab.participation.tables.contribution import CONTRIBUTION, VOTE
from datalab.participation.tables.request import REQUEST, SERVICE
from datalab.participation.tables.session import DECISION, SESSION

NOON = 1_763_812_800.0  # 2025-11-22 12:00 UTC


def author(connection: Connection, id: str, **more: Any) -> str:
    values = {"id": id, "digest": id.encode(), "kind": "participant", "consent": "1"}
    values |= {"created_at": NOON, "expires_at": NOON + 1e7}
    connection.execute(insert(AUTHOR).values(**values | more))
    return id


def session(connection: Connection, id: str = "atelier", **more: Any) -> str:
    values = {"id": id, "code": id.upper(), "title": "Atelier", "question": "Où planter ?"}
    values |= {"template": "class", "state": "open", "capacity": 40, "facilitators": ["ana"]}
    values |= {"created_by": "ana", "created_at": NOON, "place_decimals": 3}
    connection.execute(insert(SESSION).values(**values | more))
    return id


def contribution(connection: Connection, id: str, session_id: str, **more: Any) -> str:
    values = {"id": id, "session_id": session_id, "receipt": f"r-{id}", "kind": "idea"}
    values |= {"text": f"texte exact {id}", "said": f"texte relu {id}", "state": "accepted"}
    values |= {"concerns": [], "submitted_at": NOON + 1799.9, "commune": "21231"}
    values |= {"longitude": 5.0412345, "latitude": 47.3223456}
    connection.execute(insert(CONTRIBUTION).values(**values | more))
    return id


def vote(connection: Connection, author_id: str, contribution_id: str, dots: int = 1) -> None:
    row = {"id": f"{author_id}-{contribution_id}", "session_id": "atelier", "at": NOON}
    row |= {"author_id": author_id, "contribution_id": contribution_id, "dots": dots}
    connection.execute(insert(VOTE).values(**row))


def decision(connection: Connection, id: str, session_id: str, **more: Any) -> None:
    values = {"id": id, "session_id": session_id, "text": "Planter dix tilleuls", "news": ""}
    values |= {"owner": "Service des espaces verts", "due": "2026-03-01", "state": "planned"}
    values |= {"objections": [], "answers": [], "created_at": NOON, "updated_at": NOON}
    connection.execute(insert(DECISION).values(**values | more))


def service(connection: Connection, code: str, decimals: int = 3) -> str:
    """A category of the lab, or one more, that releases places with ``decimals``."""
    changed = update(SERVICE).where(SERVICE.c.code == code).values(decimals=decimals)
    if connection.execute(changed).rowcount == 0:
        values = {"code": code, "position": 99, "name": {"fr": code, "en": code}}
        values |= {"description": {}, "keywords": [], "attributes": [], "decimals": decimals}
        connection.execute(insert(SERVICE).values(**values, answer_hours=24.0, closure_hours=240.0))
    return code


def request(connection: Connection, id: str, service_code: str, **more: Any) -> None:
    values = {"id": id, "token": f"t-{id}", "receipt": f"r-{id}", "service_code": service_code}
    values |= {"state": "received", "status": "open", "moderation": "accepted", "concerns": []}
    values |= {"description": "texte exact", "said": "texte relu", "attributes": {}}
    values |= {"longitude": 5.0412345, "latitude": 47.3223456, "commune": "21231"}
    values |= {"channel": "web", "requested_at": NOON + 60, "updated_at": NOON + 60}
    connection.execute(insert(REQUEST).values(**values | more))
