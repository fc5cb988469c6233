"""A project's server that nobody uses ends; typing is use, and the end loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub.lab import eventually, in_a_loop_of_its_own
from tests.live.bare import Bare, write_notebook
from tests.live.test_loss import NOTEBOOK, on_disk, opened

# Six seconds without use; asked twice a second.
SHORT = {"DATALAB_IDLE_MINUTES": "0.1", "DATALAB_IDLE_WARNING_MINUTES": "0.05"}


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Bare]:
    # Saves would count as use as well: here nothing is saved before the end.
    late = ["--YDocExtension.document_save_delay=600"]
    made = Bare(tmp_path / "home", settings=late, environment=SHORT)
    made.home.mkdir()
    write_notebook(made.home / NOTEBOOK, ["un", "deux"])
    yield made
    if made.process is not None:
        made.kill()


def test_who_types_keeps_the_server_and_its_end_loses_nothing(bare: Bare) -> None:
    bare.start()
    process = bare.process
    assert process is not None

    async def talk() -> str:
        (person,) = await opened(bare)
        typed = ""
        for number in range(30):
            person.type(chr(0x20000 + number))
            typed += chr(0x20000 + number)
            await asyncio.sleep(0.3)
        assert process.poll() is None, "it ended under the hands of who typed"
        assert on_disk(bare)[0] == "un", "nothing was saved yet"
        # The page stays open and says nothing any more.
        await asyncio.to_thread(eventually, lambda: process.poll() is not None, "the end", 30)
        await person.close()
        return typed

    typed = in_a_loop_of_its_own(talk())
    assert on_disk(bare) == ["un" + typed, "deux"]
    assert "Nobody has used this server" in bare.log.read_text()
