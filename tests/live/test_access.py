"""Who may write is decided by the server, at every door and at every moment."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
from pycrdt import Array, Doc, Map, Text, create_sync_message, create_update_message
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClosedError, websocket_connect

from tests.faults.relay import Relay
from tests.faults.workshop import ACCOUNT, NOTEBOOK, SLUG, Workshop
from tests.hub.lab import Lab, Person, eventually, in_a_loop_of_its_own

MEMBERS = {"student": "owner", "entrepreneur": "editor", "agent": "viewer"}
BASE = f"/user/{ACCOUNT}/"


@pytest.fixture(scope="module")
def workshop(running_lab: Lab) -> Iterator[Workshop]:
    made = Workshop(running_lab)
    made.create(MEMBERS)
    yield made
    made.hub.ask("DELETE", f"/users/{ACCOUNT}/server", done=(404,), seconds=60)


def outsider(workshop: Workshop, name: str) -> Person:
    """Somebody who is signed in at the lab, has a server of their own and tries this one."""
    client = httpx.Client(base_url=workshop.lab.url, follow_redirects=True, timeout=60)
    person = Person(workshop.lab, name, client)
    person.sign_in()
    return person


def rooms(workshop: Workshop) -> list[str]:
    return ["JupyterLab:globalAwareness", f"json:notebook:{file_id(workshop)}"]


def file_id(workshop: Workshop) -> str:
    with workshop.member("student") as owner:
        answer = owner.client.put(
            f"{BASE}api/collaboration/session/{NOTEBOOK}",
            json={"format": "json", "type": "notebook"},
            headers=workshop.headers(owner, workshop.lab.port),
        )
        return str(answer.json()["fileId"])


async def knock(workshop: Workshop, path: str, headers: dict[str, str]) -> int:
    """The status that a websocket gets; 101 where it is let in."""
    address = f"{workshop.lab.url}{BASE}{path}".replace("http", "ws", 1)
    try:
        socket = await websocket_connect(HTTPRequest(address, headers=headers))
    except HTTPClientError as error:
        return error.code
    socket.close()
    return 101


@pytest.mark.parametrize("name", ["agent", "citizen"])
def test_neither_a_viewer_nor_a_stranger_gets_in_by_any_door(workshop: Workshop, name: str) -> None:
    person = outsider(workshop, name)
    cookies = "; ".join(f"{c.name}={c.value}" for c in person.client.cookies.jar)
    headers = {"Cookie": cookies, "Origin": workshop.lab.url}
    answers = {}
    for method, path in [
        ("GET", f"api/contents/{NOTEBOOK}"),
        ("PUT", f"api/contents/{NOTEBOOK}"),
        ("DELETE", f"api/contents/{NOTEBOOK}"),
        ("GET", f"files/{NOTEBOOK}"),
        ("POST", "api/kernels"),
        ("GET", "api/kernels"),
        ("POST", "api/sessions"),
        ("GET", "api/terminals"),
        ("PUT", f"api/collaboration/session/{NOTEBOOK}"),
        ("GET", "datalab/presence"),
        ("POST", "datalab/revoke"),
        ("POST", "datalab/restore"),
        ("GET", f"datalab/saved?path={NOTEBOOK}"),
        ("GET", "lab"),
    ]:
        answer = person.client.request(method, BASE + path, json={}, headers=headers)
        answers[f"{method} {path}"] = answer.status_code
    doors = [*(f"api/collaboration/room/{room}" for room in rooms(workshop))]
    doors += ["api/kernels/00000000-0000-0000-0000-000000000000/channels", "api/events/subscribe"]
    for door in doors:
        answers[door] = in_a_loop_of_its_own(knock(workshop, door, headers))
    assert {d: s for d, s in answers.items() if s not in {302, 403, 404}} == {}
    assert 403 in answers.values()


def test_a_page_of_another_origin_cannot_open_a_room(workshop: Workshop) -> None:
    with workshop.member("student") as owner:
        headers = workshop.headers(owner, workshop.lab.port) | {"Origin": "http://evil.example"}
        for room in rooms(workshop):
            door = f"api/collaboration/room/{room}"
            assert in_a_loop_of_its_own(knock(workshop, door, headers)) == 403


def test_a_member_cannot_put_another_one_out(workshop: Workshop) -> None:
    with workshop.member("entrepreneur") as editor:
        answer = editor.client.post(
            f"{BASE}datalab/revoke",
            json={"user": "student"},
            headers=workshop.headers(editor, workshop.lab.port),
        )
        assert answer.status_code == 403


def test_people_are_shown_with_name_colour_and_role(workshop: Workshop) -> None:
    with workshop.member("student") as owner, workshop.member("entrepreneur") as editor:
        me = [person.client.get(f"{BASE}api/me").json()["identity"] for person in (owner, editor)]
    assert me[0]["display_name"] == "Étudiante · propriétaire"
    assert me[0]["color"]
    assert me[1]["color"]
    assert me[0]["color"] != me[1]["color"]


def test_presence_says_who_is_in_which_notebook(workshop: Workshop) -> None:
    with workshop.member("student") as owner:

        async def look() -> list[dict[str, Any]]:
            relay = Relay(workshop.lab.port)
            await relay.start()
            person = workshop.collaborator(owner, relay)
            person.open()
            await workshop.together([person])
            answer = await asyncio.to_thread(owner.client.get, f"{BASE}datalab/presence")
            await person.close()
            await relay.stop()
            found: list[dict[str, Any]] = answer.json()
            return found

        found = in_a_loop_of_its_own(look())
    assert [(p["name"], p["role"], p["notebook"]) for p in found] == [
        ("student", "owner", NOTEBOOK)
    ]
    assert found[0]["display_name"] == "Étudiante"


def removed(workshop: Workshop, how: Callable[[], None]) -> tuple[float, list[str], str]:
    """An editor types on raw websockets and is removed meanwhile.

    Returns seconds until the last of the connections ended, what the editor had seen echoed by
    the owner before, and the notebook as the owner has it ten seconds later.
    """
    with workshop.member("student") as owner, workshop.member("entrepreneur") as editor:

        async def talk() -> tuple[float, list[str], str]:
            relays = [Relay(workshop.lab.port), Relay(workshop.lab.port)]
            for relay in relays:
                await relay.start()
            host = workshop.collaborator(owner, relays[0])
            seen: list[str] = []
            host.heard = seen.append
            guest = workshop.collaborator(editor, relays[1])
            for person in (host, guest):
                person.open()
            await workshop.together([host, guest])
            headers = workshop.headers(editor, workshop.lab.port)
            address = workshop.lab.url.replace("http", "ws", 1) + BASE
            others = [
                await websocket_connect(HTTPRequest(address + path, headers=headers))
                for path in (
                    "api/events/subscribe",
                    "api/collaboration/room/JupyterLab:globalAwareness",
                )
            ]
            guest.type("avant")
            await asyncio.sleep(0.5)
            before = list(seen)
            typing = asyncio.create_task(_type_on(guest))
            await asyncio.to_thread(how)
            # From when the removal is said: how long a command takes to start is the machine's.
            began = time.monotonic()
            for socket in others:
                while await asyncio.wait_for(socket.read_message(), 15) is not None:
                    pass
            while not guest.turned_away:
                assert time.monotonic() - began < 15, "still connected"
                await asyncio.sleep(0.05)
            took = time.monotonic() - began
            mark = len(host.text())
            await asyncio.sleep(3)
            typing.cancel()
            assert len(host.text()) == mark, "something entered after the end"
            for person in (host, guest):
                await person.close()
            for relay in relays:
                await relay.stop()
            return took, before, host.text()

        return in_a_loop_of_its_own(talk())


async def _type_on(person: Any) -> None:
    while True:
        person.type("z")
        await asyncio.sleep(0.02)


def test_a_removed_member_is_out_while_typing(workshop: Workshop) -> None:
    took, before, text = removed(
        workshop,
        lambda: workshop.lab.command("project", "remove", SLUG, "entrepreneur") and None,
    )
    assert "avant" in "".join(before)
    assert "avant" in text, "what others had seen stays"
    assert took <= 10
    workshop.lab.command("project", "add", SLUG, "entrepreneur", "editor")


def test_access_ends_even_where_nobody_tells_the_server(workshop: Workshop) -> None:
    """Only the share is taken back: no push, no change of the file of members."""

    def unshare() -> None:
        workshop.hub.ask("PATCH", f"/shares/{ACCOUNT}/", {"user": "entrepreneur"})

    eventually(lambda: _shared(workshop, "entrepreneur"), "the share")
    took, _, text = removed(workshop, unshare)
    assert "avant" in text
    assert took <= 10


def _shared(workshop: Workshop, name: str) -> bool:
    listed = workshop.hub.ask("GET", f"/shares/{ACCOUNT}/")["items"]
    return name in {(share.get("user") or {}).get("name") for share in listed}


def test_a_page_with_another_history_is_told_to_reload(workshop: Workshop) -> None:
    with workshop.member("student") as owner:
        headers = workshop.headers(owner, workshop.lab.port)
        stale: Doc[Any] = Doc()
        cells = stale.get("cells", type=Array)
        cells.append(Map({"id": "cell-0", "cell_type": "markdown", "source": Text("double")}))

        async def come_back() -> tuple[int | None, str]:
            room = f"json:notebook:{file}"
            address = f"{workshop.lab.url}{BASE}api/collaboration/room/{room}?sessionId=old"
            socket = await websocket_connect(
                HTTPRequest(address.replace("http", "ws", 1), headers=headers)
            )
            await socket.write_message(create_sync_message(stale), binary=True)
            # The server may have closed already, after the first message.
            with suppress(WebSocketClosedError):
                await socket.write_message(create_update_message(stale.get_update()), binary=True)
            while await asyncio.wait_for(socket.read_message(), 10) is not None:
                pass
            return socket.close_code, socket.close_reason or ""

        file = file_id(workshop)
        code, reason = in_a_loop_of_its_own(come_back())
        saved = owner.client.get(f"{BASE}api/contents/{NOTEBOOK}").json()["content"]
    assert code == 1003
    assert json.loads(reason)["reloadable"] is True
    assert "double" not in json.dumps(saved)
