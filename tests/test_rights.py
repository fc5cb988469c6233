"""Every cell of the tables of rights, tried for real: allowed where it says so, refused elsewhere.

A right without an attempt fails the first test; so does an attempt for a right that is gone.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import get_args

import httpx
import nbformat
import pytest

from datalab.hub import personas
from datalab.people import invitations
from datalab.people.rights import (
    GROUPS,
    PROJECT_RIGHTS,
    PROJECT_ROLES,
    RIGHTS,
    ProjectRight,
    Right,
    may,
    may_in_project,
)
from datalab.people.store import Store
from datalab.projects.project import Project, Projects
from datalab.projects.publication import Facts, publish
from datalab.projects.rendered import Part, Rendered
from tests.hub.lab import Lab, Person, eventually
from tests.hub.portal import LINK, Guest, guest, signed_in

pytestmark = [pytest.mark.hub, pytest.mark.timeout(400), pytest.mark.xdist_group("rights")]

SLUG = "droits-a-l-essai"
PROJECT = f"projects/{SLUG}"
NOTEBOOK = "notebook.ipynb"
PERSONAS = {persona.group: persona.name for persona in personas.PERSONAS.values()}
# Who comes in with a code, and who never signs in.
SEATS = (*GROUPS, "guest", "anonymous")
HELD = {**{group: (group,) for group in GROUPS}, "guest": ("citizens",), "anonymous": ()}
MEMBERS = {"owner": "right-owner", "editor": "right-editor", "viewer": "right-viewer"}
ROLES = (*PROJECT_ROLES, "non-member", "anonymous")


@dataclass
class Seat:
    """Somebody in a browser; ``account`` is whose server they try, theirs where they have one."""

    name: str
    account: str
    browser: Guest
    lakes: list[str] | None = field(default=None)


def allowed(answer: httpx.Response) -> bool:
    """Whether somebody was let through; whoever was not was refused, and not just failed."""
    where = answer.headers.get("location", "")
    if answer.status_code in {401, 403} or "/hub/login" in where or "/signin?" in where:
        return False
    assert answer.status_code < 400 or answer.status_code in {404, 409, 422}, (
        answer.request.url,
        answer.status_code,
        answer.text[:500],
    )
    return answer.url.path != "/hub/login"


# -- the lab: groups -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def seats(running_lab: Lab) -> Iterator[dict[str, Seat]]:
    store = Store(running_lab.home / "hub" / "people.sqlite")
    made = invitations.issue(store, time.time(), "facilitator", "citizens", note="rights")
    with ExitStack() as stack:
        found = {}
        for group, persona in PERSONAS.items():
            browser = stack.enter_context(signed_in(running_lab, persona))
            found[group] = Seat(group, persona, browser)
        visitor = stack.enter_context(guest(running_lab))
        visitor.join(made.code, "Visiteuse")
        account = re.search(r"<code>(invite-[0-9a-f]+)</code>", visitor.get("me/").text)
        assert account
        found["guest"] = Seat("guest", account[1], visitor)
        found["anonymous"] = Seat("anonymous", "student", stack.enter_context(guest(running_lab)))
        yield found
        for seat in found.values():
            found["operators"].browser.send(f"machine/servers/{seat.account}/stop")
        found["operators"].browser.send(
            f"people/{account[1]}/remove", {"confirmed": account[1]}, page="people/"
        )


@pytest.fixture(scope="module")
def opened(running_lab: Lab, seats: dict[str, Seat]) -> dict[str, Seat]:
    """Everybody asks for a server of their own and looks, in a kernel, at what it shows."""

    def look(seat: Seat) -> None:
        if not use_server(seat):
            return
        person = Person(running_lab, seat.account, seat.browser.client)
        path = f"/user/{seat.account}/lab"
        eventually(lambda: there(seat, path), f"the server of {seat.account}")
        printed = person.run("import os; print(*sorted(os.listdir('/lake')))")
        seat.lakes = printed.split()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(look, seats.values()))
    return seats


def there(seat: Seat, path: str) -> bool:
    page = seat.browser.get(path)
    return page.status_code == 200 and page.url.path.startswith(path.removesuffix("lab"))


# -- attempts: one per right ----------------------------------------------------


def use_server(seat: Seat) -> bool:
    answer = seat.browser.client.get(
        f"/hub/spawn/{seat.account}", headers=LINK, follow_redirects=False
    )
    return allowed(answer)


def read_members(seat: Seat) -> bool:
    """``opened`` looked: what a kernel of one's own sees of the lake."""
    return "members" in (seat.lakes or ())


