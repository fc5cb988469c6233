"""A guest with a code: in within a page, and nothing left behind."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.hub.lab import Lab, Person, eventually
from tests.hub.test_passwords import FRENCH, form, problem
from tests.hub.test_people import processes_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.hub


def invite(lab: Lab, *options: str, group: str = "citizens") -> dict[str, Any]:
    made: dict[str, Any] = json.loads(
        lab.command("user", "invite", group, *options, "--json").stdout
    )
    return made


def join(person: Person, code: str, display: str = "Zoé") -> httpx.Response:
    """Read the page of a code, and send its form."""
    path = f"/hub/rejoindre/{code}"
    data = form(person, path) | {"display": display}
    answer = person.client.post(path, data=data, headers=FRENCH, follow_redirects=False)
    found = re.search(r"invite-[0-9a-f]+", answer.headers.get("Location", ""))
    person.name = found[0] if found else ""
    return answer


def open_server(guest: Person) -> None:
    guest.client.get(f"/hub/spawn/{guest.name}")

    def there() -> bool:
        page = guest.client.get(f"/user/{guest.name}/lab")
        return page.status_code == 200 and page.url.path.startswith(f"/user/{guest.name}/")

    eventually(there, "JupyterLab")


def nothing_left(lab: Lab, name: str) -> bool:
    try:
        if list(lab.home.rglob(f"*{name}*")):
            return False
    except FileNotFoundError:
        return False  # something was being removed while we looked
    with sqlite3.connect(lab.home / "hub" / "hub.sqlite") as database:
        if database.execute("SELECT 1 FROM users WHERE name = ?", (name,)).fetchone():
            return False
    with sqlite3.connect(lab.home / "hub" / "people.sqlite") as database:
        rows = database.execute(
            "SELECT name FROM accounts WHERE name = ? UNION SELECT name FROM departures", (name,)
        )
        return rows.fetchone() is None


def works_with_files(guest: Person) -> None:
    open_server(guest)
    guest.run("open('idea.txt', 'w').write('mine'); import os; os.symlink('/etc', 'out')")


def test_a_guest_gets_a_name_a_group_and_an_end(running_lab: Lab) -> None:
    made = invite(running_lab, "--hours", "2", "--note", "Atelier <b>vélo</b>")
    with running_lab.person("x") as guest:
        page = guest.client.get(f"/hub/rejoindre/{made['code'].lower()}", headers=FRENCH)
        assert page.status_code == 200
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert "Atelier &lt;b&gt;vélo&lt;/b&gt;" in page.text
        assert "2 h" in unescape(page.text).replace("\u00a0", " ")
        assert "efface" in page.text
        answer = join(guest, made["code"], "Zoé \u202e<script>alert(1)</script>")
        assert answer.headers["Location"].startswith("/hub/spawn/invite-")
        me = guest.client.get("/hub/api/user").json()
        assert me["groups"] == ["citizens"]
        home = guest.client.get("/hub/home").text
        assert "<script>alert" not in home
        guest.client.get("/services/datalab/signin?next=/services/datalab/")
        assert guest.client.get("/services/datalab/projects/new").status_code == 403
    accounts = json.loads(running_lab.command("user", "list", "--json").stdout)
    account = next(a for a in accounts if a["name"] == me["name"])
    assert account["kind"] == "guest"
    assert account["display"] == "Zoé <script>alert(1)</script>"
    assert account["expires_at"] == pytest.approx(time.time() + 7200, abs=60)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("end", ["leaves", "withdrawn", "over"])
def test_when_the_stay_ends_nothing_is_left(running_lab: Lab, end: str) -> None:
    made = invite(running_lab, "--hours", "0.01" if end == "over" else "1")
    with running_lab.person("x") as guest:
        join(guest, made["code"])
        if end == "over":
            # Thirty-six seconds, at least a minute: moved on rather than waited for.
            works_with_files(guest)
            with sqlite3.connect(running_lab.home / "hub" / "people.sqlite") as database:
                database.execute("UPDATE accounts SET expires_at = 1 WHERE name = ?", (guest.name,))
        else:
            works_with_files(guest)
        room = running_lab.server(guest.name)
        assert processes_of(guest.name)
        if end == "leaves":
            hidden = form(guest, "/hub/quitter")
            left = guest.client.post("/hub/quitter", data=hidden, headers=FRENCH)
            assert "Merci" in left.text
        elif end == "withdrawn":
            running_lab.command("user", "withdraw", made["id"])
        eventually(lambda: nothing_left(running_lab, guest.name), "the guest to be gone")
        assert not any(process.alive for process in room.values())
        assert processes_of(guest.name) == []
        assert guest.client.get("/hub/home").url.path == "/hub/login"
        there = guest.client.get(f"/user/{guest.name}/api/contents", follow_redirects=False)
        assert there.status_code in {302, 403, 404, 424, 503}
    assert Path("/etc/passwd").exists()
    written = running_lab.command("audit", "--json", "--account", guest.name).stdout
    for action in ("invitation.use", "signin.ok", "server.start", "account.remove"):
        assert action in written


@pytest.mark.timeout(120)
def test_a_code_of_a_project_makes_a_viewer_who_leaves_it_in_the_end(running_lab: Lab) -> None:
    running_lab.command(
        "project", "create", "rues-calmes", "--title", "Rues calmes", "--member", "agent:owner"
    )
    manifest = running_lab.home / "projects" / "rues-calmes" / "project.yaml"
    unknown = running_lab.command("user", "invite", "citizens", "--project", "nope", check=False)
    assert unknown.returncode == 1
    made = invite(running_lab, "--project", "rues-calmes")
    with running_lab.person("x") as guest:
        landed = join(guest, made["code"])
        assert landed.headers["Location"] == "/services/datalab/projects/rues-calmes/"
        name = guest.client.get("/hub/api/user").json()["name"]
        assert f"account: {name}" in manifest.read_text(), running_lab.log_text()[-3000:]
        running_lab.command("user", "withdraw", made["id"])
        eventually(lambda: nothing_left(running_lab, name), "the guest to be gone")
    assert name not in manifest.read_text()
    assert "account: agent" in manifest.read_text()


def test_who_leaves_without_being_a_guest_keeps_everything(running_lab: Lab) -> None:
    with running_lab.person("agent") as agent:
        agent.sign_in()
        hidden = form(agent, "/hub/login") or {"_xsrf": agent.cookie("_xsrf", "/hub/")}
        answer = agent.client.post("/hub/quitter", data=hidden, headers=FRENCH)
        assert "durable" in answer.text
    assert '"agent"' in running_lab.command("user", "list", "--json").stdout


def test_an_expired_withdrawn_or_full_code_says_so_in_the_form(running_lab: Lab) -> None:
    full = invite(running_lab, "--places", "1")
    with running_lab.person("x") as first:
        join(first, full["code"])
    withdrawn = invite(running_lab)
    running_lab.command("user", "withdraw", withdrawn["id"])
    for code, said in ((full["code"], "places"), (withdrawn["code"], "retiré")):
        answer = httpx.get(f"{running_lab.url}/hub/rejoindre?code={code}", headers=FRENCH)
        assert answer.status_code == 403
        assert said in problem(answer)
        assert f'value="{code}"' in answer.text


def test_of_many_who_come_at_once_as_many_enter_as_there_are_places(running_lab: Lab) -> None:
    made = invite(running_lab, "--places", "3")

    def one(_: int) -> int:
        with running_lab.person("x") as guest:
            return join(guest, made["code"]).status_code

    with ThreadPoolExecutor(8) as pool:
        said = Counter(pool.map(one, range(8)))
    assert said == {302: 3, 403: 5}


def test_a_form_without_its_token_makes_no_account(running_lab: Lab) -> None:
    made = invite(running_lab)
    for data in ({"display": "Zoé"}, {"display": "Zoé", "_xsrf": "forged"}):
        answer = httpx.post(
            f"{running_lab.url}/hub/rejoindre/{made['code']}", data=data, headers=FRENCH
        )
        assert answer.status_code == 200
        assert "encore une fois" in problem(answer)
        assert 'value="Zoé"' in answer.text
        assert not any("login" in name for name in answer.cookies)
    listed = running_lab.command("user", "invitations", "--json").stdout
    assert json.loads(listed.splitlines()[0])["used"] == 0


@pytest.mark.parametrize("code", ["nothing", "%00", "..%2f..%2f", "<script>", "x" * 5000, "%FF"])
def test_a_forged_code_lets_nobody_in(running_lab: Lab, code: str) -> None:
    answer = httpx.get(f"{running_lab.url}/hub/rejoindre/{code}", headers=FRENCH)
    assert answer.status_code in {400, 403, 404, 429}
    assert "<script>" not in answer.text.partition("<main")[2].partition("</main")[0]
    assert not any("login" in name for name in answer.cookies)


def test_codes_tried_one_after_the_other_wait_longer_and_longer(new_lab: Any) -> None:
    lab: Lab = new_lab()
    lab.start()
    made = invite(lab)

    def guess(number: int) -> int:
        return httpx.get(f"{lab.url}/hub/rejoindre/BCDF{number:04d}BCDF").status_code

    with ThreadPoolExecutor(8) as pool:
        said = Counter(pool.map(guess, range(150)))
    assert said[403] < 50
    assert said[429] > 100
    # Somebody with a link is not held up by that.
    with lab.person("student") as student:
        assert student.client.get(lab.link("student"), follow_redirects=False).status_code == 302
    assert made["code"] not in lab.log_text().replace(f"/rejoindre/{made['code']}", "")


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 1280])
def test_the_pages_work_on_a_phone_without_a_script(
    running_lab: Lab, browser: Browser, width: int
) -> None:
    from tests.hub.test_pages import SHOTS, violations

    made = invite(running_lab, "--note", "Atelier du 3 décembre, salle Eiffel")
    password = running_lab.command("user", "password", "steward").stdout.strip()
    size: Any = {"width": width, "height": 740}
    with_scripts = browser.new_context(locale="fr-FR", viewport=size)
    page = with_scripts.new_page()
    for number, address in enumerate(
        ("/hub/login", "/hub/rejoindre", f"/hub/rejoindre/{made['code']}", "/hub/rejoindre/XXXX",
         password)
    ):  # fmt: skip
        page.goto(address if address.startswith("http") else running_lab.url + address)
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/people-{number}-{width}.png", full_page=True)
        assert violations(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), address
    with_scripts.close()

    bare = browser.new_context(locale="fr-FR", viewport=size, java_script_enabled=False)
    page = bare.new_page()
    page.goto(running_lab.url + "/hub/login")
    page.click("text=Rejoindre avec un code")
    page.fill("#code", "XXXXXXXX")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=alert]:has-text('ne le connaît pas')")
    assert page.input_value("#code") == "XXXXXXXX"
    page.fill("#code", f"{made['code'][:4]} {made['code'][4:].lower()}")
    page.keyboard.press("Enter")
    page.wait_for_selector("main:has-text('salle Eiffel')")
    assert len(page.input_value("#display").split()) == 2
    page.fill("#display", "Zoé")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("invite-"))
    bare.close()
