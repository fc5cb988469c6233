"""Operators and accounts: every change is a form, is undone or asked about, and is written down."""

from __future__ import annotations

import re

import pytest

from datalab.errors import UnknownAccount
from datalab.people import accounts, audit
from datalab.people.links import Links
from datalab.projects import manifest as manifests
from datalab.projects.manifest import Manifest, Member
from tests.portal.desk import Desk, now

LINK = re.compile(r'<code id="link">http://lab\.test/hub/signin\?token=([\w-]+)</code>')


def actions(desk: Desk) -> list[tuple[str, str, str]]:
    return [(e.actor, e.action, e.subject) for e in audit.entries(desk.store)]


def make_project(desk: Desk, slug: str, **roles: str) -> None:
    folder = desk.settings.shared / slug
    (folder / "shown").mkdir(parents=True)
    members = tuple(Member(account=name, role=role) for name, role in roles.items())  # type: ignore[arg-type]
    both = {"fr": f"Projet {slug}", "en": f"Project {slug}"}
    made = Manifest(id=slug, title=both, purpose=both, members=members)  # type: ignore[arg-type]
    manifests.write(folder / "project.yaml", made)


def test_people_are_found_by_name_group_and_state(desk: Desk) -> None:
    desk.add("anna-martin", "students", "agents", email="anna@ecole.example")
    operator = desk.browser_of("operator")
    for query, found in {
        "?q=MARTIN anna": True,
        "?q=ecole.example": True,
        "?q=martin zzz": False,
        "?group=agents": True,
        "?group=stewards": False,
        "?state=open": True,
        "?state=disabled": False,
        "?state=guests": False,
        "?q=%25&group=<script>": False,
    }.items():
        page = operator.get(f"people/{query}").text
        assert ("Anna-Martin" in page) is found, query
        assert "<script>" not in page
    assert "Nobody fits" in operator.get("people/?q=nobody-here").text


def test_adding_somebody_shows_a_link_once(desk: Desk) -> None:
    operator = desk.browser_of("operator")
    fields = {"name": "anna", "display": "  Anna   Martin ", "groups": ["students", "agents"]}
    answer = operator.post("people/new", fields)
    found = LINK.search(answer.text)
    assert found
    assert answer.headers["cache-control"] == "private, no-store"
    assert '<svg aria-hidden="true"' in answer.text
    account = accounts.get(desk.store, "anna")
    assert (account.display, account.groups) == ("Anna Martin", ("students", "agents"))
    assert account.origin == "portal"
    assert Links(desk.store).consume(found[1], now()).account == "anna"
    assert found[1] not in operator.get("people/anna").text
    assert ("operator", "account.add", "anna") in actions(desk)
    assert ("operator", "signin.link", "anna") in actions(desk)


@pytest.mark.parametrize(
    ("name", "groups", "said"),
    [
        ("Anna Martin", ["students"], "cannot be the name of an account"),
        ("proj-x", ["students"], "cannot be the name of an account"),
        ("../x", ["students"], "cannot be the name of an account"),
        ("student", ["students"], "There is an account"),
        ("anna", ["admins"], "There is no group"),
        ("anna", [], "Choose a group"),
    ],
)
def test_a_mistake_is_said_at_its_field_and_what_was_typed_is_kept(
    desk: Desk, name: str, groups: list[str], said: str
) -> None:
    before = len(accounts.accounts(desk.store))
    answer = desk.browser_of("operator").post(
        "people/new", {"name": name, "display": "Anna <b>", "groups": groups}
    )
    assert 400 <= answer.status_code < 500
    assert said in answer.text
    assert f'value="{name}"' in answer.text
    assert 'value="Anna &lt;b&gt;"' in answer.text
    assert len(accounts.accounts(desk.store)) == before


def test_adding_twice_adds_once(desk: Desk) -> None:
    operator = desk.browser_of("operator")
    fields = {"name": "anna", "groups": ["students"]}
    assert operator.post("people/new", fields).status_code == 200
    assert operator.post("people/new", fields).status_code == 409
    assert [a.name for a in accounts.accounts(desk.store)].count("anna") == 1


def test_groups_change_and_are_said(desk: Desk) -> None:
    operator = desk.browser_of("operator")
    answer = operator.post("people/student/groups", {"groups": ["stewards", "agents"]})
    assert "is now in: Public agents, Data stewards." in operator.follow(answer).text
    assert accounts.get(desk.store, "student").groups == ("agents", "stewards")
    operator.post("people/student/groups")
    assert accounts.get(desk.store, "student").groups == ()
    assert "in no group" in operator.get("people/student").text
    assert operator.post("people/student/link").status_code == 403
    assert operator.post("people/student/groups", {"groups": ["root"]}).status_code == 404