def create_project(seat: Seat) -> bool:
    asked = allowed(seat.browser.get("projects/new"))
    title = f"Projet de {seat.name}"
    fields = {"title": title, "purpose": "Essai des droits.", "template": "empty", "license": "mit"}
    assert allowed(seat.browser.send("projects/new", fields)) is asked
    known = {p.manifest.title.fr for p in projects_of(seat.browser.lab) if isinstance(p, Project)}
    assert (title in known) is asked
    return asked


def invite_guests(seat: Seat) -> bool:
    asked = allowed(seat.browser.get("invitations/new"))
    day = time.strftime("%Y-%m-%d", time.localtime(time.time() + 86_400))
    fields = {"group": "citizens", "places": "1", "until": day, "stay": "4", "note": seat.name}
    answer = seat.browser.send("invitations/new", fields)
    assert (answer.status_code == 303 and allowed(answer)) is asked, answer.text
    return asked


def withdraw_publication(seat: Seat) -> bool:
    """A page of a project that none of them is a member of."""
    name = publish_a_page(seat.browser.lab)
    path = f"{PROJECT}/publications/{name}/withdraw"
    asked = allowed(seat.browser.get(path))
    answer = seat.browser.send(path, {"reason": "Essai."})
    assert (answer.status_code == 303 and allowed(answer)) is asked
    return asked


def run_survey(seat: Seat) -> bool:
    """Begin one from a template, open it, and come to its results."""
    asked = allowed(seat.browser.get("surveys/new"))
    slug = f"essai-{seat.name}"
    answer = seat.browser.send("surveys/new", {"slug": slug, "template": "childcare"})
    assert (answer.status_code == 303 and allowed(answer)) is asked, answer.text
    assert allowed(seat.browser.send(f"surveys/{slug}/open")) is asked
    assert allowed(seat.browser.get(f"surveys/{slug}/results.csv")) is asked
    return asked


def facilitate_session(seat: Seat) -> bool:
    """Prepare one, and come to its board."""
    asked = allowed(seat.browser.get("sessions/new"))
    fields = {
        "title": f"Atelier de {seat.name}",
        "question": "Essai des droits ?",
        "template": "empty",
        "receipt": f"rights-{seat.name}",
    }
    answer = seat.browser.send("sessions/new", fields)
    assert (answer.status_code == 303 and allowed(answer)) is asked, answer.text
    if asked:
        board = answer.headers["location"].split("/sessions/")[1].split("/")[0]
        assert allowed(seat.browser.get(f"sessions/{board}/board"))
    return asked


def handle_requests(seat: Seat) -> bool:
    """The keys of Open311 clients are the control room's too."""
    asked = allowed(seat.browser.get("control/keys"))
    fields = {"name": f"Client of {seat.name}", "contact": ""}
    answer = seat.browser.send("control/keys", fields)
    assert allowed(answer) is asked, answer.text
    return asked


def manage_people(seat: Seat) -> bool:
    asked = allowed(seat.browser.get("people/"))
    answer = seat.browser.send("people/right-viewer/display", {"display": f"By {seat.name}"})
    assert (answer.status_code == 303 and allowed(answer)) is asked
    assert allowed(seat.browser.get("/hub/admin")) is asked, "the hub agrees"
    return asked


def grant_access(seat: Seat) -> bool:
    return allowed(seat.browser.get("access/requests"))


def keep_versions(seat: Seat) -> bool:
    """Give the newest snapshot of a dataset a name, and see whether it has it."""
    listed = "datasets/tiny-places/versions.json"
    number = seat.browser.get(listed).json()["versions"][0]["snapshot"]
    name = f"by-{seat.name}"
    said = {"name": name, "note": "Essai.", "snapshot": str(number)}
    answer = seat.browser.send("datasets/tiny-places/versions/release", said)
    asked = bool(answer.status_code == 303 and allowed(answer))
    versions = seat.browser.get(listed).json()["versions"]
    named = {one["name"] for version in versions for one in version["releases"]}
    assert (name in named) is asked, answer.text
    for deed in ("publish", "rollback"):
        answer = seat.browser.send(f"datasets/not-there/versions/{deed}", said)
        # Who may is told that there is no such dataset, who may not is told nothing of it.
        assert (answer.status_code == 404) is asked, answer.text
    return asked


