"""The control room: who may enter, what the list shows, and what is done with a case."""

from __future__ import annotations

import csv
import io
import re

import pytest

from datalab.participation import handling, journal
from tests.portal.control_room import CALL, case, listed, reported
from tests.portal.desk import Desk, now

PATHS = (
    *("control/", "control/list", "control/points.json", "control/export.csv", "control/stream"),
    *("control/new", "control/routes", "control/levels", "control/answers", "control/indicators"),
)


@pytest.mark.parametrize("path", PATHS)
def test_only_those_who_answer_reports_enter(desk: Desk, path: str) -> None:
    assert desk.browser().get(path).status_code == 401
    for name in ("student", "citizen", "entrepreneur"):
        assert desk.browser_of(name).get(path).status_code == 403


def test_nobody_else_reads_or_changes_a_case(desk: Desk) -> None:
    id = reported(desk)
    for browser in (desk.browser(), desk.browser_of("student")):
        assert browser.get(f"control/{id}").status_code in (401, 403)
        for act in ("assign", "answer", "note", "accept", "undo"):
            assert browser.post(f"control/{id}/{act}", {"text": "x"}).status_code in (401, 403)
        assert browser.post("control/bulk", {"act": "accept"}).status_code in (401, 403)
    assert case(desk, id).version == 1
    agent = desk.browser_of("agent")
    forged = agent.post(f"control/{id}/assign", {"team": "X"}, Origin="http://evil.test")
    assert forged.status_code == 403
    agent.token = "0" * 64
    assert agent.post(f"control/{id}/assign", {"team": "X"}).status_code == 403
    assert case(desk, id).team == ""


def test_a_script_of_another_page_reads_nothing(desk: Desk) -> None:
    reported(desk)
    fetched = desk.browser_of("agent").get("control/list", **{"Sec-Fetch-Mode": "cors"})
    assert fetched.status_code == 401


def test_the_address_keeps_the_filters(desk: Desk) -> None:
    lamp = reported(desk, "Lampe de la rue Monge")
    hole = reported(desk, "Trou <script>alert(1)</script>", 30, service_code="road")
    agent = desk.browser_of("agent")
    assert listed(agent.get("control/")) == [hole, lamp]  # the late one first
    assert listed(agent.get("control/?q=monge")) == [lamp]
    assert listed(agent.get("control/?category=road&commune=21231&older=7")) == [hole]
    assert listed(agent.get("control/?show=overdue&order=newest")) == [hole]
    assert listed(agent.get("control/?q=' OR 1=1 --")) == []
    assert listed(agent.get("control/?page=99999&older=abc&show=zzz&state=zzz")) == [hole, lamp]
    page = agent.get("control/?q=trou&show=all").text
    assert "<script>alert" not in page
    assert f"control/{hole}?q=trou&amp;show=all" in page


def test_a_long_list_comes_page_by_page(desk: Desk) -> None:
    ids = [reported(desk, f"Cas {n}", n / 100) for n in range(60)]
    agent = desk.browser_of("agent")
    first, second = (listed(agent.get(f"control/?page={page}")) for page in (1, 2))
    assert (len(first), len(second)) == (50, 10)
    assert set(first) | set(second) == set(ids)


def test_two_agents_at_once_lose_nothing_of_each_other(desk: Desk) -> None:
    id = reported(desk)
    first, second = desk.browser_of("agent"), desk.browser_of("operator")
    done = first.post(f"control/{id}/assign", {"team": "Voirie", "seen": "1", "query": "q=a"})
    assert done.status_code == 303
    assert done.headers["location"].endswith(f"control/{id}?q=a")
    text = "Nous passons demain."
    stale = second.post(f"control/{id}/answer", {"text": text, "state": "fixed", "seen": "1"})
    assert stale.status_code == 409
    assert "Somebody else changed this case" in stale.text
    assert text in stale.text  # what was typed is kept
    assert "Voirie" in stale.text  # and what changed is shown
    assert case(desk, id).state == "assigned"


