"""Agents of a municipality answer together, see what follows from it, and compare with peers."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest

from datalab.participation.grid import newest
from tests.portal.desk import Browser, Desk

ROOT = "smart-territory/communes/"
GRID = newest()
HIDDEN = re.compile(r'name="((?:seen|was)-[a-z-]+)" value="([^"]*)"')


def begin(browser: Browser, code: str = "21999", population: int = 4200) -> Any:
    fields = {"code": code, "name": f"Ville {code}", "population": str(population)}
    return browser.post("smart-territory/begin", fields)


def form(browser: Browser, theme: str, code: str = "21999") -> dict[str, str]:
    """The hidden fields of a form as it is shown now."""
    page = browser.get(f"{ROOT}{code}/{theme}")
    assert page.status_code == 200, page.text
    return dict(HIDDEN.findall(page.text))


def answer(
    browser: Browser, theme: str, levels: dict[str, str], code: str = "21999", **more: str
) -> Any:
    fields = {f"level-{item}": level for item, level in levels.items()}
    return browser.post(f"{ROOT}{code}/{theme}", {**form(browser, theme, code), **fields, **more})


def fill(browser: Browser, code: str, level: int) -> None:
    begin(browser, code)
    for theme in GRID.themes:
        given = {item.id: str(level) for item in theme.items}
        assert answer(browser, theme.id, given, code).status_code == 303
    assert close(browser, code).status_code == 303


def close(browser: Browser, code: str = "21999") -> Any:
    seen = re.search(r'name="seen" value="(\d+)"', browser.get(f"{ROOT}{code}/").text)
    return browser.post(f"{ROOT}{code}/close", {"seen": seen[1] if seen else "0"})


def view(browser: Browser, code: str = "21999") -> dict[str, Any]:
    found: dict[str, Any] = browser.get(f"{ROOT}{code}.json").json()
    return found


def test_a_theme_is_kept_and_the_next_visible_action_follows(desk: Desk) -> None:
    agent = desk.browser_of("agent")
    assert begin(agent).headers["location"].endswith("/communes/21999/users")
    given = {"users-requests": "1", "users-access": "3", "users-support": "na"}
    answer(agent, "users", given, **{"comment-users-support": "No such desk"})
    found = view(agent)
    users = found["themes"][0]["score"]
    assert (users["mean"], users["answered"], users["applicable"]) == (2.0, 2, 2)
    assert found["actions"][0]["statement"] == "users-requests"
    page = agent.get(f"{ROOT}21999/").text
    assert "Open one register of requests" in page
    assert 'role="img"' in page
    assert "fewer than 5" in page


def test_what_is_wrong_is_said_beside_the_field_and_nothing_typed_is_lost(desk: Desk) -> None:
    agent = desk.browser_of("agent")
    begin(agent)
    given = {"users-requests": "2", "users-access": "na"}
    more = {
        "evidence-users-requests": "javascript:alert(1)",
        "comment-users-requests": "<b>kept</b>",
    }
    page = answer(agent, "users", given, **more)
    assert page.status_code == 422
    assert "&lt;b&gt;kept&lt;/b&gt;" in page.text
    assert "Give the whole address" in page.text
    assert "why it does not apply" in page.text
    assert view(agent)["done"] == 0
    assert begin(agent, "2199").status_code == 422
    assert begin(agent, "21998", 0).status_code == 422


def test_two_people_of_a_team_lose_nothing_of_each_other(desk: Desk) -> None:
    agent, other = desk.browser_of("agent"), desk.browser_of("facilitator")
    begin(agent)
    assert other.get(f"{ROOT}21999/users").status_code == 403
    agent.post(f"{ROOT}21999/team", {"account": "facilitator", "act": "in"})
    old = form(other, "users")
    answer(agent, "users", {"users-requests": "3"})
    # Another statement of the same page: both stay.
    mine = {"level-users-requests": "", "level-users-access": "1"}
    assert other.post(f"{ROOT}21999/users", {**old, **mine}).status_code == 303
    levels = {one["statement"]: one["level"] for one in view(agent)["answers"]}
    assert (levels["users-requests"], levels["users-access"]) == (3, 1)
    # The same statement: the second is told, sees both, and decides.
    clash = other.post(f"{ROOT}21999/users", {**old, "level-users-requests": "0"})
    assert clash.status_code == 409
    assert "agent answered meanwhile" in clash.text
    assert {one["statement"]: one["level"] for one in view(agent)["answers"]}["users-requests"] == 3
    again = {**dict(HIDDEN.findall(clash.text)), "level-users-requests": "0"}
    again |= {"level-users-access": "1"}
    assert other.post(f"{ROOT}21999/users", again).status_code == 303
    found = {one["statement"]: one for one in view(agent)["answers"]}["users-requests"]
    assert (found["level"], found["answered_by"]) == (0, "facilitator")


def test_a_closed_assessment_changes_no_more_and_the_next_shows_progress(desk: Desk) -> None:
    agent = desk.browser_of("agent")
    begin(agent)
    assert close(agent).status_code == 422, "nothing was answered yet"
    answer(agent, "users", {"users-requests": "1", "users-access": "1"})
    assert close(agent).status_code == 303
    assert answer(agent, "users", {"users-requests": "4", "users-access": "1"}).status_code == 409
    assert begin(agent).status_code == 303
    answer(agent, "users", {"users-requests": "3", "users-access": "1", "users-support": "4"})
    found = view(agent)
    assert (found["turn"], found["state"]) == (2, "open")
    move = found["themes"][0]["move"]
    assert (move["before"], move["after"], move["compared"]) == (1.0, 2.0, 2)
    assert "Progress over time" in agent.get(f"{ROOT}21999/").text


def agents(desk: Desk, codes: range) -> dict[str, Browser]:
    """An agent for each municipality, who begins for it."""
    found = {}
    for code in map(str, codes):
        desk.add(f"agent-{code}", "agents")
        found[code] = desk.browser_of(f"agent-{code}")
    return found


def test_peers_are_shown_from_five_on_and_never_by_name(desk: Desk) -> None:
    agent, others = desk.browser_of("agent"), agents(desk, range(21900, 21905))
    begin(agent)
    answer(agent, "users", {"users-requests": "2", "users-access": "2"})
    begin(agent, "21950", 90_000)
    for place, (code, other) in enumerate(others.items()):
        assert not view(agent)["enough"]
        assert all(row["peers"]["count"] is None for row in view(agent)["themes"] if row["peers"])
        fill(other, code, place)
    found = view(agent)
    peers = found["themes"][0]["peers"]
    assert (peers["count"], peers["low"], peers["median"], peers["high"]) == (5, 1.0, 2.0, 3.0)
    assert "Ville 2190" not in agent.get(f"{ROOT}21999/").text
    assert not view(agent, "21950")["enough"], "another stratum"


def test_made_up_municipalities_of_one_account_unveil_no_real_one(desk: Desk) -> None:
    """Whoever closes four of their own would read the fifth; or through somebody they let in."""
    intruder, owner = desk.browser_of("agent"), agents(desk, range(21905, 21906))["21905"]
    begin(intruder)
    answer(intruder, "users", {"users-requests": "2", "users-access": "2"})
    fill(owner, "21905", 4)
    for place in range(5):
        fill(intruder, f"2190{place}", 0)
    assert not view(intruder)["enough"]
    # Another account, whose municipality the intruder did not begin, sees one speaker only.
    friend = desk.browser_of("steward")
    begin(friend, "21960")
    for code in range(21900, 21905):
        intruder.post(f"{ROOT}{code}/team", {"account": "steward", "act": "in"})
        intruder.post(f"{ROOT}{code}/team", {"account": "agent", "act": "out"})
    assert not view(friend, "21960")["enough"]


def test_going_on_leads_to_the_first_theme_that_waits(desk: Desk) -> None:
    agent = desk.browser_of("agent")
    begin(agent)
    going = re.compile(rf'class="button" href="[^"]*{ROOT}21999/([\w-]+)"')
    first, second = (row["id"] for row in view(agent)["themes"][:2])
    assert going.findall(agent.get(f"{ROOT}21999/").text) == [first]
    page = agent.get(f"{ROOT}21999/{first}").text
    answer(
        agent,
        first,
        dict.fromkeys(re.findall(r'<input[^>]*type="radio"[^>]*name="level-([\w-]+)"', page), "2"),
    )
    assert going.findall(agent.get(f"{ROOT}21999/").text) == [second]


def test_letting_accounts_in_and_out_tells_nothing_of_what_they_said(desk: Desk) -> None:
    agent, others = desk.browser_of("agent"), agents(desk, range(21900, 21910))
    begin(agent)
    answer(agent, "users", {"users-requests": "2", "users-access": "2"})
    for place, (code, other) in enumerate(others.items()):
        fill(other, code, place % 5)
    before = [row["peers"] for row in view(agent)["themes"]]
    assert before[0]["count"] == 10
    for number in range(21900, 21910):
        account = f"agent-{number}"
        page = agent.post(f"{ROOT}21999/team", {"account": account, "act": "in"})
        assert page.status_code == 303
        assert [row["peers"] for row in view(agent)["themes"]] == before
        agent.post(f"{ROOT}21999/team", {"account": account, "act": "out"})


def test_who_closes_after_the_fifth_is_not_read_from_what_changes(desk: Desk) -> None:
    agent, others = desk.browser_of("agent"), agents(desk, range(21900, 21910))
    begin(agent)
    answer(agent, "users", {"users-requests": "2", "users-access": "2"})
    codes = list(others)
    for place, code in enumerate(codes[:5]):
        fill(others[code], code, place)
    before = [row["peers"] for row in view(agent)["themes"]]
    for code in codes[5:9]:
        fill(others[code], code, 4)
        fill(others[code], code, 0)
        assert [row["peers"] for row in view(agent)["themes"]] == before
    fill(others[codes[9]], codes[9], 4)
    assert view(agent)["themes"][0]["peers"]["count"] == 10


def test_files_hold_every_answer_and_no_formula(desk: Desk) -> None:
    agent = desk.browser_of("agent")
    begin(agent)
    answer(agent, "users", {"users-requests": "1"}, **{"comment-users-requests": "=1+1"})
    sent = agent.get(f"{ROOT}21999.csv")
    assert sent.headers["content-disposition"].startswith("attachment")
    rows = list(csv.DictReader(io.StringIO(sent.text)))
    assert len(rows) == 24
    assert rows[0]["comment"] == "'=1+1"
    assert rows[0]["answered_by"] == "agent"


@pytest.mark.parametrize("who", ["student", "citizen", "entrepreneur"])
def test_others_read_the_grid_and_answer_nothing(desk: Desk, who: str) -> None:
    other = desk.browser_of(who)
    assert begin(other).status_code == 403
    assert other.get("smart-territory/").status_code == 200
    anyone = desk.browser()
    assert anyone.get("smart-territory/grid").status_code == 200
    rows = anyone.get("smart-territory/grid.json").json()
    assert len(rows) == 24 * 5
    assert anyone.get(f"{ROOT}21999/").status_code in {303, 401}
    assert anyone.get(f"{ROOT}21999.csv").status_code in {303, 401}


def test_a_team_is_never_empty_and_takes_known_accounts_only(desk: Desk) -> None:
    agent = desk.browser_of("agent")
    begin(agent)
    for account in ("nobody", "citizen", "'; DROP TABLE maturity --"):
        page = agent.post(f"{ROOT}21999/team", {"account": account, "act": "in"})
        assert page.status_code == 422
        assert "no account of this name" in page.text
    assert agent.post(f"{ROOT}21999/team", {"account": "agent", "act": "out"}).status_code == 422
    operator = desk.browser_of("operator")
    assert operator.get(f"{ROOT}21999/").status_code == 200
    assert desk.browser_of("steward").get(f"{ROOT}21999/").status_code == 403


def test_training_is_checked_and_kept_for_oneself(desk: Desk) -> None:
    student, other = desk.browser_of("student"), desk.browser_of("citizen")
    page = student.post(
        "smart-territory/training/", {"module": "sql", "step": "sum", "answer": "258 632"}
    )
    assert "Not yet. A hint" in page.text
    assert 'value="258 632"' in page.text
    right = {"module": "sql", "step": "sum", "answer": "258630"}
    assert "Right." in student.post("smart-territory/training/", right).text
    wrong = {**right, "answer": "1"}
    student.post("smart-territory/training/", wrong)
    assert "1 of 18 steps passed" in student.get("smart-territory/training/").text
    assert "0 of 18 steps passed" in other.get("smart-territory/training/").text
    assert desk.browser().get("smart-territory/training/").status_code == 200
    nowhere = {"module": "cooking", "step": "sum", "answer": "1"}
    assert student.post("smart-territory/training/", nowhere).status_code == 404


def test_the_watch_says_where_its_dataset_is_missing(desk: Desk) -> None:
    assert "not published here yet" in desk.browser().get("smart-territory/watch").text
