"""Joining, on both databases: pseudonyms, places, and forms that come twice."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, func, select

from datalab.errors import SessionFull
from datalab.i18n import Language
from datalab.participation import code as codes
from datalab.participation import joining, paper, session
from datalab.participation.pseudonym import draw, is_pseudonym, pseudonyms
from datalab.participation.session import Session
from datalab.participation.store import Store
from datalab.participation.tables.session import PARTICIPANT


def opened(store: Store, capacity: int = 400) -> Session:
    def work(connection: Connection) -> Session:
        made = session.create(
            connection,
            title="Rue",
            question="Que faire ?",
            now=1.0,
            actor="ana",
            receipt="a-receipt",
            capacity=capacity,
        )
        return session.open(connection, made, now=2.0, actor="ana")

    return store.write(work)


def join(store: Store, where: Session, secret: str, wished: str = "", way: str = "phone") -> str:
    def work(connection: Connection) -> str:
        made = joining.join(
            connection,
            where,
            secret=secret,
            wished=wished,
            language="fr",
            minor=False,
            now=3.0,
            days=30,
            way=way,  # type: ignore[arg-type]
        )
        return made.pseudonym

    return store.write(work)


def count(store: Store) -> int:
    with store.reading() as connection:
        return connection.execute(select(func.count()).select_from(PARTICIPANT)).scalar_one()


def test_three_hundred_people_who_come_at_once_have_three_hundred_pseudonyms(store: Store) -> None:
    where = opened(store)
    with ThreadPoolExecutor(16) as pool:
        names = list(
            pool.map(lambda n: join(store, where, f"secret-{n:030}", "Loutre agile"), range(300))
        )
    assert len(set(names)) == 300
    assert "Loutre agile" in names
    assert all(is_pseudonym(name) for name in names)


def test_of_those_who_come_at_once_as_many_get_in_as_there_are_places(store: Store) -> None:
    where = opened(store, capacity=5)

    def attempt(number: int) -> bool:
        try:
            join(store, where, f"secret-{number:030}")
        except SessionFull:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        inside = sum(pool.map(attempt, range(20)))
    assert (inside, count(store)) == (5, 5)
    # Paper has a place in any case.
    join(store, where, "secret-of-a-sheet-of-paper-0001", way="paper")


def test_the_same_secret_joins_once_and_comes_back_after_leaving(store: Store) -> None:
    where = opened(store)
    first = join(store, where, "s" * 40)
    with store.writing() as connection:
        (row,) = connection.execute(select(PARTICIPANT.c.author_id)).all()
        joining.leave(connection, where, row.author_id, 5.0)
        assert session.present(connection, where) == 0
    assert join(store, where, "s" * 40) == first
    with store.reading() as connection:
        assert session.present(connection, where) == 1


def test_sheets_have_links_that_nobody_guesses_from_another(store: Store) -> None:
    where = opened(store)
    secrets = {paper.secret_of("key", where, number) for number in range(1, 100)}
    assert len(secrets) == 99
    assert paper.secret_of("other key", where, 1) not in secrets


@pytest.mark.parametrize("language", ["fr", "en"])
def test_pseudonyms_are_many_and_drawn_from_different_animals(language: Language) -> None:
    every = pseudonyms(language)
    assert len(every) > 1000
    drawn = draw(language, set(), random.Random(1), 4)  # noqa: S311
    animals = {name.split(" ")[0 if language == "fr" else 1] for name in drawn}
    assert len(animals) == 4
    assert not is_pseudonym("Jeanne Martin")


def test_letters_that_no_code_has_are_read_as_the_ones_they_look_like() -> None:
    assert codes.meant(" bcd-0 8 2 ") == "BCDQBZ"
