"""A rehearsal plays against a real portal, says what came of it and leaves nothing behind."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from datalab.cli import group
from datalab.i18n import Phrase
from datalab.participation import session
from datalab.participation.store import Store
from datalab.participation.tables.author import AUTHOR
from datalab.participation.tables.contribution import CONTRIBUTION, VOTE
from datalab.participation.tables.journal import CHANGE
from datalab.participation.tables.session import PARTICIPANT, PHASE, SESSION
from datalab.rehearsal import evening
from datalab.rehearsal.evening import Evening, clear, clear_left, play
from datalab.rehearsal.person import Book
from datalab.rehearsal.verdict import BOUNDS, judge
from datalab.settings import Settings
from datalab.watching.incident import Incident
from tests.hub.lab import in_a_loop_of_its_own
from tests.portal.conftest import Workshop
from tests.portal.serving import served
from tests.portal.street import street

TABLES = (SESSION, PHASE, PARTICIPANT, CONTRIBUTION, VOTE, AUTHOR)


@pytest.fixture
def settings(tmp_path: Path, workshop: Workshop) -> Settings:
    return street(tmp_path / "home", workshop).settings


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    made = Store(settings.participation)
    yield made
    made.close()


def counts(store: Store) -> list[int]:
    with store.reading() as connection:
        return [
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in TABLES
        ]


def test_an_evening_is_played_and_leaves_nothing_behind(settings: Settings, store: Store) -> None:
    before = counts(store)
    with served(settings) as base:
        came = in_a_loop_of_its_own(play(base, store, 4, time.time))
    assert came.book.problems == Counter()
    assert came.kept == {"join": 4, "say": 8, "vote": 12}
    assert {act: came.book.taken[act] for act in came.kept} == came.kept
    assert came.deaf == 0
    assert counts(store) == before
    with store.reading() as connection:
        left = connection.execute(
            select(CHANGE.c.kind).where(CHANGE.c.kind == "contribution.submit")
        )
        assert left.first() is None
    assert judge(came, patience=100).go


def test_a_lab_that_answers_nobody_is_no_go(settings: Settings, store: Store) -> None:
    came = in_a_loop_of_its_own(play("http://127.0.0.1:9/services/datalab/", store, 2, time.time))
    verdict = judge(came)
    assert not verdict.go
    assert "ConnectError" in verdict.as_text("fr")
    assert "PAS PRÊT" in verdict.as_text("fr")
    assert clear_left(store) == 0


def test_what_an_interrupted_rehearsal_left_is_cleared_by_the_next(store: Store) -> None:
    before = counts(store)
    evening._open(store, 3, time.time())
    assert counts(store) != before
    assert clear_left(store) == 1
    assert counts(store) == before


def test_nothing_but_a_rehearsal_is_ever_cleared(store: Store) -> None:
    with store.writing() as connection:
        real = session.create(
            connection, title="Vraie", question="Oui ?", now=1.0, actor="ana", receipt="r" * 20
        )
    with pytest.raises(ValueError, match="only a rehearsal"):
        clear(store, real.id)
    clear_left(store)
    assert counts(store)[0] == 1


def came(**changes: object) -> Evening:
    book = Book()
    for act in BOUNDS:
        book.seconds[act] = [0.1] * 20
        book.taken[act] = 20
    kept = {"join": 20, "say": 20, "vote": 20}
    return Evening(
        **{"people": 20, "book": book, "kept": kept, "deaf": 0, "seconds": 5.0} | changes
    )  # type: ignore[arg-type]


def test_a_verdict_gives_its_reasons() -> None:
    assert judge(came()).go
    slow = came()
    slow.book.seconds["vote"] = [0.1] * 18 + [4.0] * 2
    assert "4,0 s" in judge(slow).as_text("fr") or "4.0" in judge(slow).as_text("fr")
    lost = judge(came(kept={"join": 20, "say": 18, "vote": 20}))
    assert not lost.go
    assert "2" in lost.reasons[0].in_("fr")
    assert not judge(came(deaf=1)).go
    wrong = Incident("disk", "error", Phrase("Over:"), Phrase("Over:"))
    assert not judge(came(), [wrong]).go
    warned = judge(came(), [Incident("x", "warning", Phrase("Over:"), Phrase("Over:"))])
    assert warned.go
    assert warned.remarks


def test_the_command_says_that_no_lab_runs(tmp_path: Path) -> None:
    answer = CliRunner().invoke(group, ["rehearse", "--home", str(tmp_path)])
    assert answer.exit_code != 0
