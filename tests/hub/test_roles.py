"""What the hub itself gives each group: scopes, its own doors, lakes.

Pages, projects and guests are tried in ``tests/test_rights.py``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from datalab.hub.personas import PERSONAS
from datalab.hub.roles import scope
from datalab.people.rights import GROUPS, RIGHTS
from tests.hub.lab import Lab, Person

pytestmark = pytest.mark.hub


@pytest.fixture(scope="module")
def people(running_lab: Lab) -> Iterator[dict[str, Person]]:
    """One person of each group, signed in at the hub."""
    with ExitStack() as stack:
        found = {}
        for persona in PERSONAS.values():
            person = stack.enter_context(running_lab.person(persona.name))
            person.sign_in(running_lab.link(persona.name) + "&next=/hub/home")
            found[persona.group] = person
        yield found


@pytest.mark.parametrize("group", GROUPS)
def test_the_hub_gives_each_group_its_scopes_and_no_other(
    people: dict[str, Person], group: str
) -> None:
    held = people[group].client.get("/hub/api/user").json()["scopes"]
    given = {right for right in RIGHTS if scope(right) in held}
    assert given == {right for right, groups in RIGHTS.items() if group in groups}


@pytest.mark.parametrize("group", GROUPS)
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
    assert into.status_code in ({200} if manages else {403, 404})


@pytest.mark.parametrize("group", ["citizens", "students"])
@pytest.mark.timeout(120)
def test_the_lakes_that_a_server_shows_are_written_down(
    running_lab: Lab, people: dict[str, Person], group: str
) -> None:
    person = people[group]
    person.open_server()
    shown = person.run("import os; print(sorted(os.listdir(os.environ['DATALAB_LAKE'])))")
    written = running_lab.command("audit", "--json", "--account", person.name).stdout
    started = [json.loads(line) for line in written.splitlines() if "server.start" in line]
    assert str(started[-1]["detail"]["lakes"]) in shown
    assert ("members" in shown) == (group in RIGHTS["read:members"])
