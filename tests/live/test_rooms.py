"""One file in two rooms (as notebook and as text), and the notes between a page and its room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Text

from tests.live.bare import Bare, write_notebook
from tests.live.collaborator import Collaborator
from tests.live.test_loss import NOTEBOOK, on_disk, opened, run, until


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Bare]:
    made = Bare(tmp_path / "home")
    made.home.mkdir()
    write_notebook(made.home / NOTEBOOK, ["un", "deux"])
    made.start()
    yield made
    made.kill()


def test_a_notebook_that_is_also_open_as_text_takes_both_peoples_words(bare: Bare) -> None:
    async def talk() -> None:
        (person,) = await opened(bare)
        editor = Collaborator("texte", bare.address, bare.headers, NOTEBOOK, kind="file")
        editor.open()
        await until(lambda: editor.synced and "deux" in source(editor))
        person.type(" du notebook")
        await until(lambda: "un du notebook" in source(editor))
        place = source(editor).encode().index(b"deux") + len("deux")
        editor.doc.get("source", type=Text).insert(place, " du texte")
        await until(lambda: "deux du texte" in person.sources())
        person.type(" encore")
        await until(lambda: on_disk(bare) == ["un du notebook encore", "deux du texte"])
        await until(lambda: "encore" in source(editor))
        assert source(editor).count("du texte") == 1
        for each in (person, editor):
            await each.close()

    run(talk)
    bare.stop()
    assert on_disk(bare) == ["un du notebook encore", "deux du texte"]


def source(editor: Collaborator) -> str:
    return str(editor.doc.get("source", type=Text))


def test_a_page_is_told_that_what_it_typed_is_on_disk(bare: Bare) -> None:
    """The answer comes after the change is in the log: a crash at that moment loses nothing."""

    async def talk() -> None:
        (person,) = await opened(bare)
        person.type(" A")
        person.delete_text(1, 0, 2)
        await person.ask(7)
        await until(lambda: person.heard_notes)
        bare.kill()
        assert person.heard_notes == [{"type": "stored", "number": 7, "trouble": ""}]
        await person.close()

    run(talk)
    bare.start()

    async def again() -> None:
        (person,) = await opened(bare)
        assert person.sources() == ["un A", "ux"]
        await person.close()

    run(again)


@pytest.mark.parametrize("rubbish", [b"\x02\x05hello", b"\x02\x7f", b"\x02\x02{}", b"\x02\x0212"])
def test_a_note_that_is_no_question_is_let_pass(bare: Bare, rubbish: Any) -> None:
    async def talk() -> None:
        (person,) = await opened(bare)
        await person._send(rubbish)
        await until(lambda: person.synced)
        person.type(" va")
        await until(lambda: person.synced)
        await person.ask(1)
        await until(lambda: person.heard_notes or not person.synced)
        await until(lambda: on_disk(bare) == ["un va", "deux"])
        await person.close()

    run(talk)
