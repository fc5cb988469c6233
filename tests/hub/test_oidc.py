"""Signing in through a real OpenID provider, and past it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.hub.lab import Lab, eventually, free_port

pytestmark = pytest.mark.hub


class Provider:
    """A provider of its own process; ``knows`` tells it about somebody."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "oidc_provider_mock", "--port", str(self.port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        eventually(self._answers, "the provider")

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/.well-known/openid-configuration").status_code == 200
        except httpx.HTTPError:
            return False

    def knows(self, subject: str, **claims: Any) -> None:
        done = httpx.put(f"{self.url}/users/{quote(subject, safe='')}", json=claims)
        assert done.status_code == 204, done.text


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    provider = Provider()
    yield provider
    provider.process.terminate()
    provider.process.wait(10)


@pytest.fixture
def lab(new_lab: Callable[..., Lab], provider: Provider) -> Lab:
    told = {
        "DATALAB_OIDC_ISSUER": provider.url,
        "DATALAB_OIDC_CLIENT_ID": "datalab",
        "DATALAB_OIDC_CLIENT_SECRET": "between-us",
        "DATALAB_OIDC_NAME": "l’école",
        "DATALAB_OIDC_GROUPS": "etudiants=students, enseignants=facilitators",
    }
    lab: Lab = new_lab(environment=told)
    lab.start()
    return lab


def come_in(client: httpx.Client, subject: str, path: str = "/hub/oauth_login") -> httpx.Response:
    """The whole way of a browser: the lab's button, the provider's page, and back."""
    asked = client.get(path, follow_redirects=False)
    assert asked.status_code == 302, asked.text
    agreed = client.post(asked.headers["Location"], data={"sub": subject}, follow_redirects=False)
    return client.get(agreed.headers["Location"], follow_redirects=False)


def person(lab: Lab, name: str) -> dict[str, Any]:
    found = json.loads(lab.command("user", "list", "--json").stdout)
    return next(account for account in found if account["name"] == name)


