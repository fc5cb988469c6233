"""An evening as it goes: doors open, everybody joins at once, ideas, dots, and people who read.

It happens in a session of its own that is a demonstration, named so, so that nothing of it reaches
a dataset or a count; at its end everything that was said is taken out again.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import delete, func, select

from datalab.i18n import Phrase, translate
from datalab.participation import agenda, demonstration, session, vote
from datalab.participation.session import Session
from datalab.participation.store import Store
from datalab.participation.tables.contribution import CONTRIBUTION, VOTE
from datalab.participation.tables.session import PARTICIPANT, SESSION
from datalab.rehearsal.person import Book, Person

ACTOR = "rehearsal"
TITLE = Phrase("Rehearsal (nothing of it is kept)")
QUESTION = Phrase("Is the lab ready for this evening?")
PAGES = ["", "datasets/", "sessions/", "cases/", "datasets.json", "projects/"]
EACH = 2  # ideas of one person
DOTS = 3
SETTLING = 2.0  # seconds in which a phone may still hear of the last idea


@dataclass(frozen=True)
class Evening:
    """What came of it. ``kept`` counts what the database holds, ``deaf`` phones that heard
    nothing."""

    people: int
    book: Book
    kept: dict[str, int]
    deaf: int
    seconds: float


async def play(base: str, store: Store, people: int, clock: Callable[[], float]) -> Evening:
    """Play it against the lab at ``base``, whose participation is ``store``."""
    book, began = Book(), clock()
    held = await asyncio.to_thread(_open, store, people, began)
    crowd = [Person(base, number, book) for number in range(people)]
    listening: list[asyncio.Task[None]] = []
    try:
        await asyncio.gather(*(one.join(held.code) for one in crowd))
        there = [one for one in crowd if one.joined]
        listening = [asyncio.create_task(one.listen(held.id)) for one in there]
        await asyncio.gather(*(_speak(one, held.id) for one in there))
        ideas = await asyncio.to_thread(_begin_vote, store, held, clock())
        if ideas:
            given = (
                one.vote(held.id, ideas[(one.number + nth) % len(ideas)])
                for one in there
                for nth in range(min(DOTS, len(ideas)))
            )
            await asyncio.gather(*given)
        await asyncio.sleep(SETTLING)
        deaf = sum(1 for one in there if not one.heard)
        kept = await asyncio.to_thread(_counts, store, held)
    finally:
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
        await asyncio.gather(*(one.leave() for one in crowd), return_exceptions=True)
        await asyncio.to_thread(clear, store, held.id)
    return Evening(people, book, kept, deaf, clock() - began)


async def _speak(one: Person, id: str) -> None:
    for nth in range(EACH):
        number = one.number * EACH + nth
        await one.say(id, translate("Idea {number} of the rehearsal", "fr", number=number))
        await one.read([PAGES[number % len(PAGES)]])


def _open(store: Store, people: int, now: float) -> Session:
    with store.writing() as connection:
        made = session.create(
            connection,
            title=translate(TITLE.template, "fr"),
            question=translate(QUESTION.template, "fr"),
            now=now,
            actor=ACTOR,
            receipt=f"rehearsal {secrets.token_hex(8)}",
            moderation="after",
            capacity=min(session.MOST_PEOPLE, people + 10),
            dots=DOTS,
            demonstration=True,
        )
        made = session.open(connection, made, now=now, actor=ACTOR)
        phase = agenda.add(
            connection,
            made,
            kind="diverge",
            title=agenda.KINDS["diverge"].in_("fr"),
            seconds=900,
            receipt=f"{made.id} phase",
            now=now,
            actor=ACTOR,
        )
        agenda.start(connection, made, phase, now=now, actor=ACTOR)
        return session.get(connection, made.id)


def _begin_vote(store: Store, held: Session, now: float) -> list[str]:
    """Open the vote; ids of the ideas that everybody sees."""
    with store.writing() as connection:
        vote.open_vote(connection, session.get(connection, held.id), now=now, actor=ACTOR)
        asked = select(CONTRIBUTION.c.id).where(
            CONTRIBUTION.c.session_id == held.id, CONTRIBUTION.c.state == "accepted"
        )
        return list(connection.execute(asked).scalars())


def _counts(store: Store, held: Session) -> dict[str, int]:
    tables = {"join": PARTICIPANT, "say": CONTRIBUTION, "vote": VOTE}
    with store.reading() as connection:
        return {
            act: connection.execute(
                select(func.count()).select_from(table).where(table.c.session_id == held.id)
            ).scalar_one()
            for act, table in tables.items()
        }


def clear(store: Store, id: str) -> None:
    """Take a rehearsal out again, with everything that was said in it."""
    with store.writing() as connection:
        held = session.get(connection, id)
        if not held.demonstration or held.created_by != ACTOR:
            raise ValueError("only a rehearsal is cleared")
        demonstration.forget(connection, held)
        connection.execute(delete(SESSION).where(SESSION.c.id == id))


def clear_left(store: Store) -> int:
    """Clear what rehearsals that were interrupted left behind; how many."""
    asked = select(SESSION.c.id).where(SESSION.c.created_by == ACTOR, SESSION.c.demonstration)
    with store.reading() as connection:
        left = list(connection.execute(asked).scalars())
    for id in left:
        clear(store, id)
    return len(left)
