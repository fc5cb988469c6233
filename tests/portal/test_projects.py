"""Projects on the pages: who sees what, starting one, and forms that nobody else can send."""

from __future__ import annotations

import json
import os
import threading
from datetime import timedelta
from typing import Any

import pytest

from datalab.portal.address import proposed
from datalab.portal.language import now
from datalab.portal.presence import Presence, Presences, Visitor, visitors_in
from datalab.projects import lifecycle, membership
from datalab.projects.create import create
from datalab.projects.project import Project
from tests.portal.desk import Desk

DRAFT = {
    "title": "Des bancs à l’ombre",
    "purpose": "Où manque-t-il un banc ?",
    "slug": "",
    "template": "empty",
    "license": "mit",
}
SCRIPT = "<script>alert(1)</script>"


def made(desk: Desk, slug: str = "shade", **more: Any) -> Project:
    """A project of the student, with an editor and a viewer."""
    state = desk.app.state
    members = {"student": "owner", "agent": "editor", "citizen": "viewer"}
    wanted = {"title": "Shade", "purpose": "Where is shade missing?", **more}
    moment = now().timestamp()
    return create(
        state.projects,
        state.homes,
        desk.store,
        moment,
        "student",
        slug,
        wanted["title"],
        wanted["purpose"],
        members=members,  # type: ignore[arg-type]
    )


def project_of(desk: Desk, slug: str = "shade") -> Project:
    found: Project = desk.app.state.projects.get(slug)
    return found


def present(desk: Desk, *names: str) -> None:
    """A shared server that is awake, with these people in it."""

    class Here(Presences):
        def of(self, projects: Any) -> dict[str, Presence]:
            inside = tuple(Visitor(name, "notebook.ipynb") for name in names)
            return {project.slug: Presence("running", inside) for project in projects}

    desk.app.state.presences = Here(desk.app.state.hub_api, lambda: "")


# -- who sees what ----------------------------------------------------------------------------


def test_everybody_reads_titles_and_purposes_and_only_people_with_an_account_who_is_in(
    desk: Desk,
) -> None:
    made(desk)
    present(desk, "agent", "stranger", "root")
    guest = desk.add("invite-0123456789", "citizens", kind="guest")
    for browser, sees in (
        (desk.browser(), False),
        (desk.browser_of(guest.name, "other"), False),
        (desk.browser_of("entrepreneur"), True),
        (desk.browser_of("citizen"), True),
    ):
        for path in ("projects/", "projects/shade/", "projects.json", "projects/shade.json"):
            text = browser.get(path).text
            assert "Where is shade missing?" in text
            assert ("Agent" in text) is sees, path
            # Whom the server names without their being members, its code made up.
            assert "stranger" not in text
            assert "root" not in text


def test_only_members_see_notebooks_and_account_names(desk: Desk) -> None:
    made(desk)
    for name, sees in (("citizen", True), ("agent", True), ("entrepreneur", False)):
        browser = desk.browser_of(name, name)
        page, document = browser.get("projects/shade/"), browser.get("projects/shade.json").json()
        assert ("guided/notebook.ipynb" in page.text) is sees
        assert bool(document["notebooks"]) is sees
        assert bool(document["reads"]) is False  # nothing is published here
        told = {member["account"] for member in document["members"]}
        assert (told == {"student", "agent", "citizen"}) is (name == "agent")
    anonymous = desk.browser().get("projects/shade.json").json()
    for hidden in ("members", "notebooks", "inside", "datasets", "reads", "recent"):
        assert anonymous[hidden] == []
    assert anonymous["changed_at"] is None
    assert anonymous["server"] is None


def test_doors_fit_the_role(desk: Desk) -> None:
    made(desk)
    live, guided = "projects/shade/open", "projects/shade/guided/"
    for name, opens, guides in (
        ("student", True, True),
        ("agent", True, True),
        ("citizen", False, True),
        ("entrepreneur", False, False),
    ):
        text = desk.browser_of(name, name).get("projects/shade/").text
        assert (live in text) is opens
        assert (guided in text) is guides
        assert ("projects/shade/settings" in text) is (name == "student")


def test_an_empty_list_invites_whoever_may_start_a_project(desk: Desk) -> None:
    assert "projects/new" in desk.browser_of("student").get("projects/").text
    citizen = desk.browser_of("citizen", "c").get("projects/")
    assert "projects/new" not in citizen.text
    assert "tell them the name of your account" in citizen.text
    assert "signin" in desk.browser().get("projects/").text


def test_a_deleted_project_is_there_for_its_owners_and_gone_for_others(desk: Desk) -> None:
    made(desk)
    student = desk.browser_of("student")
    assert student.post("projects/shade/delete", {"slug": "shadow"}).status_code == 422
    assert project_of(desk).manifest.status == "active"
    answer = student.post("projects/shade/delete", {"slug": "shade"})
    assert answer.headers["location"].endswith("/projects/")
    page = student.follow(answer)
    assert "projects/shade/restore" in page.text
    assert desk.browser_of("entrepreneur", "e").get("projects/shade/").status_code == 404
    assert "Where is shade" not in desk.browser().get("projects/").text
    assert "can still restore" in desk.browser_of("citizen", "c").get("projects/shade/").text
    assert student.post("projects/shade/restore").status_code == 303
    assert project_of(desk).manifest.status == "active"


