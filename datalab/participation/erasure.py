"""What is held about an author, and the end of it.

An author is erased to a shell: an id that leads to nobody, so that votes stay counted and a board
keeps its numbers. What they said goes with them or stays without them, as they choose; what was
never shown to anybody goes in any case. The journal, which remembers what was before, is cleaned
in the same transaction; files go after it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, delete, select, update

from datalab.participation import journal, response
from datalab.participation.author import Author
from datalab.participation.contact import Vault
from datalab.participation.journal import Edit
from datalab.participation.tables import METADATA
from datalab.participation.tables.author import AUTHOR, CONTACT, MESSAGE, PICTURE, PUSH
from datalab.participation.tables.contribution import CONTRIBUTION, VOTE
from datalab.participation.tables.flag import FLAG
from datalab.participation.tables.journal import CHANGE
from datalab.participation.tables.request import FOLLOWER, NOTE, REQUEST, SERVICE
from datalab.participation.tables.session import PARTICIPANT, SESSION
from datalab.participation.tables.survey import RESPONSE

SIDES = ("before", "after")
SOMEBODY = "author"  # who did it, in the journal, once nobody knows any more
GONE: dict[str, dict[str, Any]] = {
    "contribution": {
        "text": "",
        "said": "",
        "place": "",
        "reason": "",
        "latitude": None,
        "longitude": None,
        "commune": None,
        "picture_id": None,
        "evidence": None,
        "concerns": [],
        "author_id": None,
    },
    "request": {
        "description": "",
        "said": "",
        "address": "",
        "address_id": "",
        "zipcode": "",
        "latitude": None,
        "longitude": None,
        "attributes": {},
        "concerns": [],
        "picture_id": None,
        "equipment": None,
        "satisfaction": None,
        "satisfaction_words": "",
        "author_id": None,
    },
    "response": {"answers": {}, "concerns": {}, "author_id": None},
    "flag": {"text": "", "said": "", "place": {}, "concerns": [], "author_id": None},
    "note": {"text": "", "actor": SOMEBODY},
    "participant": {"pseudonym": ""},
}
# What a row loses whose words stay: who said it, what was typed before it was screened, where
# exactly. The row itself keeps its place rounded.
UNSIGNED: dict[str, dict[str, Any]] = {
    "contribution": {
        "text": "",
        "concerns": [],
        "author_id": None,
        "latitude": None,
        "longitude": None,
    },
    "request": {
        "description": "",
        "concerns": [],
        "author_id": None,
        "satisfaction_words": "",
        "latitude": None,
        "longitude": None,
        "address": "",
        "address_id": "",
    },
    "response": {"answers": {}, "concerns": {}, "author_id": None},
    "flag": {"text": "", "concerns": [], "author_id": None},
    "note": {"actor": SOMEBODY},
    "participant": {"pseudonym": ""},
}


@dataclass(frozen=True)
class Erased:
    """``pictures`` are ids whose files have to go once the transaction is on disk."""

    erased: int
    kept: int
    pictures: tuple[str, ...]


def held(connection: Connection, vault: Vault, author: Author) -> dict[str, Any]:
    """Everything that the database holds about an author, table by table, as plain JSON."""
    found: dict[str, Any] = {}
    for table in METADATA.sorted_tables:
        column = table.c.get("author_id") if table is not AUTHOR else table.c["id"]
        if column is not None:
            held_by = column == author.id
            if table is PICTURE:
                held_by = PICTURE.c.id.in_(_own_pictures(connection, author))
            rows = connection.execute(select(table).where(held_by)).mappings()
            found[table.name] = [_told(vault, table, dict(row)) for row in rows]
    asked = select(NOTE).where(
        NOTE.c.request_id.in_([row["id"] for row in found["request"]]),
        NOTE.c.public | (NOTE.c.actor == f"author:{author.id}"),
    )
    found["note"] = [dict(row) for row in connection.execute(asked.order_by(NOTE.c.at)).mappings()]
    did = select(CHANGE.c.at, CHANGE.c.scope, CHANGE.c.kind).where(
        CHANGE.c.scope.in_(_scopes(connection, author)), CHANGE.c.actor == f"author:{author.id}"
    )
    rows = connection.execute(did.order_by(CHANGE.c.id)).mappings()
    found["change"] = [dict(row) for row in rows]
    return {name: rows for name, rows in found.items() if rows}


def erase(connection: Connection, author: Author, now: float, *, keep: bool) -> Erased:
    """Forget an author. With ``keep``, what others already read stays, unsigned."""
    scopes = _scopes(connection, author)
    ids: dict[str, dict[str, bool]] = {"participant": {author.id: False}}  # row id: words stay
    shots = _own_pictures(connection, author)
    for table, ended in (
        (CONTRIBUTION, _contribution),
        (REQUEST, _request),
        (RESPONSE, _response),
        (FLAG, _flag),
    ):
        asked = select(table).where(table.c.author_id == author.id)
        for row in map(dict, connection.execute(asked).mappings().all()):
            ids.setdefault(table.name, {})[row["id"]] = stays = keep and _is_public(table, row)
            edit = ended(connection, row, stays, now)
            journal.record(
                connection,
                scope=_scope(table, row),
                at=now,
                actor=SOMEBODY,
                kind=f"{table.name}.erase",
                edits=[edit],
            )
    notes = select(NOTE.c.id, NOTE.c.public).where(NOTE.c.actor == f"author:{author.id}")
    for id, public in connection.execute(notes).all():
        ids.setdefault("note", {})[id] = keep and public
        values = (UNSIGNED if keep and public else GONE)["note"]
        connection.execute(update(NOTE).where(NOTE.c.id == id).values(**values))
    _clean_journal(connection, scopes, ids, f"author:{author.id}")
    pictures = _free(connection, shots)
    _shell(connection, author, now)
    stay = [stays for name, rows in ids.items() if name != "participant" for stays in rows.values()]
    return Erased(len(stay) - sum(stay), sum(stay), pictures)


def cleaned(table: str, values: Mapping[str, Any] | None, stays: bool) -> dict[str, Any] | None:
    """What the journal remembers of a row, without what was erased from it."""
    if values is None:
        return None
    lost = (UNSIGNED if stays else GONE).get(table, {})
    return {name: lost.get(name, value) for name, value in values.items()}


def _contribution(connection: Connection, row: Mapping[str, Any], stays: bool, now: float) -> Edit:
    if not stays:
        state = {"state": "withdrawn"} if row["state"] != "rejected" else {}
        return Edit.update(CONTRIBUTION, row["id"], {**GONE["contribution"], **state})
    asked = select(SESSION.c.place_decimals).where(SESSION.c.id == row["session_id"])
    place = _rounded(row, connection.execute(asked).scalar_one())
    values = {**UNSIGNED["contribution"], "text": row["said"], **place}
    return Edit.update(CONTRIBUTION, row["id"], values)


def _rounded(row: Mapping[str, Any], decimals: int) -> dict[str, float | None]:
    return {
        name: None if row[name] is None else round(row[name], decimals)
        for name in ("latitude", "longitude")
    }


def _request(connection: Connection, row: Mapping[str, Any], stays: bool, now: float) -> Edit:
    if stays:
        values = {**UNSIGNED["request"], "description": row["said"]}
        if row["status"] == "open":  # whoever repairs it has to find it
            values |= {name: row[name] for name in _WHERE}
        else:
            asked = select(SERVICE.c.decimals).where(SERVICE.c.code == row["service_code"])
            values |= _rounded(row, connection.execute(asked).scalar_one())
        return Edit.update(REQUEST, row["id"], values)
    values = {**GONE["request"], "moderation": "rejected", "updated_at": now}
    if row["status"] == "open":
        values |= {"status": "closed", "state": "unable", "closed_at": now}
    return Edit.update(REQUEST, row["id"], values)


_WHERE = ("latitude", "longitude", "address", "address_id")


def _response(connection: Connection, row: Mapping[str, Any], stays: bool, now: float) -> Edit:
    if stays:
        return Edit.update(RESPONSE, row["id"], response.unsigned(connection, row))
    return Edit.delete(RESPONSE, row["id"])


def _flag(connection: Connection, row: Mapping[str, Any], stays: bool, now: float) -> Edit:
    if not stays:
        state = {"state": "refused"} if row["state"] == "open" else {}
        return Edit.update(FLAG, row["id"], {**GONE["flag"], **state})
    return Edit.update(FLAG, row["id"], {**UNSIGNED["flag"], "text": row["said"]})


def _is_public(table: Table, row: Mapping[str, Any]) -> bool:
    if table is FLAG:
        return row["state"] in ("answered", "fixed")
    if table is REQUEST:
        return bool(row["moderation"] == "accepted")
    if table is RESPONSE:
        return bool(row["state"] == "accepted")
    return row["state"] in ("accepted", "merged")


def _scope(table: Table, row: Mapping[str, Any]) -> str:
    if table is REQUEST:
        return f"request:{row['id']}"
    if table is RESPONSE:
        return f"survey:{row['survey_id']}"
    if table is FLAG:
        return f"flag:{row['id']}"
    return f"session:{row['session_id']}"


def _scopes(connection: Connection, author: Author) -> list[str]:
    """Where an author did something: nothing of theirs is in another scope of the journal."""
    found: set[str] = set()
    for table in (CONTRIBUTION, REQUEST, RESPONSE, FLAG):
        asked = select(table).where(table.c.author_id == author.id)
        found |= {_scope(table, dict(row)) for row in connection.execute(asked).mappings()}
    for column, kind in (
        (PARTICIPANT.c.session_id, "session"),
        (VOTE.c.session_id, "session"),
        (FOLLOWER.c.request_id, "request"),
    ):
        asked = select(column).where(column.table.c.author_id == author.id)
        found |= {f"{kind}:{id}" for id in connection.execute(asked).scalars()}
    return sorted(found)


def _clean_journal(
    connection: Connection,
    scopes: Iterable[str],
    ids: Mapping[str, Mapping[str, bool]],
    actor: str,
) -> None:
    asked = select(CHANGE).where(CHANGE.c.scope.in_(list(scopes)))
    for change in connection.execute(asked).mappings().all():
        rows = [_clean_entry(entry, ids) for entry in change["rows"]]
        who = SOMEBODY if change["actor"] == actor else change["actor"]
        if rows != change["rows"] or who != change["actor"]:
            connection.execute(
                update(CHANGE).where(CHANGE.c.id == change["id"]).values(rows=rows, actor=who)
            )


def _clean_entry(entry: Any, ids: Mapping[str, Mapping[str, bool]]) -> Any:
    known = ids.get(entry["table"], {})
    if entry["id"] not in known:
        return entry
    parts = {name: cleaned(entry["table"], entry[name], known[entry["id"]]) for name in SIDES}
    return {**entry, **parts}


def _own_pictures(connection: Connection, author: Author) -> list[str]:
    """Pictures that an author sent, also where only what they came with says so."""
    mine = PICTURE.c.author_id == author.id
    for table in (CONTRIBUTION, REQUEST):
        sent = select(table.c.picture_id).where(table.c.author_id == author.id)
        mine = mine | PICTURE.c.id.in_(sent.where(table.c.picture_id.is_not(None)))
    return list(connection.execute(select(PICTURE.c.id).where(mine)).scalars())


def _free(connection: Connection, ids: list[str]) -> tuple[str, ...]:
    """Let go of pictures; those that nothing shows any more are told, to be erased."""
    shown: set[str] = set()
    for table in (CONTRIBUTION, REQUEST):
        asked = select(table.c.picture_id).where(table.c.picture_id.in_(ids))
        shown |= set(connection.execute(asked).scalars())
    gone = tuple(id for id in ids if id not in shown)
    connection.execute(delete(PICTURE).where(PICTURE.c.id.in_(gone)))
    connection.execute(update(PICTURE).where(PICTURE.c.id.in_(ids)).values(author_id=None))
    return gone


def _shell(connection: Connection, author: Author, now: float) -> None:
    for table in (CONTACT, MESSAGE, PUSH, FOLLOWER):
        connection.execute(delete(table).where(table.c.author_id == author.id))
    # Unique in its session, and no word of anybody's.
    connection.execute(
        update(PARTICIPANT)
        .where(PARTICIPANT.c.author_id == author.id)
        .values(pseudonym=f"– {author.id}")
    )
    connection.execute(
        update(AUTHOR)
        .where(AUTHOR.c.id == author.id)
        .values(
            digest=secrets.token_bytes(32),
            pseudonym="",
            account=None,
            minor=False,
            seen_at=None,
            erased_at=now,
        )
    )


def _told(vault: Vault, table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: value for name, value in row.items() if name not in ("digest", "cipher")}
    if "cipher" in row:
        plain = vault.decrypt(row["cipher"])
        values["encrypted"] = None if plain is None else plain.decode(errors="replace")
    return values