def test_a_change_is_taken_back_from_the_notice_and_from_the_history(desk: Desk) -> None:
    id, agent = reported(desk), desk.browser_of("agent")
    done = agent.post(f"control/{id}/assign", {"team": "Voirie", "seen": "1"})
    page = agent.follow(done).text
    change = re.search(r'name="change" value="(\d+)"', page)
    assert change
    assert agent.post(f"control/{id}/undo", {"change": change[1]}).status_code == 303
    assert case(desk, id).team == ""
    again = agent.post(f"control/{id}/undo", {"change": change[1]})
    assert again.status_code == 409
    other = reported(desk)
    assert agent.post(f"control/{other}/undo", {"change": change[1]}).status_code == 422


def test_a_note_for_the_control_room_is_never_public(desk: Desk) -> None:
    id, agent = reported(desk), desk.browser_of("agent")
    agent.post(f"control/{id}/note", {"remark": "Voisin difficile"})
    agent.post(f"control/{id}/answer", {"text": "Nous passons.", "seen": "1"})
    inside = agent.get(f"control/{id}").text
    assert "Voisin difficile" in inside
    assert inside.index("control room only") > 0
    for path in (f"cases/{id}", f"open311/v2/requests/{id}.json?extensions=true"):
        told = desk.browser().get(path)
        if told.status_code == 200:
            assert "Voisin difficile" not in told.text


def test_what_waits_is_read_put_right_and_accepted(desk: Desk) -> None:
    id = reported(desk, "Appelez-moi au 06 12 34 56 78, la lampe est cassée")
    agent = desk.browser_of("agent")
    page = agent.get(f"control/{id}?show=waiting").text
    assert "06 12 34 56 78" in page
    agent.post(f"control/{id}/accept", {"said": "La lampe est cassée", "seen": "1"})
    found = case(desk, id)
    assert (found.moderation, found.said) == ("accepted", "La lampe est cassée")
    refused = reported(desk, "Jean Dupont, 06 12 34 56 78")
    assert agent.post(f"control/{refused}/reject", {"reason": " ", "seen": "1"}).status_code == 422
    agent.post(f"control/{refused}/reject", {"reason": "Un nom y figure", "seen": "1"})
    assert case(desk, refused).moderation == "rejected"


def test_many_at_once_each_with_its_result_and_all_taken_back(desk: Desk) -> None:
    ids = [reported(desk, f"Cas {n}") for n in range(4)]
    agent = desk.browser_of("agent")
    agent.post(f"control/{ids[3]}/assign", {"team": "Eau", "seen": "1"})
    fields = {"act": "assign", "team": "Voirie", "case": [f"{id}:1" for id in [*ids, "nothere"]]}
    page = agent.post("control/bulk", fields)
    assert "3 of 5 cases were changed" in page.text
    assert [case(desk, id).team for id in ids] == ["Voirie"] * 3 + ["Eau"]
    changes = re.findall(r'name="change" value="([^"]+)"', page.text)
    agent.post("control/bulk/undo", {"change": changes})
    assert [case(desk, id).team for id in ids] == [""] * 3 + ["Eau"]


def test_cases_are_merged_in_one_go(desk: Desk) -> None:
    first, *others = (reported(desk, f"Même trou {n}") for n in range(3))
    agent = desk.browser_of("agent")
    assert agent.get("control/zzzzzzzz").status_code == 404
    assert agent.post("control/zzzzzzzz/assign", {"team": "A"}).status_code == 404
    agent.post("control/bulk", {"act": "merge", "first": first, "case": [f"{o}:1" for o in others]})
    assert {case(desk, other).duplicate_of for other in others} == {first}
    none = agent.post(f"control/{first}/merge", {"first": "<b>zzz", "seen": "1"})
    assert none.status_code == 422
    assert 'value="&lt;b&gt;zzz"' in none.text
    page = agent.get(f"control/{first}").text
    assert "Merged into this one" in page
    assert "2 people follow it" in agent.get("control/").text


def test_the_file_holds_no_formula(desk: Desk) -> None:
    reported(desk, '=HYPERLINK("http://evil.test","clic")')
    reported(desk, "+33 et des mots")
    found = desk.browser_of("agent").get("control/export.csv?show=all")
    rows = list(csv.DictReader(io.StringIO(found.text.removeprefix("\ufeff"))))
    assert len(rows) == 2
    assert {row["text"][:2] for row in rows} == {"'=", "'+"}
    assert "attachment" in found.headers["content-disposition"]