@pytest.mark.timeout(300)
def test_the_provider_lets_people_in_and_the_lab_decides_who_they_are(
    lab: Lab, provider: Provider
) -> None:
    provider.knows(
        "s-1",
        preferred_username="marie.curie",
        name="Marie <b>Curie</b> \u202e",
        email="marie@example.org",
        email_verified=True,
        groups=["etudiants", "chorale"],
    )
    with lab.person("marie-curie") as marie:
        page = marie.client.get("/hub/login").text
        assert "l’école" in page
        assert 'type="password"' not in page
        landed = come_in(marie.client, "s-1")
        assert landed.headers["Location"].startswith("/hub/spawn/marie-curie")
        account = person(lab, "marie-curie")
        assert account["origin"] == "oidc"
        assert account["display"] == "Marie <b>Curie</b>"
        assert account["groups"] == ["students"]
        assert account["email"] == "marie@example.org"
        me = marie.client.get("/hub/home").text
        assert "<b>Curie" not in me

    # Asked for something first, one comes back to it.
    with lab.person("marie-curie") as marie:
        landed = come_in(marie.client, "s-1", "/hub/oauth_login?next=%2Fhub%2Fhome")
        assert landed.headers["Location"] == "/hub/home"
        for elsewhere in ("https://evil.example/", "//evil.example/", "/\\evil.example"):
            landed = come_in(marie.client, "s-1", f"/hub/oauth_login?next={quote(elsewhere)}")
            assert landed.headers["Location"].startswith("/")
            assert not landed.headers["Location"].startswith(("//", "/\\"))

    # Groups follow the provider; those given here by hand stay.
    lab.command("user", "groups", "marie-curie", "students", "stewards")
    provider.knows("s-1", preferred_username="other", groups=["enseignants"])
    with lab.person("marie-curie") as marie:
        come_in(marie.client, "s-1")
    assert person(lab, "marie-curie")["groups"] == ["stewards", "facilitators"]

    # Somebody who calls themselves the operator is not the operator.
    provider.knows("s-2", preferred_username="operator", groups=["etudiants"])
    with lab.person("operator-2") as impostor:
        landed = come_in(impostor.client, "s-2")
        assert landed.headers["Location"].startswith("/hub/spawn/operator-2")
        assert impostor.client.get("/hub/admin").status_code in {403, 404}
    assert person(lab, "operator")["origin"] == "persona"

    # Another person with the same name and address is another person.
    provider.knows(
        "s-3",
        preferred_username="marie.curie",
        email="marie@example.org",
        email_verified=False,
        groups=["etudiants"],
    )
    with lab.person("x") as twin:
        assert "marie-curie-2" in come_in(twin.client, "s-3").headers["Location"]
    assert person(lab, "marie-curie-2")["email"] is None

    for number, name in enumerate(["../../etc", "proj-atelier", "invite-0", "ΩΩ", "a" * 300, "1"]):
        provider.knows(f"h-{number}", preferred_username=name, groups=["etudiants"])
        with lab.person("x") as hostile:
            landed = come_in(hostile.client, f"h-{number}")
            assert re.match(r"/hub/spawn/[a-z][a-z0-9-]{0,31}\?", landed.headers["Location"])

    # In none of the groups that count here: a sentence, no account.
    provider.knows("s-4", preferred_username="passer-by", groups=["chorale"])
    with lab.person("x") as passer_by:
        refused = come_in(passer_by.client, "s-4")
        assert refused.status_code == 403
        assert "l’école" in refused.text
        assert "Traceback" not in refused.text
        assert passer_by.client.get("/hub/api/user").status_code == 403

    # Closed here is closed, whatever the provider says.
    lab.command("user", "disable", "marie-curie-2")
    with lab.person("x") as twin:
        assert come_in(twin.client, "s-3").status_code == 403

    # A way back that was not begun here opens nothing.
    with lab.person("x") as forged:
        answer = forged.client.get("/hub/oauth_callback?code=abc&state=xyz")
        assert answer.status_code == 403
        assert forged.client.get("/hub/oauth_callback?error=access_denied").status_code == 403

    # The operator's link works past the provider; a password does not.
    with lab.person("operator") as operator:
        assert operator.sign_in().url.path == "/services/datalab/machine/"
    with lab.person("x") as guesser:
        page = guesser.client.get("/hub/login").text
        token = guesser.cookie("_xsrf", "/hub/")
        form = {"username": "operator", "password": "x", "_xsrf": token}
        assert guesser.client.post("/hub/login", data=form).status_code == 403
        assert "jupyterhub-hub-login" not in guesser.client.cookies

    written = lab.command("audit", "--json").stdout
    assert '"way": "oidc"' in written
    assert "not-entitled" in written
    assert "between-us" not in written + lab.log_text()


@pytest.mark.timeout(120)
def test_a_provider_that_is_down_or_lies_keeps_nobody_from_their_link(
    new_lab: Callable[..., Lab], provider: Provider
) -> None:
    # Another name for the same machine: what answers there calls itself something else.
    told = {"DATALAB_OIDC_ISSUER": f"http://localhost:{free_port()}"}
    lab: Lab = new_lab(environment=told)
    lab.start()
    with lab.person("student") as student:
        answer = student.client.get("/hub/oauth_login")
        assert answer.status_code == 403
        assert "Traceback" not in answer.text
        assert student.client.get(lab.link("student"), follow_redirects=False).status_code == 302


def test_a_group_that_does_not_exist_is_told_before_the_lab_starts(
    new_lab: Callable[..., Lab],
) -> None:
    lab: Lab = new_lab(environment={"DATALAB_OIDC_GROUPS": "etudiants=studnets"})
    done = lab.command("up", check=False)
    assert done.returncode == 1
    assert "studnets" in done.stderr
    assert "Traceback" not in done.stderr
