"""Every cell of ``docs/reference/rights.md``, tried against a running hub and portal."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from html import unescape

import httpx
import pytest

from datalab.hub.personas import PERSONAS
from datalab.hub.roles import scope
from datalab.people.rights import PROJECT_RIGHTS, PROJECT_ROLES, RIGHTS, ProjectRight, Right
from tests.hub.lab import Lab, Person, hub_of

pytestmark = pytest.mark.hub

# A page of the portal, or a door of the hub, that a right opens.
PAGES: dict[Right, str] = {
    "use:server": "/hub/home",
    "create:project": "/services/datalab/projects/new",
    "invite:guests": "/services/datalab/invitations/",
    "manage:people": "/services/datalab/people/",
    "read:audit": "/services/datalab/audit/",
    "operate": "/services/datalab/machine/",
}


@pytest.fixture(scope="module")
def people(running_lab: Lab) -> Iterator[dict[str, Person]]:
    """One person of each group, signed in at hub and portal."""
    with ExitStack() as stack:
        found = {}
        for persona in PERSONAS.values():
            person = stack.enter_context(running_lab.person(persona.name))
            person.sign_in(running_lab.link(persona.name) + "&next=/hub/home")
            person.client.get("/services/datalab/signin?next=/services/datalab/")
            found[persona.group] = person
        yield found


CELLS = [(right, group) for right in RIGHTS for group in RIGHTS["use:server"]]


@pytest.mark.parametrize(("right", "group"), CELLS)
def test_the_hub_gives_each_group_its_rights_and_no_other(
    people: dict[str, Person], right: Right, group: str
) -> None:
    held = people[group].client.get("/hub/api/user").json()["scopes"]
    assert (scope(right) in held) == (group in RIGHTS[right])


@pytest.mark.parametrize(("right", "group"), [cell for cell in CELLS if cell[0] in PAGES])
def test_a_page_opens_to_who_holds_its_right(
    people: dict[str, Person], right: Right, group: str
) -> None:
    answer = people[group].client.get(PAGES[right])
    assert answer.status_code == (200 if group in RIGHTS[right] else 403), answer.url


@pytest.mark.parametrize("right", [right for right in PAGES if right != "use:server"])
def test_no_page_of_a_right_opens_without_signing_in(running_lab: Lab, right: Right) -> None:
    with running_lab.person("x") as nobody:
        answer = nobody.client.get(PAGES[right], follow_redirects=False)
        assert answer.status_code in {302, 303, 401, 403}


@pytest.mark.parametrize("group", RIGHTS["use:server"])
def test_the_hubs_own_doors_follow_the_table(people: dict[str, Person], group: str) -> None:
    client = people[group].client
    xsrf = {"X-XSRFToken": people[group].cookie("_xsrf", "/hub/")}
    other = "student" if people[group].name != "student" else "citizen"
    manages, operates = group in RIGHTS["manage:people"], group in RIGHTS["operate"]
    assert (client.get(f"/hub/api/users/{other}").status_code == 200) == manages
    assert (client.get("/hub/api/groups/agents").status_code == 200) == manages
    # Of a server that does not run: 204 to who may stop it, 404 to who may not even know.
    stopped = client.delete(f"/hub/api/users/{other}/server", headers=xsrf)
    assert (stopped.status_code in {202, 204, 400}) == operates
    assert client.post("/hub/api/shutdown", headers=xsrf).status_code in {403, 404}
    assert client.get("/hub/api/proxy").status_code in {403, 404}
    # Nobody becomes an admin of the hub, nor makes somebody one.
    made = client.post("/hub/api/users/evil", headers=xsrf, json={"admin": True})
    assert made.status_code in {403, 404}
    into = client.post(
        "/hub/api/groups/operators/users", headers=xsrf, json={"users": [people[group].name]}
    )
    assert into.status_code == (200 if manages else 404) or into.status_code == 403


@pytest.mark.parametrize("group", ["citizens", "students"])
@pytest.mark.timeout(120)
def test_a_notebook_shows_the_lakes_of_its_owners_rights(
    running_lab: Lab, people: dict[str, Person], group: str
) -> None:
    person = people[group]
    person.open_server()
    shown = person.run("import os; print(sorted(os.listdir(os.environ['DATALAB_LAKE'])))")
    assert "open" in shown
    assert ("members" in shown) == (group in RIGHTS["read:members"])
    written = running_lab.command("audit", "--json", "--account", person.name).stdout
    started = [json.loads(line) for line in written.splitlines() if "server.start" in line]
    assert started
    assert ("members" in started[-1]["detail"]["lakes"]) == (group in RIGHTS["read:members"])


# -- in a project -----------------------------------------------------------------------------

SLUG = "table-des-droits"
PORTAL = "/services/datalab"
PROJECT = f"{PORTAL}/projects/{SLUG}"
# Who holds which role; ``none`` has an account and is no member.
HOLDERS = {"owner": "agent", "editor": "student", "viewer": "citizen", "none": "entrepreneur"}


@dataclass(frozen=True)
class Member:
    """Somebody signed in at the portal, and the token of their forms."""

    person: Person
    token: str

    def get(self, path: str) -> httpx.Response:
        return self.person.client.get(path, follow_redirects=False)

    def post(self, path: str, **fields: str) -> httpx.Response:
        data = {"_token": self.token, **fields}
        return self.person.client.post(path, data=data, follow_redirects=False)

    def post_json(self, path: str, document: object) -> httpx.Response:
        headers = {"X-Datalab-Token": self.token}
        return self.person.client.post(path, json=document, headers=headers)


@pytest.fixture(scope="module")
def members(running_lab: Lab) -> Iterator[dict[str, Member]]:
    """One member of each role in a project of their own."""
    given = [f"--member={HOLDERS[role]}:{role}" for role in PROJECT_ROLES]
    running_lab.command("project", "create", SLUG, "--title", "Table des droits", *given)
    with ExitStack() as stack:
        found = {}
        for role, name in HOLDERS.items():
            person = stack.enter_context(running_lab.person(name))
            # As a browser says it.
            person.client.headers.update({"Accept": "text/html", "Origin": running_lab.url})
            person.sign_in(running_lab.link(name) + "&next=/hub/home")
            person.client.get(f"{PORTAL}/signin?next={PORTAL}/me/")
            page = person.client.get(f"{PORTAL}/me/").text
            token = re.search(r'name="_token" value="([^"]+)"', page)
            assert token, page
            found[role] = Member(person, unescape(token[1]))
        yield found


def shares(lab: Lab) -> set[str]:
    """Whom the hub lets into the project's server."""
    answer = hub_of(lab).ask("GET", f"/shares/proj-{SLUG}/")
    return {item["user"]["name"] for item in answer["items"] if item["user"]}