def test_teams_delays_and_ready_answers_are_changed_and_taken_back(desk: Desk) -> None:
    first = reported(desk)
    agent = desk.browser_of("agent")
    done = agent.post("control/routes", {"act": "add", "category": "lighting", "team": "Éclairage"})
    change = re.search(r'name="change" value="(\d+)"', agent.follow(done).text)
    assert change
    taken = agent.post("control/routes", {"act": "add", "category": "lighting", "team": "Autre"})
    assert taken.status_code == 409
    assert "Éclairage" in taken.text
    assert case(desk, reported(desk)).team == "Éclairage"
    assert case(desk, first).team == ""  # what was there before stays
    agent.post("control/settings/undo", {"change": change[1], "page": "routes"})
    assert "Éclairage</" not in agent.get("control/routes").text
    level = {"code": "lighting", "answer_hours": "0,2", "closure_hours": "10", "seen": "1"}
    assert agent.post("control/levels", level).status_code == 422
    level["answer_hours"] = "12,5"
    assert agent.post("control/levels", level).status_code == 422  # longer than the closing
    level["closure_hours"] = "48"
    assert agent.post("control/levels", level).status_code == 303
    due = case(desk, reported(desk, days=0)).expected_at
    assert due == pytest.approx(now() + 48 * 3600, abs=60)
    ready = {"title": "Vu", "text": "Bonjour, le {id} est vu. <b>"}
    agent.post("control/answers", ready)
    found = re.search(
        r'<option value="(\w+)" data-text="([^"]*)"', agent.get(f"control/{first}").text
    )
    assert found
    assert found[2] == f"Bonjour, le {first} est vu. &lt;b&gt;"
    filled = agent.get(f"control/{first}?ready={found[1]}").text
    assert f"le {first} est vu" in filled
    agent.post("control/answers", {"title": "Qui", "text": "Fait par {team}."})
    nobody = agent.get(f"control/{reported(desk, days=0)}").text
    assert "Fait par les services de Dijon Métropole." in nobody


def test_a_call_is_entered_once_and_gets_its_private_link(desk: Desk) -> None:
    reported(desk)
    agent = desk.browser_of("agent")
    missing = agent.post("control/new", CALL)
    assert missing.status_code == 422
    assert "Un trou" in missing.text
    made = agent.post("control/new", {**CALL, "consent": "yes", "email": "a@exemple.fr"})
    assert made.status_code == 200
    assert "/mine/" in made.text
    again = agent.post("control/new", {**CALL, "consent": "yes", "email": "a@exemple.fr"})
    assert again.status_code == 303
    id = again.headers["location"].rpartition("/")[2]
    assert (case(desk, id).channel, case(desk, id).service_code) == ("phone", "road")
    with desk.app.state.participation.reading() as connection:
        history = journal.since(connection, 0, f"request:{id}")
    assert [change.actor for change in history][-1] == "agent"
    assert handling.undoable(history)


def test_the_public_page_tells_no_small_count(desk: Desk) -> None:
    for n in range(22):
        reported(desk, f"Cas {n}", 10, status="closed", state="fixed", closed_at=now() - 9 * 86_400)
    for n in range(3):
        reported(desk, f"Bruit {n}", 10, service_code="noise")
    reported(desk, "06 12 34 56 78", 10)  # waits
    told = desk.browser().get("cases/indicators.json").json()
    assert told["total"] == 25
    counts = {line["key"]: line["count"] for line in told["categories"]}
    assert counts == {"lighting": None, "noise": None}  # the first would tell the second
    assert told["closure"]["enough"]
    assert told["released"]
    inside = desk.browser_of("agent").get("control/indicators.json").json()
    assert {line["key"]: line["count"] for line in inside["categories"]} == {
        "lighting": 23,
        "noise": 3,
    }
    page = desk.browser().get("cases/indicators")
    assert page.status_code == 200
    assert "They count what people report" in page.text
    assert "not told" in page.text


def test_an_empty_lab_says_so(desk: Desk) -> None:
    agent = desk.browser_of("agent")
    assert "No case is open" in agent.get("control/").text
    assert "No case was reported" in desk.browser().get("cases/indicators").text
    assert desk.browser().get("cases/indicators.csv").text.startswith("\ufeffgroup,")
