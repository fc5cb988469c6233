"""Starts, crashes, take-overs and stops: what ends, and what goes on."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.hub.lab import Lab, Person, eventually

pytestmark = pytest.mark.hub

NewLab = Callable[..., Lab]
COUNT = "n = globals().get('n', 0) + 1; print(n)"


def alive_of(lab: Lab) -> set[int]:
    """Every process of this machine that names the lab's home or runs in one of its rooms."""
    found = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes()
            environment = (entry / "environ").read_bytes()
        except OSError:
            continue
        if str(lab.home).encode() in command + environment:
            found.add(int(entry.name))
    return found


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def works(person: Person) -> Callable[[], bool]:
    """Whether the person still reaches their own kernel with their old cookies."""

    def ask() -> bool:
        try:
            return person.client.get(f"/user/{person.name}/api/kernels").status_code == 200
        except httpx.HTTPError:
            return False

    return ask


def test_ctrl_c_leaves_no_process_and_touches_nothing_else(new_lab: NewLab) -> None:
    lab, other = new_lab(), new_lab()
    lab.start()
    other.start()
    with lab.person("student") as student, other.person("student") as neighbour:
        student.open_server()
        neighbour.open_server()
        student.run(COUNT)
        neighbour.run(COUNT)
        rooms = lab.server("student")
        assert len(alive_of(lab)) > 4
        assert lab.stop(signal.SIGINT) == 0
        eventually(lambda: not alive_of(lab), "every process to end")
        assert not any(process.alive for process in rooms.values())
        assert neighbour.run(COUNT) == "2\n"
    assert other.stop(signal.SIGTERM) == 0
    eventually(lambda: not alive_of(other), "every process to end")


def test_a_hub_that_is_killed_comes_back_and_finds_the_servers_again(new_lab: NewLab) -> None:
    lab = new_lab()
    lab.start()
    with lab.person("student") as student:
        student.open_server()
        assert student.run(COUNT) == "1\n"
        before = lab.server("student")
        old = lab.processes()["hub"]
        os.kill(old.pid, signal.SIGKILL)
        assert student.run(COUNT) == "2\n", "people work on while there is no hub"
        eventually(lambda: lab.processes()["hub"] != old, "another hub")
        eventually(lambda: answers(f"{lab.url}/hub/api"), "the hub to answer")
        assert student.run(COUNT) == "3\n"
        assert lab.server("student") == before
        page = student.client.get("/hub/home")
        assert "Open JupyterLab" in page.text or "Ouvrir JupyterLab" in page.text
        token = student.cookie("_xsrf", "/hub/")
        stopped = student.client.delete(
            "/hub/api/users/student/server",
            headers={"X-XSRFToken": token, "Referer": f"{lab.url}/hub/home"},
        )
        assert stopped.status_code in {202, 204}, stopped.text
        eventually(lambda: not any(p.alive for p in before.values()), "the adopted server to stop")
    assert "ended" in lab.output.read_text()


@pytest.mark.parametrize("part", ["proxy", "portal"])
def test_another_part_that_is_killed_comes_back(new_lab: NewLab, part: str) -> None:
    lab = new_lab()
    lab.start()
    with lab.person("student") as student:
        student.open_server()
        student.run(COUNT)
        os.kill(lab.processes()[part].pid, signal.SIGKILL)
        eventually(works(student), "the way to the server")
        eventually(lambda: answers(f"{lab.url}/hub/api"), "the hub to answer")
        assert student.run(COUNT) == "2\n"


def test_a_killed_up_is_taken_over_by_the_next(new_lab: NewLab) -> None:
    lab = new_lab()
    lab.start()
    with lab.person("student") as student:
        student.open_server()
        assert student.run(COUNT) == "1\n"
        before, room = lab.processes(), lab.server("student")
        lab.stop(signal.SIGKILL)
        assert student.run(COUNT) == "2\n", "people work on while nobody supervises"
        lab.start()
        after = lab.processes()
        eventually(lambda: not before["hub"].alive, "the old hub to end")
        for part in ("hub", "proxy", "portal"):
            assert not before[part].alive
            assert after[part].alive
        eventually(works(student), "the way to the server")
        assert student.run(COUNT) == "3\n"
        assert lab.server("student") == room
    assert lab.stop() == 0
    eventually(lambda: not alive_of(lab), "every process to end")