def test_an_archived_project_is_folded_away_and_its_notebook_closed(desk: Desk) -> None:
    made(desk)
    student = desk.browser_of("student")
    student.post("projects/shade/archive")
    assert "Archived projects (1)" in student.get("projects/").text
    refused = student.get("projects/shade/open")
    assert refused.status_code == 409
    assert "An owner can open it again" in refused.text


def test_a_damaged_manifest_hides_no_other_project(desk: Desk) -> None:
    made(desk)
    broken = made(desk, "broken")
    (broken.folder / "project.yaml").write_text("id: [", encoding="utf-8")
    page = desk.browser().get("projects/")
    assert "Where is shade missing?" in page.text
    assert "1 project(s) cannot be read" in page.text


def test_what_people_write_stays_text(desk: Desk) -> None:
    desk.add("mallory", "students")
    membership.invite(
        desk.app.state.projects,
        desk.store,
        now().timestamp(),
        "student",
        made(desk, title=SCRIPT, purpose=f"{SCRIPT} {{{{ 7 * 7 }}}}").slug,
        "mallory",
        "editor",
    )
    with desk.store.writing() as database:
        database.execute("UPDATE accounts SET display = ? WHERE name = 'mallory'", (SCRIPT,))
    (project_of(desk).work / f"{SCRIPT.replace('/', '')}.ipynb").write_text("{}")
    present(desk, "mallory")
    student = desk.browser_of("student")
    for path in ("", "members", "settings"):
        text = student.get(f"projects/shade/{path}").text
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert" in text
    assert "{{ 7 * 7 }}" in student.get("projects/shade/").text
    assert "<script>alert" not in student.get("projects/").text


def test_links_and_pipes_in_a_work_folder_are_no_notebooks(desk: Desk) -> None:
    work = made(desk).work
    (work / "link.ipynb").symlink_to("/etc/passwd")
    (work / "away").symlink_to("/etc")
    (work / ".hidden.ipynb").write_text("{}")
    os.mkfifo(work / "pipe.ipynb")
    listed = desk.browser_of("student").get("projects/shade.json").json()["notebooks"]
    assert [notebook["path"] for notebook in listed] == ["notebook.ipynb"]


@pytest.mark.parametrize("answer", [None, {}, "x", [1, None, {"name": 3}], [{"name": []}]])
def test_a_server_that_talks_nonsense_has_nobody_in(answer: Any) -> None:
    assert visitors_in(answer) == ()


# -- starting a project -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "address"),
    [
        ("Des bancs à l’ombre", "des-bancs-a-l-ombre"),
        ("L'œuvre de l'été", "l-oeuvre-de-l-ete"),
        ("2026, année chaude", "annee-chaude"),
        ("É", "projet-e"),
        ("日本", "projet"),
        ("../../etc/passwd", "etc-passwd"),
        ("a" * 60, "a" * 40),
        (
            "un très long titre qui ne tient pas dans une adresse",
            "un-tres-long-titre-qui-ne-tient-pas-dans",
        ),
    ],
)
def test_a_title_suggests_an_address(title: str, address: str) -> None:
    assert proposed(title) == address


def test_a_form_makes_a_project_and_leads_to_it(desk: Desk) -> None:
    student = desk.browser_of("student")
    answer = student.post("projects/new", DRAFT)
    assert answer.status_code == 303
    manifest = project_of(desk, "des-bancs-a-l-ombre").manifest
    assert manifest.title.fr == DRAFT["title"]
    assert manifest.owners == ("student",)
    # No hub here: the person is told, and nothing is lost.
    assert "does not answer just now" in student.follow(answer).text


def test_the_same_form_sent_twice_makes_one_project(desk: Desk) -> None:
    browsers = [desk.browser_of("student", f"hub-{number}") for number in range(4)]
    answers: list[Any] = []
    threads = [
        threading.Thread(target=lambda b=browser: answers.append(b.post("projects/new", DRAFT)))
        for browser in browsers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.headers["location"] for answer in answers} == {answers[0].headers["location"]}
    assert desk.app.state.projects.slugs() == ["des-bancs-a-l-ombre"]


