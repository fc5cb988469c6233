"""What is held about somebody, told whole and erased whole, also from the journal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from datalab.errors import CannotUndo, UnknownLink
from datalab.participation import author, erasure, flag, journal, mail
from datalab.participation.contact import Vault
from datalab.participation.store import Store
from datalab.participation.tables import METADATA
from datalab.participation.tables.author import AUTHOR
from datalab.participation.tables.contribution import CONTRIBUTION, VOTE
from datalab.participation.tables.request import REQUEST
from datalab.participation.tables.survey import RESPONSE
from tests.participation.people import (
    ANSWER,
    EMAIL,
    EXACT,
    NOW,
    SAID,
    TYPED,
    contribution,
    everything,
    picture,
    places,
    request,
    somebody,
)

LATER = NOW + 1000


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "secrets")


@pytest.fixture
def zoe(store: Store, vault: Vault) -> author.Author:
    with store.writing() as connection:
        made = everything(connection, vault)
        mail.send(connection, made.id, "news", {"title": TYPED, "news": "x"}, NOW)
    return made


def everywhere(store: Store) -> str:
    """Every value of every table."""
    with store.reading() as connection:
        rows = [
            [str(value) for value in row]
            for table in METADATA.sorted_tables
            for row in connection.execute(select(table)).all()
        ]
    return json.dumps(rows, ensure_ascii=False)


def test_the_export_holds_every_table_in_which_the_author_is(
    store: Store, vault: Vault, zoe: author.Author
) -> None:
    seen = flag.Raised("receipt-of-a-flag", "communes", TYPED, "population", author_id=zoe.id)
    with store.writing() as connection:
        flag.submit(connection, seen, NOW)
        held = erasure.held(connection, vault, zoe)
    tables = {table.name for table in METADATA.sorted_tables if "author_id" in table.c}
    assert held.keys() == tables | {"author", "note", "change"}
    assert EMAIL in held["contact"][0]["encrypted"]
    assert [row["text"] for row in held["contribution"]] == [TYPED, TYPED]
    assert [row["text"] for row in held["flag"]] == [TYPED]
    told = json.dumps(held)
    assert "digest" not in told
    assert "cipher" not in told


def test_erased_whole_nothing_of_it_is_left_anywhere(
    store: Store, vault: Vault, zoe: author.Author
) -> None:
    assert all(word in everywhere(store) for word in (TYPED, SAID, str(EXACT), "Zèbre", "GREENISH"))
    with store.writing() as connection:
        done = erasure.erase(connection, zoe, LATER, keep=False)
    assert sorted(done.pictures) == ["shown", "waiting"]
    assert (done.erased, done.kept) == (5, 0)
    left = everywhere(store)
    for word in (
        TYPED,
        SAID,
        ANSWER,
        str(EXACT),
        "Zèbre",
        "au coin",
        "GREENISH",
        f"author:{zoe.id}",
    ):
        assert word not in left, word
    with store.reading() as connection:
        assert vault.reveal(connection, zoe.id) is None
        with pytest.raises(UnknownLink):
            author.of_secret(connection, zoe.secret, LATER)
        states = connection.execute(select(CONTRIBUTION.c.state)).scalars().all()
        assert states == ["withdrawn", "withdrawn"]
        assert connection.execute(select(REQUEST.c.moderation)).scalar_one() == "rejected"
        assert connection.execute(select(func.count()).select_from(RESPONSE)).scalar_one() == 0
        # The vote still counts, and leads to a shell.
        assert connection.execute(select(func.sum(VOTE.c.dots))).scalar_one() == 2
        shell = connection.execute(select(AUTHOR)).mappings().one()
    assert (shell["pseudonym"], shell["account"], shell["erased_at"]) == ("", None, LATER)


def test_what_others_read_may_stay_without_its_author(
    store: Store, vault: Vault, zoe: author.Author
) -> None:
    with store.writing() as connection:
        done = erasure.erase(connection, zoe, LATER, keep=True)
    assert done.pictures == ("waiting",)
    assert (done.erased, done.kept) == (2, 3)  # what waited, and a note for the control room
    with store.reading() as connection:
        one = (
            connection.execute(select(CONTRIBUTION).where(CONTRIBUTION.c.id == "one"))
            .mappings()
            .one()
        )
        two = (
            connection.execute(select(CONTRIBUTION).where(CONTRIBUTION.c.id == "two"))
            .mappings()
            .one()
        )
        case = connection.execute(select(REQUEST)).mappings().one()
        answers = connection.execute(select(RESPONSE.c.author_id)).scalar_one()
    assert (one["text"], one["said"], one["author_id"]) == (SAID, SAID, None)
    assert one["latitude"] == round(EXACT, 3)
    assert (two["text"], two["state"], two["latitude"]) == ("", "withdrawn", None)
    assert (case["description"], case["status"], case["author_id"]) == (SAID, "open", None)
    assert answers is None
    assert f"author:{zoe.id}" not in everywhere(store)
    assert "encore" not in everywhere(store)


def test_an_erasure_is_told_to_live_pages_and_not_undone(
    store: Store, vault: Vault, zoe: author.Author
) -> None:
    with store.reading() as connection:
        before = journal.newest(connection)
    with store.writing() as connection:
        erasure.erase(connection, zoe, LATER, keep=False)
    with store.reading() as connection:
        changes = journal.since(connection, before, "session:s")
    assert [change.kind for change in changes] == ["contribution.erase"] * 2
    with pytest.raises(CannotUndo), store.writing() as connection:
        journal.undo(connection, changes[0].id, at=LATER, actor="ana")
    with store.reading() as connection:
        accept = next(
            change
            for change in journal.since(connection, 0, "session:s")
            if change.kind == "contribution.accept"
        )
    with pytest.raises(CannotUndo), store.writing() as connection:
        journal.undo(connection, accept.id, at=LATER, actor="ana")


def test_nothing_of_others_is_touched(store: Store, vault: Vault, zoe: author.Author) -> None:
    with store.writing() as connection:
        other = somebody(connection, name="Héron calme")
        contribution(connection, other, "hers", text="OTHER words")
        connection.execute(update(AUTHOR).where(AUTHOR.c.id == other.id).values(account="lea"))
    with store.writing() as connection:
        erasure.erase(connection, zoe, LATER, keep=False)
    with store.reading() as connection:
        held = erasure.held(connection, vault, other)
        told = [c.actor for c in journal.since(connection, 0) if c.actor == f"author:{other.id}"]
    assert held["contribution"][0]["text"] == "OTHER words"
    assert len(told) == 1


def test_a_picture_that_only_its_report_leads_to_goes_with_it(store: Store, vault: Vault) -> None:
    """A photo comes before its report, when nobody is an author yet."""
    with store.writing() as connection:
        places(connection)
        who = somebody(connection, "reporter")
        picture(connection, None, "early", scope="request")
        request(connection, who, "case", picture_id="early")
    with store.reading() as connection:
        assert [row["id"] for row in erasure.held(connection, vault, who)["picture"]] == ["early"]
    with store.writing() as connection:
        assert erasure.erase(connection, who, LATER, keep=False).pictures == ("early",)