def test_a_number_that_was_given_to_somebody_else_is_not_signalled(new_lab: NewLab) -> None:
    lab = new_lab()
    lab.start()
    lab.stop()
    me = os.getpid()
    stale = {"pid": me, "started": 1, "boot": "x"}
    document = {"supervisor": stale, "children": {"hub": stale, "proxy": stale}}
    (lab.home / "run" / "children.json").write_text(json.dumps(document))
    (lab.home / "run" / "servers" / "student.json").write_text(
        json.dumps({"server_process": stale, "room_process": stale})
    )
    lab.start()
    assert lab.stop() == 0
    assert os.getpid() == me


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"children": 3}'])
def test_damaged_notes_of_an_earlier_start_do_not_prevent_the_next(
    new_lab: NewLab, content: str
) -> None:
    from datalab.deployment.children import written_down
    from datalab.deployment.servers import servers

    lab = new_lab()
    run = lab.home / "run"
    (run / "servers").mkdir(parents=True)
    for path in (run / "children.json", run / "servers" / "student.json"):
        path.write_text(content)
    assert written_down(run) == {}
    assert [server.processes for server in servers(run)] in ([], [[]])


def test_a_second_up_on_the_same_home_says_where_the_first_is(running_lab: Lab) -> None:
    done = running_lab.command("up", "--port", str(running_lab.port + 1), check=False)
    assert done.returncode == 1
    assert running_lab.url in done.stderr
    assert "Traceback" not in done.stderr


def test_a_taken_port_is_named_with_a_free_one(new_lab: NewLab) -> None:
    lab = new_lab()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", lab.port))
        taken.listen()
        done = lab.command("up", "--port", str(lab.port), check=False)
    assert done.returncode == 1
    assert f"Port {lab.port} on 127.0.0.1" in done.stderr
    assert "--port" in done.stderr
    assert not alive_of(lab)


def test_a_second_start_keeps_accounts_ports_and_files(new_lab: NewLab) -> None:
    lab = new_lab()
    lab.start()
    plan = (lab.home / "run" / "plan.json").read_text()
    with lab.person("student") as student:
        student.open_server()
        student.run("open('kept.txt', 'w').write('kept')")
    links = lab.links
    lab.stop()
    lab.start()
    assert (lab.home / "run" / "plan.json").read_text() == plan
    assert set(lab.links) == set(links)
    assert not set(lab.links.values()) & set(links.values())
    with lab.person("student") as student:
        student.open_server()
        assert student.run("print(open('kept.txt').read())") == "kept\n"


def test_people_wait_for_their_turn_and_are_told_so(new_lab: NewLab) -> None:
    lab = new_lab(environment={"DATALAB_CONCURRENT_SPAWNS": "1"})
    lab.start()
    with ExitStack() as stack:
        names = ("student", "citizen", "entrepreneur")
        people = [stack.enter_context(lab.person(name)) for name in names]
        links = [lab.link(name) for name in names]
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda pair: pair[0].sign_in(pair[1]), zip(people, links, strict=True)))
            said = list(pool.map(progress_of, people))
        for person in people:
            person.open_server()
            assert person.run("print(1)") == "1\n"
    assert any("Votre place dans la file" in text for text in said), said
    assert all('"ready": true' in text for text in said)


def progress_of(person: Person) -> str:
    """Everything that the waiting page of this person is told."""
    address = f"/hub/api/users/{person.name}/server/progress"
    token = person.cookie("_xsrf", "/hub/")
    with person.client.stream("GET", address, params={"_xsrf": token}) as answer:
        assert answer.status_code == 200, answer.read()
        text = ""
        for line in answer.iter_lines():
            text += line
            if '"ready"' in line or '"failed"' in line:
                break
    return text


def test_the_root_leads_to_the_portal_without_signing_in(running_lab: Lab) -> None:
    answer = httpx.get(running_lab.url + "/", follow_redirects=True)
    assert answer.url.path == "/services/datalab/"


def test_status_says_what_answers(running_lab: Lab) -> None:
    done = running_lab.command("status", "--json", "--wait", "30", check=False)
    document = json.loads(done.stdout)
    assert document["url"] == running_lab.url
    assert {part["name"] for part in document["parts"]} == {
        "supervisor",
        "proxy",
        "hub",
        "portal",
        "refresher",
        "keeper",
        "web",
    }
    assert document["ok"] is (done.returncode == 0)


def test_status_of_a_lab_that_does_not_run(new_lab: NewLab) -> None:
    lab = new_lab()
    done = lab.command("status", check=False)
    assert done.returncode == 1
    assert "datalab up" in done.stdout
    assert json.loads(lab.command("status", "--json", check=False).stdout)["ok"] is False
    refused = lab.command("signin", "student", check=False)
    assert refused.returncode == 1
    assert "datalab up" in refused.stderr


def test_doctor_names_what_is_open_to_others(new_lab: NewLab) -> None:
    lab = new_lab()
    lab.home.mkdir(mode=0o755)
    os.chmod(lab.home, 0o755)  # noqa: S103
    done = lab.command("doctor", "--json", check=False)
    findings = {finding["code"]: finding for finding in json.loads(done.stdout)["findings"]}
    assert done.returncode == 1
    assert findings["home-mode"]["mend"] == f"chmod 700 {lab.home}"
    assert findings["python"]["level"] == "good"
    assert all(f["mend"] for f in findings.values() if f["level"] != "good")
