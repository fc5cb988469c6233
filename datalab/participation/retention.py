"""What ends by itself: the sweep that the keeper makes, by the periods of the register."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, or_, select, update

from datalab.participation import author, picture
from datalab.participation.erasure import GONE, SIDES, SOMEBODY, cleaned, erase
from datalab.participation.register import DAYS
from datalab.participation.store import Store
from datalab.participation.tables.author import AUTHOR, CONTACT, MESSAGE, PICTURE, PUSH
from datalab.participation.tables.contribution import CONTRIBUTION
from datalab.participation.tables.flag import FLAG
from datalab.participation.tables.journal import CHANGE
from datalab.participation.tables.request import REQUEST
from datalab.participation.tables.survey import RESPONSE
from datalab.settings import Settings

DAY = 86_400
AT_ONCE = 200  # authors of one transaction: nobody who sends meanwhile waits for long


@dataclass(frozen=True)
class Swept:
    """How much went."""

    contacts: int
    letters: int
    authors: int
    refused: int
    pictures: int


def sweep(store: Store, settings: Settings, now: float) -> Swept:
    """Erase what has been kept for its time. Doing it twice is harmless; so is a crash."""
    with store.writing() as connection:
        contacts = _contacts(connection, now)
        letters = _gone(connection, MESSAGE, MESSAGE.c.created_at < now - DAYS["letter"] * DAY)
    authors = 0
    files: list[str] = []
    while found := _over(store, now):
        with store.writing() as connection:
            for one in found:
                files += erase(connection, one, now, keep=True).pictures
        authors += len(found)
        if len(found) < AT_ONCE:
            break
    with store.writing() as connection:
        refused = _refused(connection, now)
        files += (unused := _unused(connection, now))
    for id in files:
        picture.erase_files(settings.pictures, id)
    _strays(store, settings, now)
    store.settle()
    return Swept(contacts, letters, authors, refused, len(unused))


def _contacts(connection: Connection, now: float) -> int:
    count = _gone(connection, CONTACT, CONTACT.c.expires_at < now)
    return count + _gone(connection, PUSH, PUSH.c.created_at < now - DAYS["push"] * DAY)


def _gone(connection: Connection, table: Any, condition: Any) -> int:
    return int(connection.execute(delete(table).where(condition)).rowcount)


def _over(store: Store, now: float) -> list[author.Author]:
    """Authors whose time is over."""
    asked = select(AUTHOR.c.id).where(AUTHOR.c.expires_at < now, AUTHOR.c.erased_at.is_(None))
    with store.reading() as connection:
        ids = connection.execute(asked.order_by(AUTHOR.c.expires_at).limit(AT_ONCE)).scalars()
        found = [author.get(connection, id) for id in ids.all()]
    return [one for one in found if one is not None]


def _refused(connection: Connection, now: float) -> int:
    """Words that nobody was shown are forgotten, and the row stays as a number."""
    before = now - DAYS["refused"] * DAY
    said = update(CONTRIBUTION).where(
        CONTRIBUTION.c.state.in_(("rejected", "withdrawn")),
        CONTRIBUTION.c.decided_at < before,
        CONTRIBUTION.c.text != "",
    )
    reported = update(REQUEST).where(
        REQUEST.c.moderation == "rejected",
        REQUEST.c.updated_at < before,
        or_(REQUEST.c.description != "", REQUEST.c.address != "", REQUEST.c.latitude.is_not(None)),
    )
    flagged = update(FLAG).where(
        FLAG.c.state == "refused", FLAG.c.answered_at < before, FLAG.c.text != ""
    )
    lost = [dict(GONE["contribution"]), dict(GONE["request"]), dict(GONE["flag"])]
    for values in lost:
        values.pop("author_id")  # its author may still see that it was refused
    connection.execute(flagged.values(**lost[2]))
    count = connection.execute(said.values(**lost[0])).rowcount
    return int(count + connection.execute(reported.values(**lost[1])).rowcount)


def _unused(connection: Connection, now: float) -> list[str]:
    """Pictures that came with nothing: the phone lost its network after the picture went."""
    used = [
        *(
            select(table.c.picture_id).where(table.c.picture_id == PICTURE.c.id).exists()
            for table in (CONTRIBUTION, REQUEST)
        ),
    ]
    old = PICTURE.c.created_at < now - DAYS["unused-picture"] * DAY
    asked = select(PICTURE.c.id, PICTURE.c.scope).where(old, *(~one for one in used))
    found = connection.execute(asked).all()
    answered = _in_answers(connection, [id for id, scope in found if scope.startswith("survey:")])
    ids = [id for id, _ in found if id not in answered]
    connection.execute(delete(PICTURE).where(PICTURE.c.id.in_(ids)))
    return ids


def _in_answers(connection: Connection, ids: list[str]) -> set[str]:
    """Those that an answer of a questionnaire names."""
    if not ids:
        return set()
    asked = select(RESPONSE.c.answers)
    named = {value for answers in connection.execute(asked).scalars() for value in _texts(answers)}
    return named & set(ids)


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def clean_history(store: Store, now: float, after: int = 0) -> int:
    """Old entries of the journal keep what was done and lose what was said, and by whom.

    Looks at entries beyond number ``after`` and returns the number that it came to.
    """
    before = now - DAYS["history"] * DAY
    while True:
        asked = select(CHANGE).where(CHANGE.c.id > after, CHANGE.c.at < before)
        with store.writing() as connection:
            found = connection.execute(asked.order_by(CHANGE.c.id).limit(1000)).mappings().all()
            for change in found:
                _forget_words(connection, change)
        if not found:
            return after
        after = found[-1]["id"]


def _forget_words(connection: Connection, change: Any) -> None:
    rows = [
        {**entry, **{side: cleaned(entry["table"], entry[side], False) for side in SIDES}}
        for entry in change["rows"]
    ]
    who = SOMEBODY if change["actor"].startswith("author:") else change["actor"]
    if rows != change["rows"] or who != change["actor"]:
        connection.execute(
            update(CHANGE).where(CHANGE.c.id == change["id"]).values(rows=rows, actor=who)
        )


def _strays(store: Store, settings: Settings, now: float) -> None:
    """Files of pictures that no row knows: a crash came between the one and the other."""
    if not settings.pictures.is_dir():
        return
    with store.reading() as connection:
        known = set(connection.execute(select(PICTURE.c.id)).scalars())
    for path in settings.pictures.iterdir():
        id = path.name.lstrip(".").removesuffix(".jpg").removesuffix("-small")
        if id not in known and path.stat().st_mtime < now - DAYS["unused-picture"] * DAY:
            path.unlink(missing_ok=True)
