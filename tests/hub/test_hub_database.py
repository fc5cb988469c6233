"""The hub's own database on PostgreSQL: brought there with accounts and tokens, and lived in."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest
from sqlalchemy import create_engine, text

from tests.hub.lab import Lab, eventually, hub_of
from tests.participation.databases import Cluster, cluster, programs

NewLab = Callable[..., Lab]


@pytest.mark.hub
def test_a_hub_that_moves_to_a_server_of_databases_knows_everybody(
    new_lab: NewLab,
    postgresql: Cluster,
) -> None:
    lab = new_lab()
    lab.start()
    with lab.person("student") as student:
        student.open_server()
        assert student.run("print(6 * 7)") == "42\n"
    lab.stop()
    with closing(sqlite3.connect(lab.home / "hub" / "hub.sqlite")) as before:
        users = before.execute("SELECT name FROM users ORDER BY name").fetchall()
        tokens = before.execute("SELECT count(*) FROM api_tokens").fetchone()[0]
    assert ("student",) in users

    address = postgresql.database()
    lab.environment["DATALAB_HUB_DATABASE"] = address
    told = json.loads(lab.command("migrate", "--json").stdout)["hub"]
    rows = {one["table"]: one["rows"] for one in told}
    assert rows["users"] == len(users)
    assert rows["api_tokens"] == tokens
    again = lab.command("migrate", check=False)
    assert again.returncode != 0
    assert "holds rows already" in again.stdout + again.stderr

    (lab.home / "hub" / "hub.sqlite").unlink()
    lab.start()
    assert not (lab.home / "hub" / "hub.sqlite").exists()
    with lab.person("student") as student:
        student.open_server()
        assert student.run("print(6 * 7)") == "42\n"
    names = {user["name"] for user in hub_of(lab).ask("GET", "/users?limit=200")}
    assert {name for (name,) in users} <= names
    engine = create_engine(address)
    with engine.connect() as connection:
        asked = text("SELECT count(*) FROM spawners WHERE started IS NOT NULL")
        assert connection.execute(asked).scalar_one() >= 1
    engine.dispose()


@pytest.mark.hub
@pytest.mark.fault(
    "The PostgreSQL of the hub stops while a notebook runs, and starts again",
    "The notebook runs on; a sign-in link shown meanwhile is not used up",
)
def test_a_server_of_databases_that_starts_again_ends_nobodys_work(
    new_lab: NewLab, seen: Callable[[str], None]
) -> None:
    if programs() is None:
        pytest.skip("no PostgreSQL on this machine")
    with cluster() as postgresql:
        survive(new_lab, postgresql)
    seen("Cells ran meanwhile and after; the link was answered 503, then let its owner in.")


def survive(new_lab: NewLab, postgresql: Cluster) -> None:
    lab = new_lab(environment={"DATALAB_HUB_DATABASE": postgresql.database()})
    lab.start()
    with lab.person("student") as student:
        student.open_server()
        link = lab.link("citizen")
        postgresql.stop()
        with lab.person("citizen") as early:
            refused = early.sign_in(link)
            assert refused.status_code == 503
            assert "ne répond pas" in refused.text
        assert student.run("print(6 * 7)") == "42\n", "a notebook does not ask the hub"
        postgresql.start()
        assert student.run("print(6 * 8)") == "48\n"
    with lab.person("citizen") as citizen:
        assert citizen.sign_in(link).status_code == 200, "what was not answered is not used up"
        citizen.client.get("/hub/spawn/citizen")

        def there() -> bool:
            page = citizen.client.get("/user/citizen/lab")
            return page.status_code == 200 and page.url.path.startswith("/user/citizen/")

        eventually(there, "JupyterLab")
        assert citizen.run("print(1)") == "1\n"