def assess_commune(seat: Seat) -> bool:
    """Begin an assessment of a municipality of one's own, be in its team, ask the others."""
    asked = allowed(seat.browser.get("smart-territory/library/new"))
    number = 21_900 + SEATS.index(seat.name)
    fields = {"code": str(number), "name": f"Essai {number}", "population": "4200"}
    answer = seat.browser.send("smart-territory/begin", fields)
    assert (answer.status_code == 303 and allowed(answer)) is asked, answer.text
    own = seat.browser.get(f"smart-territory/communes/{number}/")
    assert (own.status_code == 200 and allowed(own)) is asked
    said = {"kind": "question", "title": "Essai", "origin": "Essai", "text": "Qui a essayé ?"}
    answer = seat.browser.send("smart-territory/peers/new", said)
    assert (answer.status_code == 303 and allowed(answer)) is asked, answer.text
    return asked


def moderate_exchange(seat: Seat) -> bool:
    asked = allowed(seat.browser.get("smart-territory/waiting"))
    said = {"what": "document", "id": "not-there", "seen": "1", "state": "published"}
    # Who may is told that there is no such document, who may not is told nothing of it.
    answer = seat.browser.send("smart-territory/waiting", said)
    assert (answer.status_code == 404) is asked, answer.text
    assert allowed(answer) is asked
    return asked


def publish_dataset(seat: Seat) -> bool:
    return allowed(seat.browser.get("datasets/proposals"))


def read_audit(seat: Seat) -> bool:
    asked = allowed(seat.browser.get("audit/"))
    assert allowed(seat.browser.get("audit.csv")) is asked
    return asked


def operate(seat: Seat) -> bool:
    asked = allowed(seat.browser.get("machine/"))
    answer = seat.browser.send("machine/servers/right-viewer/stop")
    assert (answer.status_code == 303 and allowed(answer)) is asked
    return asked


ATTEMPTS: dict[Right, Callable[[Seat], bool]] = {
    "use:server": use_server,
    "read:members": read_members,
    "create:project": create_project,
    "invite:guests": invite_guests,
    "withdraw:publication": withdraw_publication,
    "facilitate:session": facilitate_session,
    "run:survey": run_survey,
    "handle:requests": handle_requests,
    "assess:commune": assess_commune,
    "moderate:exchange": moderate_exchange,
    "manage:people": manage_people,
    "grant:access": grant_access,
    "keep:versions": keep_versions,
    "publish:dataset": publish_dataset,
    "read:audit": read_audit,
    "operate": operate,
}


def test_every_right_has_an_attempt() -> None:
    assert set(ATTEMPTS) == set(RIGHTS) == set(get_args(Right))
    assert set(PROJECT_ATTEMPTS) == set(PROJECT_RIGHTS) == set(get_args(ProjectRight))
    assert set(PERSONAS) == set(GROUPS)


@pytest.mark.parametrize("seat", SEATS)
@pytest.mark.parametrize("right", RIGHTS)
def test_a_right_is_held_by_its_groups_and_nobody_else(
    opened: dict[str, Seat], project: Project, right: Right, seat: str
) -> None:
    assert ATTEMPTS[right](opened[seat]) is may(HELD[seat], right)


# -- the lab: roles in a project ----------------------------------------------------


def projects_of(lab: Lab) -> Iterator[object]:
    return Projects(lab.home / "projects", lab.home / "none").all()


def publish_a_page(lab: Lab) -> str:
    project = Projects(lab.home / "projects", lab.home / "none").get(SLUG)
    facts = Facts("Essai", "Essai.", NOTEBOOK, "fr", time.time(), "right-owner", (), (), "mit")
    rendered = Rendered("Essai", [Part("text", "<p>Essai</p>")])
    node = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
    return publish(project, facts, rendered, node, time.time()).name


@pytest.fixture(scope="module")
def project(running_lab: Lab) -> Project:
    """A project with a member per role, made by the command of its owner's lab."""
    for name in (*MEMBERS.values(), "right-other"):
        running_lab.command("user", "add", name, "--group", "students")
    with signed_in(running_lab, MEMBERS["owner"]) as owner:
        fields = {"title": "Droits", "slug": SLUG, "purpose": "Essai.", "template": "empty"}
        answer = owner.send("projects/new", {**fields, "license": "mit"})
        assert answer.status_code == 303, answer.text
        for role in ("editor", "viewer"):
            asked = {"account": MEMBERS[role], "role": role}
            assert owner.send(f"{PROJECT}/members/add", asked).status_code == 303
    made = Projects(running_lab.home / "projects", running_lab.home / "none").get(SLUG)
    assert {m.account: m.role for m in made.manifest.members} == {v: k for k, v in MEMBERS.items()}
    return made