def test_closing_an_account_can_be_undone(desk: Desk) -> None:
    operator = desk.browser_of("operator")
    page = operator.follow(operator.post("people/student/disable")).text
    assert "The account of Student is closed" in page
    assert 'action="/services/datalab/people/student/enable"' in page
    assert accounts.get(desk.store, "student").disabled_at is not None
    assert "is open again" in operator.follow(operator.post("people/student/enable")).text
    assert accounts.get(desk.store, "student").disabled_at is None


def test_the_last_operator_stays(desk: Desk) -> None:
    operator = desk.browser_of("operator")
    for path, fields in {
        "people/operator/disable": {},
        "people/operator/groups": {"groups": ["students"]},
        "people/operator/remove": {"confirmed": "operator"},
    }.items():
        answer = operator.post(path, fields)
        assert 400 <= answer.status_code < 500, path
    assert accounts.get(desk.store, "operator").groups == ("operators",)
    assert operator.get("people/").status_code == 200


def test_removing_needs_the_name_typed(desk: Desk) -> None:
    operator = desk.browser_of("operator")
    for typed in ("", "Student", "student x", "operator"):
        answer = operator.post("people/student/remove", {"confirmed": typed})
        assert answer.status_code == 400
        assert "Type “student” to confirm." in answer.text
    assert accounts.get(desk.store, "student")


def test_removing_hands_on_what_somebody_owned_alone(desk: Desk) -> None:
    make_project(desk, "alone", student="owner", citizen="viewer")
    make_project(desk, "together", student="owner", agent="owner")
    make_project(desk, "others", agent="owner")
    operator = desk.browser_of("operator")
    page = operator.get("people/student/remove").text
    assert "the project “Project alone”: they are its only owner, it passes to you" in page
    assert "the project “Project together”, without them" in page
    assert "Project others" not in page
    answer = operator.post("people/student/remove", {"confirmed": "student"})
    assert "is removed" in operator.follow(answer).text
    projects = desk.app.state.projects
    assert projects.get("alone").manifest.owners == ("operator",)
    assert projects.get("alone").manifest.role_of("citizen") == "viewer"
    assert projects.get("together").manifest.owners == ("agent",)
    assert projects.of("student") == []
    with pytest.raises(UnknownAccount):
        accounts.get(desk.store, "student")
    assert ("operator", "account.remove", "student") in actions(desk)
    assert ("operator", "project.member", "alone") in actions(desk)


def test_a_guest_leaves_and_everything_goes(desk: Desk) -> None:
    made = {"kind": "guest", "expires_at": now() + 1000}
    desk.add("invite-0123456789", "citizens", **made)
    make_project(desk, "of-a-guest", **{"invite-0123456789": "owner"})
    guest = desk.browser_of("invite-0123456789")
    assert "Leave and delete everything" in guest.get("me/").text
    assert guest.post("me/leave", {"confirmed": "no"}).status_code == 400
    answer = guest.post("me/leave", {"confirmed": " Leave "})
    assert answer.headers["location"] == "/hub/logout"
    assert accounts.find(desk.store, "invite-0123456789") is None
    assert guest.get("me/").status_code == 401
    assert desk.app.state.projects.get("of-a-guest").manifest.owners == ("operator",)


def test_nobody_else_leaves_for_ever_by_themselves(desk: Desk) -> None:
    student = desk.browser_of("student")
    assert "Leave and delete" not in student.get("me/").text
    assert student.post("me/leave", {"confirmed": "leave"}).status_code == 400
    assert accounts.find(desk.store, "student") is not None


def test_an_account_says_what_it_may_do(desk: Desk) -> None:
    text = desk.browser_of("citizen").get("me/").text
    held, _, missing = text.partition("What I may not do")
    assert "have a notebook server of one’s own" in held or "notebook server" in held
    assert "add, disable and remove accounts" in missing
    assert "no dataset for members" in text
    assert "Change my password" not in text
    assert "Choose a password" in text


@pytest.mark.parametrize("name", ["nobody", "proj-x", "..", "%2e%2e", "a%2fb", "%00", "<b>"])
def test_an_unknown_name_is_said_and_nothing_else(desk: Desk, name: str) -> None:
    operator = desk.browser_of("operator")
    answer = operator.get(f"people/{name}")
    assert answer.status_code in {404, 307, 308}
    assert "<b>" not in answer.text.replace("<b>Data lab</b>", "")
    assert operator.post(f"people/{name}/disable").status_code in {404, 405}
