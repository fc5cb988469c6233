"""Keys of Open311: made by agents, shown once, disabled at once, by page and by command."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from datalab.cli import group
from datalab.participation import api_key, journal
from datalab.participation.store import Store
from datalab.people.rights import GROUPS, RIGHTS
from tests.participation.georeport import Client
from tests.portal.desk import Browser, Desk

WORDS = re.compile(r"o311_[\w-]{32}")


def words_in(page: str) -> str:
    found = WORDS.search(page)
    assert found, page
    return found[0]


def make(agent: Browser, **fields: str) -> str:
    answer = agent.post("control/keys", {"name": "Appli de Chenôve", **fields})
    assert answer.status_code == 200
    assert "no-store" in answer.headers["cache-control"]
    return words_in(answer.text)


def test_a_key_is_shown_once_and_kept_as_a_digest(desk: Desk) -> None:
    agent = desk.browser_of("agent")
    assert "No key yet" in agent.get("control/keys").text
    words = make(agent, contact="DSI")
    page = agent.get("control/keys").text
    assert "Appli de Chenôve" in page
    assert "DSI" in page
    assert not WORDS.search(page)
    store: Store = desk.app.state.participation
    with store.reading() as connection:
        assert words not in repr(journal.since(connection, 0))
        assert words not in repr(connection.exec_driver_sql("SELECT * FROM api_key").all())


def test_it_sends_until_it_is_disabled_and_again_when_that_is_undone(desk: Desk) -> None:
    agent, client = desk.browser_of("agent"), Client(desk, "")
    client.key = make(agent)
    client.report()
    assert ">1</td>" in agent.get("control/keys").text
    with desk.app.state.participation.reading() as connection:
        (key,) = api_key.keys(connection)
    said = agent.follow(agent.post(f"control/keys/{key.id}/disable"))
    assert "is refused from now on" in said.text
    assert f'action="/services/datalab/control/keys/{key.id}/enable"' in said.text
    assert client.post().status_code == 403
    agent.post(f"control/keys/{key.id}/enable")
    client.report()


def test_a_form_that_comes_twice_makes_one_key(desk: Desk) -> None:
    agent = desk.browser_of("agent")
    found = re.search(r'name="receipt" value="(\w+)"', agent.get("control/keys").text)
    assert found
    make(agent, receipt=found[1])
    again = agent.post("control/keys", {"name": "Appli", "receipt": found[1]})
    assert "made already" in agent.follow(again).text
    with desk.app.state.participation.reading() as connection:
        assert len(api_key.keys(connection)) == 1


@pytest.mark.parametrize("name", ["", "   ", "x" * 81])
def test_a_name_that_cannot_be_is_said_beside_the_field(desk: Desk, name: str) -> None:
    answer = desk.browser_of("agent").post("control/keys", {"name": name, "contact": "DSI"})
    assert answer.status_code == 400
    assert 'aria-invalid="true"' in answer.text
    assert 'value="DSI"' in answer.text


def test_markup_in_a_name_stays_text(desk: Desk) -> None:
    agent = desk.browser_of("agent")
    agent.post("control/keys", {"name": "<script>alert(1)</script>"})
    assert "<script>alert" not in agent.get("control/keys").text


def test_only_those_who_handle_requests_see_or_make_keys(desk: Desk) -> None:
    for name in GROUPS:
        browser, holds = desk.browser_of(name.removesuffix("s")), name in RIGHTS["handle:requests"]
        assert (browser.get("control/keys").status_code == 200) is holds
        assert (browser.post("control/keys", {"name": "x"}).status_code == 200) is holds
        if not holds:
            assert browser.post("control/keys/any/disable").status_code == 403
    agent = desk.browser_of("agent")
    assert agent.post("control/keys/any/disable").status_code == 404
    agent.token = "0" * 64
    assert agent.post("control/keys", {"name": "x"}).status_code == 403


def test_the_command_makes_lists_and_disables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATALAB_LANGUAGE", "en")
    monkeypatch.delenv("DATALAB_PARTICIPATION_DATABASE", raising=False)

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(group, ["open311", "key", *arguments, "--home", str(tmp_path)])
        assert done.exit_code == 0, done.output
        return done.stdout

    words = words_in(run("add", "Appli", "--contact", "DSI"))
    (listed,) = json.loads(run("list", "--json"))
    assert (listed["name"], listed["contact"], listed["disabled_at"]) == ("Appli", "DSI", None)
    assert words not in run("list")
    assert "refused" in run("disable", listed["id"])
    assert "switched off" in run("list")
    assert "good again" in run("enable", listed["id"])