@pytest.fixture(scope="module")
def members(running_lab: Lab, project: Project) -> Iterator[dict[str, Guest]]:
    with ExitStack() as stack:
        found = {
            role: stack.enter_context(signed_in(running_lab, name))
            for role, name in {**MEMBERS, "non-member": "right-other"}.items()
        }
        found["anonymous"] = stack.enter_context(guest(running_lab))
        # The live notebook runs before anybody is refused it.
        found["owner"].get(f"{PROJECT}/open")
        path = f"/user/proj-{SLUG}/lab"
        eventually(lambda: there(Seat("owner", "", found["owner"]), path), "the live notebook")
        yield found


def view(browser: Guest) -> bool:
    paths = [f"{PROJECT}/guided/{NOTEBOOK}", f"{PROJECT}/versions"]
    (answer,) = {allowed(browser.get(path)) for path in paths}
    return answer


def comment(browser: Guest) -> bool:
    fields = {"action": "add", "notebook": NOTEBOOK, "text": "Bonjour"}
    fields["cell"] = first_cell(browser.lab)
    return allowed(browser.send(f"{PROJECT}/comments", fields))


def first_cell(lab: Lab) -> str:
    path = Projects(lab.home / "projects", lab.home / "none").get(SLUG).work / NOTEBOOK
    return str(nbformat.read(path, 4).cells[0].id)  # type: ignore[no-untyped-call]


def edit(browser: Guest) -> bool:
    """The server's own answer counts, whatever the page shows."""
    # A page first: the API of a server sends nobody to sign in.
    asked = allowed(browser.get(f"/user/proj-{SLUG}/lab"))
    assert allowed(browser.get(f"/user/proj-{SLUG}/api/contents/{NOTEBOOK}")) is asked
    browser.get("me/")  # signs in to the portal whoever can
    address = f"/services/datalab/{PROJECT}/open"
    live = browser.client.get(address, headers=LINK, follow_redirects=False)
    assert (allowed(live) and f"/proj-{SLUG}" in live.headers.get("location", "")) is asked
    return asked


def publishing(browser: Guest) -> bool:
    asked = allowed(browser.get(f"{PROJECT}/publications"))
    unknown = browser.send(f"{PROJECT}/publications", {"notebook": "no-such.ipynb"})
    assert (unknown.status_code == 404) is asked
    path = f"{PROJECT}/publications/{publish_a_page(browser.lab)}/withdraw"
    assert (browser.send(path, {"reason": "Essai."}).status_code == 303) is asked
    return asked


def restore_version(browser: Guest) -> bool:
    """A version that is not there: who may is told so, who may not learns nothing."""
    path = f"{PROJECT}/versions/{'0' * 40}/restore"
    return allowed(browser.send(path, {"path": NOTEBOOK}))


def change_members(browser: Guest) -> bool:
    asked = {"account": "right-other", "role": "viewer"}
    answer = browser.send(f"{PROJECT}/members/add", asked)
    if answer.status_code == 303 and allowed(answer):
        assert browser.send(f"{PROJECT}/members/remove", asked).status_code == 303
        return True
    assert not allowed(browser.get(f"{PROJECT}/members"))
    return allowed(answer)


def settings(browser: Guest) -> bool:
    asked = allowed(browser.get(f"{PROJECT}/settings"))
    fields = {"title": "Droits", "purpose": "Essai.", "license": "mit"}
    assert allowed(browser.send(f"{PROJECT}/settings", fields)) is asked
    return asked


def delete(browser: Guest) -> bool:
    answer = browser.send(f"{PROJECT}/delete", {"slug": SLUG})
    if answer.status_code == 303 and allowed(answer):
        assert browser.send(f"{PROJECT}/restore").status_code == 303
        return True
    return allowed(answer)


PROJECT_ATTEMPTS: dict[ProjectRight, Callable[[Guest], bool]] = {
    "project:view": view,
    "project:comment": comment,
    "project:edit": edit,
    "project:publish": publishing,
    "project:restore-version": restore_version,
    "project:members": change_members,
    "project:settings": settings,
    "project:delete": delete,
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("right", PROJECT_RIGHTS)
def test_a_right_in_a_project_is_held_by_its_roles_and_nobody_else(
    members: dict[str, Guest], right: ProjectRight, role: str
) -> None:
    assert PROJECT_ATTEMPTS[right](members[role]) is may_in_project(role, right)
