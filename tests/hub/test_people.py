"""Accounts in a running lab: let in, shut out, gone for good."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from datalab.hub.roles import scope
from tests.hub.lab import Lab, eventually

pytestmark = pytest.mark.hub


def left_of(lab: Lab, name: str) -> list[Path]:
    """Whatever on disk carries an account's name or belongs to it."""
    return list(lab.home.rglob(f"*{name}*"))


def processes_of(name: str) -> list[str]:
    """Processes of an account's servers, wherever they are."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if (
                entry.name.isdigit()
                and f"HOME=/home/{name}\0".encode() in (entry / "environ").read_bytes()
            ):
                found.append(entry.name)
        except OSError:
            continue
    return found


def test_an_account_made_while_the_lab_runs_enters_at_once(running_lab: Lab) -> None:
    running_lab.command(
        "user", "add", "jeanne", "--group", "agents", "--display", "Jeanne <b>d’Arc</b> 🦉"
    )
    with running_lab.person("jeanne") as jeanne:
        answer = jeanne.client.get(running_lab.link("jeanne"), follow_redirects=False)
        assert answer.headers["Location"] == "/services/datalab/signin"
        me = jeanne.client.get("/hub/api/user").json()
        assert me["groups"] == ["agents"]
        assert scope("invite:guests") in me["scopes"]
        assert not me["admin"]
        running_lab.command("user", "groups", "jeanne", "students")
        me = jeanne.client.get("/hub/api/user").json()
        assert me["groups"] == ["students"]
        assert scope("invite:guests") not in me["scopes"]
    listed = json.loads(running_lab.command("user", "list", "--json").stdout)
    assert next(a for a in listed if a["name"] == "jeanne")["groups"] == ["students"]
    again = running_lab.command("user", "add", "jeanne", "--group", "agents", check=False)
    assert again.returncode == 1
    assert "jeanne" in again.stderr


@pytest.mark.timeout(240)
def test_a_disabled_account_is_out_with_cookie_token_and_server(running_lab: Lab) -> None:
    running_lab.command("user", "add", "paul", "--group", "students")
    with running_lab.person("paul") as paul:
        paul.open_server()
        xsrf = paul.cookie("_xsrf", "/hub/")
        made = paul.client.post(
            "/hub/api/users/paul/tokens", headers={"X-XSRFToken": xsrf}, json={"note": "mine"}
        )
        assert made.status_code == 201, made.text
        token = {"Authorization": f"token {made.json()['token']}"}
        assert paul.client.get("/hub/api/user", headers=token).status_code == 200
        link = running_lab.link("paul")
        room = running_lab.server("paul")
        running_lab.command("user", "disable", "paul")

        def out() -> bool:
            return paul.client.get("/hub/home").url.path == "/hub/login"

        eventually(out, "the cookie to open nothing", 60)
        assert paul.client.get("/hub/api/user", headers=token).status_code == 403
        page = paul.client.get("/user/paul/api/contents", follow_redirects=False)
        assert page.status_code in {302, 403, 404, 424, 503}
        assert not any(process.alive for process in room.values())
        refused = paul.client.get(link)
        assert refused.status_code == 403
        assert running_lab.command("signin", "paul", check=False).returncode == 1
        # Nothing is lost: opened again, it is as it was.
        assert (running_lab.home / "accounts" / "homes" / "paul").is_dir()
        running_lab.command("user", "enable", "paul")
        assert paul.sign_in().status_code == 200


@pytest.mark.timeout(240)
def test_of_a_removed_account_nothing_is_left(running_lab: Lab) -> None:
    running_lab.command("user", "add", "bertille", "--group", "students")
    with running_lab.person("bertille") as bertille:
        bertille.open_server()
        bertille.run("open('notes.txt', 'w').write('mine')")
        running_lab.command("user", "remove", "bertille", "--yes")
        eventually(
            lambda: not left_of(running_lab, "bertille"), "everything of Bertille to be gone", 30
        )
        assert processes_of("bertille") == []
        assert bertille.client.get("/hub/home").url.path == "/hub/login"
    with running_lab.person("operator") as operator:
        operator.sign_in()
        assert operator.client.get("/hub/api/users/bertille").status_code == 404
    # Whoever takes the name next begins anew.
    running_lab.command("user", "add", "bertille", "--group", "students")
    with running_lab.person("bertille") as bertille:
        bertille.open_server()
        assert "notes.txt" not in bertille.run("import os; print(os.listdir())")


def test_the_store_is_followed_by_a_hub_that_was_away(running_lab: Lab) -> None:
    """What changed behind the hub's back is put right by the next who asks."""
    from datalab.isolation.homes import Homes
    from datalab.people import accounts
    from datalab.people.follow import follow
    from datalab.people.store import Store
    from tests.hub.lab import hub_of

    store = Store(running_lab.home / "hub" / "people.sqlite")
    hub, homes = hub_of(running_lab), Homes(running_lab.home / "accounts", os.geteuid() == 0)
    accounts.add(store, 1, "test", "away", ["students"])
    done = follow(store, hub, homes, 2)
    assert done.added == ["away"]
    assert "away" in done.regrouped
    assert "away" in hub.ask("GET", "/groups/students")["users"]
    hub.ask("DELETE", "/groups/students/users", {"users": ["away"]})
    hub.ask("POST", "/groups/operators/users", {"users": ["away"]})
    follow(store, hub, homes, 3)
    assert "away" not in hub.ask("GET", "/groups/operators")["users"]
    assert "away" in hub.ask("GET", "/groups/students")["users"]
    nothing = follow(store, hub, homes, 4)
    assert (nothing.added, nothing.regrouped, nothing.gone) == ([], [], [])
