"""A notebook of fifty megabytes is live like any other."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import nbformat
import pytest

from tests.live.bare import Bare
from tests.live.collaborator import Collaborator
from tests.live.test_loss import opened, run, until

LARGE = 50_000_000


@pytest.mark.timeout(120)
def test_fifty_megabytes_open_for_two_and_are_saved_whole(tmp_path: Path) -> None:
    bare = Bare(tmp_path / "home")
    bare.home.mkdir()
    path = bare.home / "n.ipynb"
    output = nbformat.v4.new_output("stream", text="x" * LARGE)  # type: ignore[no-untyped-call]
    cells = [
        nbformat.v4.new_code_cell("un", outputs=[output]),  # type: ignore[no-untyped-call]
        nbformat.v4.new_code_cell("deux"),  # type: ignore[no-untyped-call]
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)  # type: ignore[no-untyped-call]
    bare.start()

    def saved() -> list[str]:
        try:
            document = json.loads(path.read_text())
        except ValueError:
            return []  # it is being written this moment
        assert "".join(document["cells"][0]["outputs"][0]["text"]) == "x" * LARGE
        return ["".join(cell["source"]) for cell in document["cells"]]

    async def talk() -> None:
        people: list[Collaborator] = await opened(bare, 2)
        people[0].type(" va", 1)
        await until(lambda: people[1].sources() == ["un", "deux va"])
        for _ in range(30):
            if saved() == ["un", "deux va"]:
                break
            await asyncio.sleep(1)
        assert saved() == ["un", "deux va"]
        for person in people:
            await person.close()

    try:
        run(talk)
    finally:
        bare.kill()
