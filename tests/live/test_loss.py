"""A notebook is never poorer than what people saw of it, whatever ends or breaks."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.hub.lab import eventually, in_a_loop_of_its_own
from tests.live.bare import Bare, write_notebook
from tests.live.collaborator import Collaborator

NOTEBOOK = "n.ipynb"


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Bare]:
    made = Bare(tmp_path / "home")
    made.home.mkdir()
    write_notebook(made.home / NOTEBOOK, ["un", "deux"])
    yield made
    if made.process is not None:
        made.kill()


def on_disk(bare: Bare, path: str = NOTEBOOK) -> list[str]:
    try:
        document = json.loads((bare.home / path).read_text())
    except ValueError:
        return []  # it is being written this moment
    nbformat.validate(document)
    return ["".join(cell["source"]) for cell in document["cells"]]


async def opened(bare: Bare, count: int = 1, path: str = NOTEBOOK) -> list[Collaborator]:
    people = [Collaborator(f"p{n}", bare.address, bare.headers, path) for n in range(count)]
    for person in people:
        person.open()
    await until(lambda: all(p.synced and p.cells for p in people))
    return people


async def until(true: Callable[[], Any], seconds: float = 20.0) -> None:
    for _ in range(int(seconds / 0.05)):
        if true():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("in vain")


def run(talk: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        await talk()

    in_a_loop_of_its_own(whole())


def test_what_was_seen_but_not_yet_in_the_file_survives_a_crash(bare: Bare) -> None:
    bare.settings = ["--YDocExtension.document_save_delay=60"]
    bare.start()

    async def talk() -> None:
        writer, reader = await opened(bare, 2)
        writer.type(" vu")
        await until(lambda: "un vu" in reader.sources())
        for person in (writer, reader):
            await person.close()

    run(talk)
    bare.kill()
    assert on_disk(bare) == ["un", "deux"], "the file was older than what was seen"
    bare.settings = []
    bare.start()

    async def again() -> None:
        (person,) = await opened(bare)
        assert person.sources() == ["un vu", "deux"]
        await person.close()

    run(again)
    eventually(lambda: on_disk(bare) == ["un vu", "deux"], "the file")


def test_a_stopped_server_has_written_everything_and_is_quick(bare: Bare) -> None:
    bare.settings = ["--YDocExtension.document_save_delay=60"]
    bare.start()

    async def talk() -> None:
        (person,) = await opened(bare)
        person.type(" fin", 1)
        await asyncio.sleep(0.3)
        await person.close()

    run(talk)
    assert bare.stop() < 6
    assert on_disk(bare) == ["un", "deux fin"]


def test_who_was_offline_during_a_crash_merges_and_doubles_nothing(bare: Bare) -> None:
    bare.start()

    async def talk() -> None:
        first, second = await opened(bare, 2)
        bare.kill()
        first.type(" A")
        second.type(" B")
        first.add_cell("neuve", "trois")
        await asyncio.to_thread(bare.start)
        await until(lambda: first.synced and second.synced)
        await until(lambda: first.sources() == second.sources())
        assert sorted(first.sources()[0]) == sorted("un A B")
        assert first.sources()[1:] == ["deux", "trois"]
        for person in (first, second):
            await person.close()

    run(talk)
    bare.stop()
    assert len(on_disk(bare)) == 3


def test_a_file_rewritten_on_disk_is_merged_with_what_is_typed(bare: Bare) -> None:
    bare.start()

    async def talk() -> None:
        (person,) = await opened(bare)
        document = json.loads((bare.home / NOTEBOOK).read_text())
        document["cells"][1]["source"] = ["deux, du disque"]
        typed = ""
        for number in range(60):
            person.type(chr(0x20000 + number))
            typed += chr(0x20000 + number)
            if number == 30:
                (bare.home / NOTEBOOK).write_text(json.dumps(document))
            await asyncio.sleep(0.03)
        await until(lambda: person.sources()[1] == "deux, du disque")
        assert person.sources()[0] == "un" + typed
        await person.close()

    run(talk)
    bare.stop()
    assert on_disk(bare)[1] == "deux, du disque"


def test_half_a_file_is_written_again_from_the_log(bare: Bare) -> None:
    bare.start()
    run(lambda: _type_once(bare, " A"))
    bare.kill()
    whole = (bare.home / NOTEBOOK).read_text()
    (bare.home / NOTEBOOK).write_text(whole[: len(whole) // 2])
    bare.start()

    async def talk() -> None:
        (person,) = await opened(bare)
        assert person.sources() == ["un A", "deux"]
        await person.close()

    run(talk)
    eventually(lambda: on_disk(bare) == ["un A", "deux"], "the whole file")


def test_a_file_changed_while_the_server_slept_is_taken_over(bare: Bare) -> None:
    bare.start()
    run(lambda: _type_once(bare, " A"))
    bare.stop()
    write_notebook(bare.home / NOTEBOOK, ["tout autre", "deux", "trois"])
    bare.start()

    async def talk() -> None:
        (person,) = await opened(bare)
        assert person.sources() == ["tout autre", "deux", "trois"]
        await person.close()

    run(talk)


async def _type_once(bare: Bare, text: str) -> None:
    (person,) = await opened(bare)
    person.type(text)
    await asyncio.sleep(0.3)
    await person.close()


def test_restoring_is_one_edit_that_all_see(bare: Bare) -> None:
    bare.start()

    async def talk() -> None:
        import httpx

        person, other = await opened(bare, 2)
        document = json.loads((bare.home / NOTEBOOK).read_text())
        document["cells"][0]["source"] = "avant"
        async with httpx.AsyncClient() as client:
            answer = await client.post(
                f"{bare.address}datalab/restore",
                json={"path": NOTEBOOK, "content": json.dumps(document)},
                headers=bare.headers,
                timeout=20,
            )
        assert answer.status_code == 200, answer.text
        await until(lambda: person.sources() == ["avant", "deux"])
        other.type(" ensuite", 1)
        await until(lambda: person.sources() == ["avant", "deux ensuite"])
        await until(lambda: on_disk(bare) == ["avant", "deux ensuite"])
        for each in (person, other):
            await each.close()

    run(talk)


def test_a_damaged_log_is_set_aside_and_open_pages_reload(bare: Bare) -> None:
    bare.start()

    async def talk() -> None:
        (person,) = await opened(bare)
        person.type(" gardé")
        await until(lambda: on_disk(bare)[:1] == ["un gardé"])
        bare.kill()
        log = bare.home / ".datalab" / "live.sqlite"
        log.write_bytes(b"SQLite format 3\0" + os.urandom(5000))
        log.with_name("live.sqlite-wal").unlink()
        await asyncio.to_thread(bare.start)
        await until(lambda: person.turned_away)
        assert json.loads(person.turned_away[0])["reloadable"] is True
        await person.reload()
        await until(lambda: person.synced and person.cells)
        assert person.sources() == ["un gardé", "deux"], "nothing twice"
        await person.close()

    run(talk)
    assert list((bare.home / ".datalab").glob("live.damaged-*"))


def test_a_lost_database_of_files_makes_no_page_a_stranger(bare: Bare) -> None:
    bare.start()

    async def talk() -> None:
        (person,) = await opened(bare)
        bare.kill()
        (bare.home / ".datalab" / "files.sqlite").write_bytes(b"nothing")
        person.type(" A")
        # The page comes back with the identity that it knows; somebody must have indexed the file.
        await asyncio.to_thread(bare.start)
        (other,) = await opened(bare)
        await until(lambda: other.sources()[0] == "un A")
        assert len(other.cells) == 2
        for each in (person, other):
            await each.close()

    run(talk)


def test_a_corrupt_notebook_says_so_and_others_go_on(bare: Bare) -> None:
    (bare.home / "cassé.ipynb").write_text('{"cells": [')
    bare.start()

    async def talk() -> None:
        broken = Collaborator("b", bare.address, bare.headers, "cassé.ipynb")
        broken.open()
        (person,) = await opened(bare)
        await until(lambda: broken.turned_away)
        said = json.loads(broken.turned_away[0])
        assert said["errorReason"] == "Ce fichier n’est pas un notebook lisible."
        person.type(" va")
        await until(lambda: on_disk(bare)[:1] == ["un va"])
        # Mended, it opens.
        write_notebook(bare.home / "cassé.ipynb", ["réparé"])
        await broken.reload()
        await until(lambda: broken.synced and broken.sources() == ["réparé"])
        for each in (person, broken):
            await each.close()

    run(talk)


def test_a_message_that_is_no_message_ends_one_connection_only(bare: Bare) -> None:
    bare.start()

    async def talk() -> None:
        good, bad = await opened(bare, 2)
        for rubbish in (b"\x00\x02\xff\xff\xff", b"\x02\xff", os.urandom(500), b"\x01\x05abc"):
            await until(lambda: bad.synced)
            await bad._send(rubbish)
            await asyncio.sleep(0.1)
        good.type(" bon")
        await until(lambda: on_disk(bare)[:1] == ["un bon"])
        for each in (good, bad):
            await each.close()

    run(talk)


def test_the_log_does_not_grow_with_every_key_stroke(bare: Bare) -> None:
    bare.start()

    async def talk() -> None:
        (person,) = await opened(bare)
        for _ in range(3):
            for number in range(2500):
                person.type("x" if number % 2 else "y", 0)
                if number % 100 == 0:
                    await asyncio.sleep(0.02)
            await asyncio.sleep(2.5)
        await person.close()

    run(talk)
    bare.stop()
    log = bare.home / ".datalab" / "live.sqlite"
    with sqlite3.connect(log) as database:
        rows = database.execute("SELECT count(*) FROM updates").fetchone()[0]
    assert rows < 3500, "7,500 changes were made"
    assert on_disk(bare)[0].count("x") == 3750
    bare.start()

    async def again() -> None:
        (person,) = await opened(bare)
        assert person.sources()[0].count("x") == 3750
        await person.close()

    run(again)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False)


@pytest.mark.fault(
    "The disk of a live notebook is full while two people type",
    "Each sees what the other types; the page says that it is not saved; it is once there is room",
)
def test_a_full_disk_loses_nothing_and_says_so(
    small_disk: Path, seen: Callable[[str], None]
) -> None:
    bare = Bare(small_disk / "home")
    bare.home.mkdir()
    write_notebook(bare.home / NOTEBOOK, ["un", "deux"])
    bare.start()

    async def saved() -> dict[str, Any]:
        import httpx

        async with httpx.AsyncClient() as client:
            answer = await client.get(
                f"{bare.address}datalab/saved?path={NOTEBOOK}", headers=bare.headers, timeout=20
            )
        found: dict[str, Any] = answer.json()
        return found

    async def talk() -> None:
        writer, reader = await opened(bare, 2)
        fill = bare.home / "fill"
        with fill.open("wb") as file:
            try:
                while True:
                    file.write(b"0" * 65536)
                    file.flush()
            except OSError:
                pass
        writer.type(" plein")
        await until(lambda: "un plein" in reader.sources())
        await until(lambda: True)
        for _ in range(100):
            said = await saved()
            if said["trouble"]:
                break
            await asyncio.sleep(0.1)
        assert said["trouble"].startswith("L’espace disque du projet est plein.")
        bare.kill()
        writer.type(" !")
        fill.unlink()
        await asyncio.to_thread(bare.start)
        await until(lambda: writer.synced and reader.synced)
        await until(lambda: on_disk(bare)[:1] == ["un plein !"])
        assert (await saved())["trouble"] == ""
        for each in (writer, reader):
            await each.close()

    try:
        run(talk)
    finally:
        bare.kill()
    seen("Two people’s words were on the disk after it had room, the server killed in between.")
