"""A notebook of 50 MB: its server ends in time, and a kill before that loses nothing."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from tests.hub.lab import in_a_loop_of_its_own
from tests.live.bare import Bare
from tests.live.collaborator import Collaborator
from tests.live.test_loss import NOTEBOOK, until

CELLS, BYTES = 100, 500_000
SLOW = 90.0  # s that opening may take on a machine that does other things


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Bare]:
    made = Bare(tmp_path / "home", settings=["--YDocExtension.document_save_delay=600"])
    made.home.mkdir()
    shown = nbformat.v4.new_output("stream", name="stdout", text="x" * BYTES)
    cells = [
        nbformat.v4.new_code_cell("print(1)", id=f"c{n}", outputs=[shown]) for n in range(CELLS)
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), made.home / NOTEBOOK)
    made.start()
    yield made
    made.kill()


async def opened(bare: Bare) -> Collaborator:
    person = Collaborator("p", bare.address, bare.headers, NOTEBOOK)
    person.open()
    await until(lambda: person.synced and len(person.cells) == CELLS, SLOW)
    return person


def test_a_kill_in_the_midst_of_the_end_loses_nothing(bare: Bare) -> None:
    """The hub kills what has not ended some seconds after it was told to."""

    async def told() -> None:
        person = await opened(bare)
        person.type(" # fin")
        person.heard_notes.clear()
        await person.ask(1)
        await until(lambda: person.heard_notes, SLOW)
        assert bare.process is not None
        bare.process.send_signal(signal.SIGTERM)
        # The page stays open: the file is being written now.
        await asyncio.sleep(1.5)
        bare.kill()
        await person.close()

    in_a_loop_of_its_own(told())
    bare.start()

    async def again() -> list[str]:
        person = await opened(bare)
        sources = person.sources()
        await person.close()
        return sources

    assert in_a_loop_of_its_own(again()) == ["print(1) # fin"] + ["print(1)"] * (CELLS - 1)