# Each asks for something that changes nothing: who may do it learns that it cannot be done
# (400, 404, 409) or sees the page; who may not is refused before that.
TRIES: dict[ProjectRight, Callable[[Member], httpx.Response]] = {
    "project:view": lambda m: m.get(f"{PROJECT}/versions"),
    "project:comment": lambda m: m.post_json(f"{PROJECT}/comments.json", {"notebook": "x"}),
    "project:publish": lambda m: m.post(f"{PROJECT}/publications", notebook="nothing.ipynb"),
    "project:restore-version": lambda m: m.post(f"{PROJECT}/versions/{'0' * 40}/restore"),
    "project:members": lambda m: m.post(f"{PROJECT}/members/add", account="nobody-here"),
    "project:settings": lambda m: m.get(f"{PROJECT}/settings"),
    "project:delete": lambda m: m.post(f"{PROJECT}/delete", confirm="something else"),
}


@pytest.mark.parametrize("role", HOLDERS)
@pytest.mark.parametrize("right", [*TRIES])
def test_a_role_may_what_the_table_says(
    members: dict[str, Member], right: ProjectRight, role: str
) -> None:
    answer = TRIES[right](members[role])
    if role in PROJECT_RIGHTS[right]:
        assert answer.status_code not in {401, 403}, answer.text[:2000]
    else:
        assert answer.status_code in {403, 404}, answer.text[:2000]


@pytest.mark.parametrize("role", HOLDERS)
def test_the_hub_lets_those_into_the_server_who_may_edit(
    running_lab: Lab, members: dict[str, Member], role: str
) -> None:
    assert members
    assert (HOLDERS[role] in shares(running_lab)) == (role in PROJECT_RIGHTS["project:edit"])


def test_every_right_of_a_project_is_tried() -> None:
    assert set(TRIES) | {"project:edit"} == set(PROJECT_RIGHTS)
    assert set(PAGES) | {"read:members", "withdraw:publication"} == set(RIGHTS)
