"""Who is in a project: what adding takes away, roles, removal, and names that stay private."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from datalab.errors import RightMissing
from datalab.hub.authenticator import Accounts
from datalab.people import accounts
from datalab.portal.language import now
from datalab.projects.manifest import Manifest
from datalab.refresh import refresh
from datalab.settings import Settings
from tests.hub.lab import tiny_catalog
from tests.portal.desk import ORIGIN, Browser, Desk
from tests.portal.test_projects import made, present, project_of

ADD = "projects/shade/members/add"
MEMBERS_ONLY = "Tiny places"  # the title of the dataset for members of the lab, too


@pytest.fixture
def shared(desk: Desk, tmp_path: Path) -> Desk:
    """A project of the student and the agent, and a lake with data for members of the lab."""
    catalog = tiny_catalog(tmp_path / "catalog")
    refresh(None, Settings(home=desk.settings.home, catalog=catalog), "tests")
    made(desk)
    owner = desk.browser_of("student")
    assert owner.post("projects/shade/members/remove", {"account": "citizen"}).status_code == 303
    return desk


def manifest(desk: Desk) -> Manifest:
    return project_of(desk).manifest


def undo(browser: Browser, page: str) -> str:
    """Press the button of the message on a page; the page that follows."""
    form = re.search(
        r'<div class="said">.*?<form method="post" action="([^"]+)">(.*?)</form>', page, re.S
    )
    assert form
    fields = dict(re.findall(r'name="([a-z]+)" value="([^"]*)"', form[2]))
    answer = browser.post(ORIGIN + form[1], fields)
    assert answer.status_code == 303
    return str(browser.follow(answer).text)


# -- adding -----------------------------------------------------------------------------------


def test_a_page_says_what_adding_takes_away_before_anything_happens(shared: Desk) -> None:
    student = shared.browser_of("student")
    present(shared, "agent")
    asked = student.post(ADD, {"account": "citizen", "role": "editor"})
    assert asked.status_code == 200
    assert "Before adding Citizen" in asked.text
    assert MEMBERS_ONLY in asked.text
    assert "it restarts" in asked.text
    assert manifest(shared).role_of("citizen") is None
    agreed = re.search(r'name="agreed" value="([^"]+)"', asked.text)
    assert agreed
    fields = {"account": "citizen", "role": "editor", "agreed": agreed[1]}
    page = student.follow(student.post(ADD, fields)).text
    assert manifest(shared).role_of("citizen") == "editor"
    assert "Not readable here: Tiny places" in student.get("projects/shade/").text
    assert "The account of Citizen" in student.get("projects/shade/").text
    undo(student, page)
    assert manifest(shared).role_of("citizen") is None
    assert "Not readable here" not in student.get("projects/shade/").text


@pytest.mark.parametrize("agreed", ["", "x", "0" * 16, "e3b0c44298fc1c14"])
def test_an_agreement_to_something_else_is_asked_again(shared: Desk, agreed: str) -> None:
    fields = {"account": "citizen", "role": "viewer", "agreed": agreed}
    answer = shared.browser_of("student").post(ADD, fields)
    assert "Before adding Citizen" in answer.text
    assert manifest(shared).role_of("citizen") is None


def test_who_takes_nothing_away_is_in_at_once(shared: Desk) -> None:
    student = shared.browser_of("student")
    page = student.follow(student.post(ADD, {"account": "steward", "role": "viewer"})).text
    assert "Steward is in the project now, as viewer." in page
    assert manifest(shared).role_of("steward") == "viewer"


def test_what_guests_would_take_away_stands_beside_their_code(shared: Desk) -> None:
    student, agent = shared.browser_of("student"), shared.browser_of("agent", "a")
    assert "Invite with a code" not in student.get("projects/shade/members").text
    student.post("projects/shade/members/role", {"account": "agent", "role": "owner"})
    page = agent.get("projects/shade/members").text
    assert "As soon as one guest of the group “Citizens” is in" in page
    assert 'value="shade" selected' in agent.get("invitations/new?project=shade").text


def test_a_code_of_somebody_who_no_longer_decides_brings_nobody_in(shared: Desk) -> None:
    door = Accounts(
        store_path=str(shared.settings.people),
        projects_path=str(shared.settings.shared),
        shipped_path=str(shared.settings.projects),
    )
    moment = now().timestamp()
    for name in ("invite-0000000001", "invite-0000000002"):
        shared.add(name, "citizens", kind="guest")
    door.add_viewer("shade", "invite-0000000001", "student", moment)
    assert manifest(shared).role_of("invite-0000000001") == "viewer"
    with pytest.raises(RightMissing):
        door.add_viewer("shade", "invite-0000000002", "agent", moment)
    assert manifest(shared).role_of("invite-0000000002") is None


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"account": "nobody-here", "role": "editor"}, "No account is called “nobody-here”"),
        ({"account": "", "role": "editor"}, "Write something here."),
        ({"account": "agent", "role": "editor"}, "is a member of project"),
        ({"account": "steward", "role": "god"}, "is no role in a project"),
        ({"account": "proj-shade", "role": "editor"}, "No account is called"),
        ({"account": "<b>x</b>", "role": "editor"}, "&lt;b&gt;x&lt;/b&gt;"),
        ({"account": "closed", "role": "editor"}, "closed or over"),
    ],
)
def test_who_cannot_be_added_is_told_beside_the_field(
    shared: Desk, fields: dict[str, str], said: str
) -> None:
    shared.add("closed", "students")
    accounts.disable(shared.store, now().timestamp(), "tests", "closed")
    before = manifest(shared)
    answer = shared.browser_of("student").post(ADD, fields)
    assert answer.status_code == 422
    assert said in answer.text
    assert manifest(shared) == before


# -- names --------------------------------------------------------------------------------------


def test_an_owner_finds_people_by_name_and_learns_nothing_else(shared: Desk) -> None:
    shared.add("lea-martin", "students", email="lea@example.org")
    accounts.add(
        shared.store, now().timestamp(), "tests", "lm2", ["agents"], "Léa Dupont", email="l@d.fr"
    )
    student = shared.browser_of("student")
    found = student.post(ADD, {"account": "léa", "role": "editor"})
    assert "Léa Dupont" in found.text
    assert "@" not in found.text.partition("<main")[2]
    names = student.get("projects/shade/members/people.json?q=dup").json()
    assert names == [{"name": "lm2", "display": "Léa Dupont"}]


@pytest.mark.parametrize("query", ["", "l", "le", "%", "%%%", "___", "***", " ", "a b"])
def test_nobody_lists_everybody(shared: Desk, query: str) -> None:
    for number in range(30):
        shared.add(f"lemon-{number}", "students")
    student = shared.browser_of("student")
    assert student.get(f"projects/shade/members/people.json?q={query}").json() == []
    assert len(student.get("projects/shade/members/people.json?q=lemon").json()) <= 8


def test_guests_closed_accounts_and_members_are_not_proposed(shared: Desk) -> None:
    shared.add("lemon-guest", "citizens", kind="guest")
    shared.add("lemon-closed", "students")
    accounts.disable(shared.store, now().timestamp(), "tests", "lemon-closed")
    student = shared.browser_of("student")
    assert student.get("projects/shade/members/people.json?q=lemon").json() == []
    assert student.get("projects/shade/members/people.json?q=agent").json() == []


@pytest.mark.parametrize("name", ["agent", "citizen", "entrepreneur", "operator"])
def test_only_an_owner_searches(shared: Desk, name: str) -> None:
    browser = shared.browser_of(name, name)
    assert browser.get("projects/shade/members/people.json?q=stu").status_code == 403
    assert browser.get("projects/shade/members").status_code == 403


def test_an_owner_who_may_not_search_adds_by_the_name_of_the_account(shared: Desk) -> None:
    student = shared.browser_of("student")
    agreed = re.search(
        r'name="agreed" value="([^"]+)"',
        student.post(ADD, {"account": "citizen", "role": "owner"}).text,
    )
    assert agreed
    student.post(ADD, {"account": "citizen", "role": "owner", "agreed": agreed[1]})
    citizen = shared.browser_of("citizen", "c")
    assert citizen.get("projects/shade/members/people.json?q=steward").json() == []
    assert "data-people" not in citizen.get("projects/shade/members").text
    assert "Do you mean" not in citizen.post(ADD, {"account": "stew", "role": "viewer"}).text
    assert citizen.post(ADD, {"account": "steward", "role": "viewer"}).status_code == 303


# -- roles and removal ------------------------------------------------------------------------


def test_a_role_is_changed_and_taken_back(shared: Desk) -> None:
    student = shared.browser_of("student")
    answer = student.post("projects/shade/members/role", {"account": "agent", "role": "viewer"})
    assert manifest(shared).role_of("agent") == "viewer"
    undo(student, student.follow(answer).text)
    assert manifest(shared).role_of("agent") == "editor"


def test_somebody_is_removed_and_taken_back(shared: Desk) -> None:
    student = shared.browser_of("student")
    page = student.follow(student.post("projects/shade/members/remove", {"account": "agent"})).text
    assert "Agent is no longer in the project" in page
    assert manifest(shared).role_of("agent") is None
    assert shared.browser_of("agent", "a").get("projects/shade/open").status_code == 403
    undo(student, page)
    assert manifest(shared).role_of("agent") == "editor"


def test_a_removed_citizen_comes_back_with_one_press(shared: Desk) -> None:
    """What was agreed to once holds for the way back."""
    student = shared.browser_of("student")
    asked = student.post(ADD, {"account": "citizen", "role": "viewer"}).text
    agreed = re.search(r'name="agreed" value="([^"]+)"', asked)
    assert agreed
    student.post(ADD, {"account": "citizen", "role": "viewer", "agreed": agreed[1]})
    removed = student.post("projects/shade/members/remove", {"account": "citizen"})
    undo(student, student.follow(removed).text)
    assert manifest(shared).role_of("citizen") == "viewer"


def test_the_last_owner_stays(shared: Desk) -> None:
    student = shared.browser_of("student")
    for form, fields in (
        ("members/remove", {"account": "student"}),
        ("members/role", {"account": "student", "role": "viewer"}),
    ):
        answer = student.post(f"projects/shade/{form}", fields)
        assert answer.status_code == 422
        assert "is the only owner" in answer.text
    page = student.follow(student.post("projects/shade/leave")).text
    assert "is the only owner" in page
    assert manifest(shared).owners == ("student",)


def test_a_member_leaves_by_themselves(shared: Desk) -> None:
    agent = shared.browser_of("agent")
    page = agent.follow(agent.post("projects/shade/leave")).text
    assert "You left “Shade”" in page
    assert manifest(shared).role_of("agent") is None
    assert agent.post("projects/shade/leave").status_code == 403


def test_an_owner_who_gives_it_away_lands_on_the_page_they_may_see(shared: Desk) -> None:
    student = shared.browser_of("student")
    student.post("projects/shade/members/role", {"account": "agent", "role": "owner"})
    answer = student.post("projects/shade/members/role", {"account": "student", "role": "viewer"})
    assert answer.headers["location"].endswith("/projects/shade/")
    assert student.follow(answer).status_code == 200
