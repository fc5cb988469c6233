"""A reader flags something in a dataset; its steward answers; the reader is told."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from datalab.errors import FlagRefused, Stale, UnknownFlag
from datalab.participation import author, erasure, flag, journal
from datalab.participation.contact import Vault
from datalab.participation.flag import Raised
from datalab.participation.register import until
from datalab.participation.store import Store
from datalab.participation.tables.author import MESSAGE
from datalab.participation.tables.journal import CHANGE

NOW = 1_800_000_000.0
SEEN = Raised("r" * 20, "communes", "The population of Dijon is ten times too high.", "population")


def raised(store: Store, **more: object) -> flag.Flag:
    given = Raised(**{**vars(SEEN), **more})  # type: ignore[arg-type]
    return store.write(lambda connection: flag.submit(connection, given, NOW))


def reader(store: Store, vault: Vault | None = None) -> author.Author:
    with store.writing() as connection:
        made = author.make(
            connection,
            kind="reporter",
            now=NOW,
            expires_at=until("reporter", NOW),
            consent="2026-11",
        )
        if vault:
            vault.keep(connection, made.id, "lea@example.org", NOW, 30, made.secret)
    return made


def answered(store: Store, one: flag.Flag, state: str = "fixed", **more: object) -> flag.Flag:
    given = {"text": "Thank you, it is mended.", "actor": "steward", "seen": one.version, **more}
    with store.writing() as connection:
        return flag.answer(
            connection,
            one,
            state=state,
            now=NOW + 60,
            title="Communes",
            **given,  # type: ignore[arg-type]
        )


def test_a_flag_is_kept_once_and_read_by_nobody_else_before_it_is_answered(store: Store) -> None:
    first = raised(store, row={"insee_code": "21231"})
    assert raised(store, row={"insee_code": "21231"}).id == first.id
    assert first.row == {"insee_code": "21231"}
    with store.reading() as connection:
        assert flag.told(connection, "communes") == []
        assert [one.id for one in flag.listed(connection)] == [first.id]
    done = answered(store, first)
    with store.reading() as connection:
        assert [one.id for one in flag.told(connection, "communes")] == [done.id]
        kinds = select(CHANGE.c.kind).where(CHANGE.c.scope == f"flag:{done.id}")
        assert list(connection.execute(kinds.order_by(CHANGE.c.id)).scalars()) == [
            "flag.raise",
            "flag.answer",
        ]


def test_a_refused_flag_stands_nowhere(store: Store) -> None:
    answered(store, raised(store), "refused")
    with store.reading() as connection:
        assert flag.told(connection, "communes") == []


def test_personal_data_in_a_flag_are_masked(store: Store) -> None:
    one = raised(store, text="Row 3 is my flat, call me at 06 12 34 56 78")
    assert "06 12" not in one.said
    assert one.concerns[0]["what"] == "phone"


def test_two_stewards_do_not_overwrite_each_other(store: Store) -> None:
    one = raised(store)
    answered(store, one)
    with pytest.raises(Stale):
        answered(store, one, "refused")


def test_who_left_an_address_gets_the_answer_and_its_state_in_their_language(
    store: Store, tmp_path: object
) -> None:
    from pathlib import Path

    who = reader(store, Vault(Path(str(tmp_path))))
    answered(store, raised(store, author_id=who.id))
    with store.reading() as connection:
        (letter,) = connection.execute(select(MESSAGE)).mappings().all()
    assert letter["template"] == "flag.answered"
    assert letter["facts"]["answer"] == "Thank you, it is mended."


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("text", {"text": " "}),
        ("text", {"text": "x" * 2_001}),
        ("column", {"column": "nowhere"}),
        ("row", {"row": {"nowhere": 1}}),
        ("row", {"row": {"code": "x" * 300}}),
        ("row", {"row": {"code": {"a": 1}}}),
    ],
)
def test_what_names_nothing_is_refused_beside_its_field(
    field: str, more: dict[str, object]
) -> None:
    with pytest.raises(FlagRefused) as refused:
        flag.check(Raised(**{**vars(SEEN), **more}), ["population", "code"])  # type: ignore[arg-type]
    assert refused.value.facts["field"] == field


def test_a_flood_of_flags_is_stopped(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flag, "MOST_OPEN", 2)
    for number in range(2):
        raised(store, receipt=f"{number}" * 20)
    with pytest.raises(FlagRefused):
        raised(store, receipt="3" * 20)
    raised(store, receipt="4" * 20, dataset="other")


def test_who_leaves_takes_their_words_and_leaves_what_was_answered(store: Store) -> None:
    who = reader(store)
    waiting = raised(store, author_id=who.id)
    public = answered(store, raised(store, author_id=who.id, receipt="p" * 20))
    with store.writing() as connection:
        erasure.erase(connection, who, NOW + 100, keep=True)
    with store.reading() as connection:
        gone, left = flag.get(connection, waiting.id), flag.get(connection, public.id)
        assert (gone.text, gone.said, gone.author_id, gone.state) == ("", "", None, "refused")
        assert left.said
        assert left.author_id is None
        assert SEEN.text not in str([c.rows for c in journal.since(connection, 0, gone.scope)])
        with pytest.raises(UnknownFlag):
            flag.get(connection, "nobody")