def test_another_project_of_the_same_title_gets_another_address(desk: Desk) -> None:
    desk.browser_of("student").post("projects/new", DRAFT)
    desk.browser_of("agent", "a").post("projects/new", DRAFT)
    assert desk.app.state.projects.slugs() == ["des-bancs-a-l-ombre", "des-bancs-a-l-ombre-2"]


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"title": " "}, "title", "Write something here."),
        ({"title": "a" * 121}, "title", "At most 120 characters"),
        ({"title": "a\u202eb"}, "title", "At most 120 characters"),
        ({"purpose": ""}, "purpose", "Write something here."),
        ({"slug": "../x"}, "slug", "cannot be the address"),
        ({"slug": "a"}, "slug", "cannot be the address"),
        ({"slug": "new"}, "slug", "is the address of a page of the lab"),
        ({"slug": "a" * 41}, "slug", "cannot be the address"),
        ({"slug": "shade"}, "slug", "There is a project"),
        ({"template": "../../etc"}, "template", "starting points"),
        ({"license": "mine"}, "license", "licences of the list"),
        ({"datasets": "secret"}, "datasets", "datasets of the list"),
    ],
)
def test_a_mistake_is_told_beside_its_field_and_nothing_typed_is_lost(
    desk: Desk, typed: dict[str, str], field: str, said: str
) -> None:
    made(desk)
    sent = {**DRAFT, "purpose": "Keep <this> & that", **typed}
    answer = desk.browser_of("student").post("projects/new", sent)
    assert answer.status_code == 422
    wrong = answer.text.partition(f'id="{field}-error"')[2].partition("</p>")[0]
    assert said in wrong
    if typed.get("purpose") is None:
        assert "Keep &lt;this&gt; &amp; that" in answer.text
    assert desk.app.state.projects.slugs() == ["shade"]


def test_who_may_not_start_a_project_is_told_so(desk: Desk) -> None:
    citizen = desk.browser_of("citizen")
    assert citizen.get("projects/new").status_code == 403
    assert citizen.post("projects/new", DRAFT).status_code == 403
    assert desk.browser().post("projects/new", DRAFT).status_code == 401
    assert desk.app.state.projects.slugs() == []


# -- settings ---------------------------------------------------------------------------------


def test_a_description_is_changed_and_taken_back(desk: Desk) -> None:
    made(desk)
    student = desk.browser_of("student")
    typed = {"title": "More shade", "purpose": "For whom?", "license": "lov2"}
    page = student.follow(student.post("projects/shade/settings", typed))
    assert "The description is saved." in page.text
    assert project_of(desk).manifest.license == "lov2"
    assert 'name="title" value="Shade"' in page.text  # what the button "Undo" sends
    too_long = student.post("projects/shade/settings", {**typed, "title": "a" * 121})
    assert too_long.status_code == 422
    assert "a" * 121 in too_long.text
    assert project_of(desk).manifest.title.fr == "More shade"


# -- forms that nobody else can send ----------------------------------------------------------

FORMS = {
    "members/add": {"account": "entrepreneur", "role": "owner"},
    "members/role": {"account": "citizen", "role": "owner"},
    "members/remove": {"account": "agent"},
    "settings": {"title": "Mine", "purpose": "Mine", "license": "mit"},
    "archive": {},
    "restore": {},
    "delete": {"slug": "shade"},
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["agent", "citizen", "entrepreneur", "operator"])
def test_only_an_owner_changes_a_project(desk: Desk, form: str, name: str) -> None:
    before = made(desk).manifest
    answer = desk.browser_of(name, name).post(f"projects/shade/{form}", FORMS[form])
    assert answer.status_code == 403
    assert project_of(desk).manifest == before


@pytest.mark.parametrize("form", [*FORMS, "leave"])
def test_a_form_from_elsewhere_changes_nothing(desk: Desk, form: str) -> None:
    before = made(desk).manifest
    student, fields = desk.browser_of("student"), FORMS.get(form, {})
    address = f"projects/shade/{form}"
    for headers in (
        {"Origin": "http://evil.test"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "", "Sec-Fetch-Site": ""},
    ):
        assert student.post(address, fields, **headers).status_code == 403
    assert student.post(address, {**fields, "_token": "0" * 64}).status_code == 403
    other = desk.browser_of("agent", "a").token
    assert student.post(address, {**fields, "_token": other}).status_code == 403
    assert desk.browser().post(address, fields).status_code == 401
    assert project_of(desk).manifest == before


def test_a_script_without_the_token_of_a_page_learns_nothing(desk: Desk) -> None:
    """A notebook lives at the same origin: what it fetches is answered as to nobody."""
    made(desk)
    present(desk, "agent")
    student = desk.browser_of("student")
    script = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}
    for path in ("projects/shade/", "projects/shade.json", "projects.json"):
        assert "Agent" not in student.get(path, **script).text
    assert student.get("projects/shade/members", **script).status_code == 401


@pytest.mark.parametrize(
    "slug", ["..%2f..%2fetc", "%2e%2e", "a%00b", "Shade", "shade%2f", "x" * 300]
)
def test_odd_addresses_are_answered_in_a_sentence(desk: Desk, slug: str) -> None:
    made(desk)
    for page in ("", "members", "open", "settings"):
        answer = desk.browser_of("student").get(f"projects/{slug}/{page}")
        assert answer.status_code in {307, 308, 404}
        assert "Traceback" not in answer.text


def test_a_project_that_ends_is_told_with_its_day(desk: Desk) -> None:
    project = made(desk)
    state = desk.app.state
    moment = (now() - timedelta(days=1)).timestamp()
    lifecycle.delete(state.projects, desk.store, moment, "student", project.slug)
    document = desk.browser_of("student").get("projects.json").json()
    assert [item["slug"] for item in document["deleted"]] == ["shade"]
    assert json.dumps(document["mine"]) == "[]"
