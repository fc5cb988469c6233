"""The control: the same crashes with jupyter-collaboration as it comes lose what people saw.

A test of loss that cannot fail proves nothing. Both runs are a plain Jupyter Server, two people
and the same crashes; one has the lab's part, the other has not.
"""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path

from tests.faults.ledger import Ledger
from tests.hub.lab import in_a_loop_of_its_own
from tests.live.bare import Bare, write_notebook
from tests.live.collaborator import Collaborator

CRASHES = 3


def crashes(home: Path, *, stock: bool) -> tuple[Ledger, str, list[str]]:
    """What is left after some crashes, each with all pages closed at the same moment."""
    chance, ledger = random.Random(7), Ledger()  # noqa: S311
    home.mkdir()
    write_notebook(home / "n.ipynb", ["un", "deux"])
    bare = Bare(home, stock=stock)
    bare.start()

    async def talk() -> None:
        people = [
            Collaborator(name, bare.address, bare.headers, "n.ipynb", heard=ledger.heard)
            for name in ("a", "b")
        ]
        for person in people:
            person.open()
        stop = asyncio.Event()

        async def type_on(person: Collaborator) -> None:
            while not stop.is_set():
                if len(person.cells) >= 2:
                    person.type(ledger.stroke(), chance.randrange(2))
                await asyncio.sleep(chance.uniform(0.01, 0.04))

        typing = [asyncio.create_task(type_on(person)) for person in people]
        for _ in range(CRASHES):
            await asyncio.sleep(chance.uniform(0.8, 1.6))
            bare.kill()
            await asyncio.gather(*(person.reload() for person in people))
            await asyncio.to_thread(bare.start)
        await asyncio.sleep(3)
        stop.set()
        await asyncio.gather(*typing)
        await asyncio.sleep(3)
        for person in people:
            await person.close()

    try:
        in_a_loop_of_its_own(talk())
        bare.stop()
    finally:
        bare.kill()
    cells = json.loads((home / "n.ipynb").read_text())["cells"]
    text = "".join("".join(cell["source"]) for cell in cells)
    return ledger, text, [cell["id"] for cell in cells]


def test_the_stock_parts_lose_what_was_seen_and_the_labs_do_not(tmp_path: Path) -> None:
    found = {name: crashes(tmp_path / name, stock=name == "stock") for name in ("stock", "lab")}
    for name, (ledger, text, cells) in found.items():
        ledger.faults["server"] = CRASHES
        print(f"{name}: {ledger.summary(text, cells)}")
    ledger, text, cells = found["lab"]
    assert ledger.lost(text) == []
    assert ledger.doubled(text) == []
    assert cells == ["cell-0", "cell-1"]
    ledger, text, _ = found["stock"]
    assert ledger.lost(text) or ledger.doubled(text), "the control can fail"
