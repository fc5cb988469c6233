"""Shared servers: who gets in, who does not, what they read, and how soon somebody is out."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from datalab.isolation.sandbox import probe
from tests.hub.conftest import end
from tests.hub.lab import DATASET, Lab, Person, eventually

pytestmark = pytest.mark.hub

OUT_SECONDS = 10


@pytest.fixture(scope="module")
def lab(open_folder: Path, small_catalog: Path) -> Iterator[Lab]:
    """A lab with a restricted dataset that students and the agent may read."""
    catalog = open_folder / "catalog-restricted"
    shutil.copytree(small_catalog, catalog)
    theme = catalog / "territory"
    text = DATASET.replace("tiny-places", "tiny-secret")
    (theme / "tiny-secret.yaml").write_text(
        f"{text}access: restricted\naudience: [students, 'account:agent']\n"
    )
    shutil.copy(theme / "tiny-places.csv", theme / "tiny-secret.csv")
    text = DATASET.replace("tiny-places", "tiny-masked")
    (theme / "tiny-masked.yaml").write_text(
        f"{text}access: restricted\naudience: ['account:operator']\n"
        "masks:\n  - {name: rounded, for: 'account:entrepreneur', columns: {people: round 1000}}\n"
    )
    shutil.copy(theme / "tiny-places.csv", theme / "tiny-masked.csv")
    made = Lab(open_folder / "projects-lab", catalog)
    made.start()
    if probe(made.home).mode not in {"root", "user"}:
        end(made)
        pytest.skip("no sandbox can be made on this machine")
    yield made
    end(made)


def create(lab: Lab, slug: str, *members: str) -> None:
    chosen = [part for member in members for part in ("--member", member)]
    lab.command("project", "create", slug, "--title", f"Projet {slug}", *chosen)


def enter(person: Person, slug: str) -> Person:
    """The person in the project's server; answers as one who speaks to that server."""
    account = f"proj-{slug}"
    person.client.get(f"/hub/spawn/{account}")

    def there() -> bool:
        page = person.client.get(f"/user/{account}/lab")
        return page.status_code == 200 and page.url.path.startswith(f"/user/{account}/")

    eventually(there, f"the server of {slug}")
    return Person(person.lab, account, person.client)


def seconds_until_out(person: Person, path: str) -> float:
    began = time.monotonic()
    eventually(lambda: person.client.get(path).status_code in {403, 404, 424}, "the end")
    return time.monotonic() - began


def test_a_project_made_while_the_hub_runs_opens_at_once(lab: Lab) -> None:
    create(lab, "born-now", "student:owner", "steward:editor")
    with lab.person("student") as student, lab.person("steward") as steward:
        student.sign_in()
        steward.sign_in()
        shared = enter(student, "born-now")
        assert shared.run("print(open('/project/project.yaml').read())").startswith("id: born-now")
        shared.run("open('from-student.txt', 'w').write('hello')")
        names = enter(steward, "born-now").client.get("/user/proj-born-now/api/contents").json()
        assert "from-student.txt" in [entry["name"] for entry in names["content"]]
        me = steward.client.get("/user/proj-born-now/api/me").json()["identity"]
        assert me["username"] == "steward"


@pytest.fixture(scope="module")
def busy(lab: Lab) -> Iterator[tuple[Person, Person]]:
    """A project whose owner is inside; the person, and the project's server as they see it."""
    create(lab, "busy", "student:owner", "agent:viewer")
    with lab.person("student") as student:
        student.sign_in()
        yield student, enter(student, "busy")


@pytest.mark.parametrize("name", ["agent", "citizen", "operator", "entrepreneur"])
def test_viewers_strangers_and_operators_are_refused_by_the_server_itself(
    lab: Lab, busy: tuple[Person, Person], name: str
) -> None:
    with lab.person(name) as other:
        other.sign_in()
        for path in ("api/contents", "api/kernels", "lab", "api/me", "datalab/presence"):
            answer = other.client.get(f"/user/proj-busy/{path}")
            assert answer.status_code in {403, 404}, path
        token = next(iter(other.client.cookies.jar)).value or ""
        for path in ("api/kernels", "api/contents", "datalab/revoke"):
            answer = other.client.post(
                f"/user/proj-busy/{path}", json={}, headers={"X-XSRFToken": token}
            )
            assert answer.status_code in {403, 404}, path


@pytest.mark.parametrize("name", ["agent", "citizen", "entrepreneur"])
def test_they_cannot_start_or_stop_it_either(
    lab: Lab, busy: tuple[Person, Person], name: str
) -> None:
    with lab.person(name) as other:
        other.sign_in()
        assert other.client.get("/hub/spawn/proj-busy").status_code in {403, 404}
        xsrf = {"X-XSRFToken": other.cookie("_xsrf", "/hub/")}
        for method in ("POST", "DELETE"):
            path = "/hub/api/users/proj-busy/server"
            answer = other.client.request(method, path, headers=xsrf)
            assert answer.status_code in {403, 404}, method
        grant = {"user": name, "scopes": ["access:servers!server=proj-busy/"]}
        answer = other.client.post("/hub/api/shares/proj-busy/", json=grant, headers=xsrf)
        assert answer.status_code in {403, 404}
    assert busy[0].client.get("/user/proj-busy/api/contents").status_code == 200


def test_nobody_signs_in_as_a_project(lab: Lab, busy: tuple[Person, Person]) -> None:
    refused = lab.command("signin", "proj-busy", check=False)
    assert refused.returncode != 0
    added = lab.command("user", "add", "proj-busy", "--group", "students", check=False)
    assert added.returncode != 0
    with httpx.Client(base_url=lab.url, follow_redirects=True) as client:
        page = client.get("/hub/login")
        form = {"username": "proj-busy", "password": "", "_xsrf": client.cookies.get("_xsrf", "")}
        client.post("/hub/login", data=form)
        assert client.get("/hub/api/user").status_code in {401, 403}
        assert page.status_code == 200


def test_its_code_cannot_change_what_the_lab_holds_of_it(
    lab: Lab, busy: tuple[Person, Person]
) -> None:
    folder = lab.home / "projects" / "busy"
    before = {path: path.read_bytes() for path in folder.glob("*.yaml")}
    attempts = (
        "open('/project/project.yaml', 'a')",
        "open('/project/members.json', 'w')",
        "os.remove('/project/members.json')",
        "os.mkdir('/projects')",
        f"open({str(folder / 'project.yaml')!r}, 'a')",
        f"os.listdir({str(lab.home / 'projects')!r})",
        "os.chmod('/project', 0o777)",
        "os.rename('../proj-busy', '../proj-other')",
    )
    for deed in attempts:
        assert "DONE" not in busy[1].run(f"import os; {deed}; print('DO' + 'NE')"), deed
    assert {path: path.read_bytes() for path in folder.glob("*.yaml")} == before


def test_its_token_opens_nothing_of_the_hub(busy: tuple[Person, Person]) -> None:
    code = (
        "import json, os, urllib.request, urllib.error\n"
        "def ask(path, method='GET', body=None):\n"
        "    address = os.environ['JUPYTERHUB_API_URL'] + path\n"
        "    data = json.dumps(body).encode() if body else None\n"
        "    request = urllib.request.Request(address, data=data, method=method)\n"
        "    request.add_header('Authorization', 'token ' + os.environ['JUPYTERHUB_API_TOKEN'])\n"
        "    try: return urllib.request.urlopen(request, timeout=20).status\n"
        "    except urllib.error.HTTPError as error: return error.code\n"
        "scopes = ['access:servers!server=proj-busy/']\n"
        "print(ask('/users'), ask('/users/student'), ask('/groups/proj-busy'),\n"
        "      ask('/shares/proj-busy/', 'POST', {'user': 'citizen', 'scopes': scopes}),\n"
        "      ask('/users/proj-busy/tokens', 'POST', {'note': 'x'}),\n"
        "      ask('/users/proj-busy/server', 'DELETE'), ask('/users/proj-x', 'POST'))"
    )
    codes = busy[1].run(code).split()
    assert len(codes) == 7
    assert set(codes) <= {"403", "404"}


def test_a_removed_member_is_out_within_ten_seconds_with_cookies_and_tokens(lab: Lab) -> None:
    create(lab, "leaving", "student:owner", "steward:editor")
    with lab.person("steward") as steward:
        steward.sign_in()
        enter(steward, "leaving")
        xsrf = {"X-XSRFToken": steward.cookie("_xsrf", "/hub/")}
        made = steward.client.post(
            "/hub/api/users/steward/tokens", json={"note": "mine"}, headers=xsrf
        )
        path = "/user/proj-leaving/api/contents"
        token = made.json().get("token", "")
        bearer = {"Authorization": f"token {token}"}
        with httpx.Client(base_url=lab.url, headers=bearer) as machine:
            had = machine.get(path).status_code
            assert steward.client.get(path).status_code == 200
            lab.command("project", "remove", "leaving", "steward")
            assert seconds_until_out(steward, path) < OUT_SECONDS
            assert steward.client.get("/hub/spawn/proj-leaving").status_code in {403, 404}
            if had == 200:
                eventually(lambda: machine.get(path).status_code == 403, "the token's end", 60)


def test_an_editor_who_becomes_a_viewer_is_out_too(lab: Lab) -> None:
    create(lab, "lowered", "student:owner", "agent:editor")
    with lab.person("agent") as agent:
        agent.sign_in()
        enter(agent, "lowered")
        lab.command("project", "role", "lowered", "agent", "viewer")
        assert seconds_until_out(agent, "/user/proj-lowered/api/contents") < OUT_SECONDS


def test_a_project_reads_what_all_read_and_restarts_when_that_shrinks(lab: Lab) -> None:
    create(lab, "shrinking", "student:owner")
    with lab.person("student") as student:
        student.sign_in()
        shared = enter(student, "shrinking")
        lakes = "import os; print(*sorted(os.listdir('/lake')))"
        assert shared.run(lakes) == "members open restricted-tiny-secret\n"
        read = "import datalab; print(len(datalab.connect().dataset('tiny-secret').df()))"
        assert shared.run(read).splitlines()[-1] == "3"
        told = lab.command("project", "add", "shrinking", "citizen", "viewer").stdout
        assert "tiny-members, tiny-secret" in told
        assert student.client.get("/user/proj-shrinking/api/contents").status_code == 424
        again = enter(student, "shrinking")
        assert again.run(lakes) == "open\n"
        entries = [json.loads(line) for line in lab.command("audit", "--json").stdout.splitlines()]
        # What the notebook says that it read is in the audit as well, once the keeper has looked.
        about = [e for e in entries if e["subject"] == "proj-shrinking"]
        starts = [e for e in about if e["action"] == "server.start"]
        assert ["restricted-tiny-secret" in e["detail"]["lakes"] for e in starts] == [True, False]
        assert {e["actor"] for e in starts} == {"student"}


@pytest.mark.parametrize(
    ("name", "lakes"),
    [
        ("student", "members open restricted-tiny-secret"),
        ("agent", "members open restricted-tiny-secret"),
        ("steward", "members open"),
        ("citizen", "open"),
    ],
)
def test_ones_own_server_reads_what_ones_groups_and_name_may(
    lab: Lab, name: str, lakes: str
) -> None:
    with lab.person(name) as person:
        person.open_server()
        assert person.run("import os; print(*sorted(os.listdir('/lake')))") == f"{lakes}\n"


def test_a_masked_reader_has_the_masked_lake_alone_and_its_releases(lab: Lab) -> None:
    lab.command("release", "tiny-masked", "v1", "--note", "for the thesis")
    with lab.person("entrepreneur") as person:
        person.open_server()
        lakes = "import os; print(*sorted(os.listdir('/lake')))"
        assert person.run(lakes) == "members open restricted-tiny-masked--rounded\n"
        read = "import datalab; d = datalab.connect().dataset('tiny-masked', release='v1')\n"
        assert person.run(f"{read}print(*d.df()['people'])").splitlines()[-1] == "1000 1000 1000"
        whole = str(lab.home / "lake" / "restricted-tiny-masked")
        for path in (whole, "/lake/restricted-tiny-masked"):
            assert "DONE" not in person.run(f"os.listdir({path!r}); print('DO' + 'NE')")
        held = person.run(
            "import duckdb, glob\n"
            "for f in glob.glob('/lake/restricted*/data/**/*.parquet', recursive=True):\n"
            "    print(duckdb.read_parquet(f).fetchall())"
        )
        assert "1000" in held
        assert "1311" not in held


def test_members_see_the_files_from_their_own_server_until_they_leave(lab: Lab) -> None:
    create(lab, "seen", "entrepreneur:owner", "facilitator:viewer")
    with lab.person("facilitator") as viewer:
        viewer.sign_in()
        lab.command("project", "members", "seen")
        _restart(viewer)
        look = "import os; print(*sorted(os.listdir('projets')))"
        assert "seen" in viewer.run(look).split()
        assert "# Notre projet" in viewer.run("print(open('projets/seen/notebook.ipynb').read())")
        assert "DONE" not in viewer.run("open('projets/seen/x', 'w'); print('DO' + 'NE')")
        assert "DONE" not in viewer.run("os.listdir('projets/seen/.jupyter'); print('DO' + 'NE')")
        listed = viewer.client.get("/user/facilitator/api/contents/projets/seen").json()
        assert [entry["name"] for entry in listed["content"]] == ["notebook.ipynb"]
        lab.command("project", "remove", "seen", "facilitator")
        assert seconds_until_out(viewer, "/user/facilitator/api/contents") < OUT_SECONDS
        _restart(viewer)
        assert "seen" not in viewer.run("import os; print(*os.listdir('.'))").split()
        assert "DONE" not in viewer.run("os.listdir('/projects/seen'); print('DO' + 'NE')")


def _restart(person: Person) -> None:
    xsrf = {"X-XSRFToken": person.cookie("_xsrf", "/hub/")}
    person.client.delete(f"/hub/api/users/{person.name}/server", headers=xsrf)
    person.kernel = None
    person.open_server()


def test_a_link_in_the_way_of_the_mounts_is_not_followed(lab: Lab) -> None:
    home = lab.home / "accounts" / "homes" / "entrepreneur"
    with lab.person("entrepreneur") as person:
        person.open_server()
        person.run("import os; os.path.islink('projets') and os.remove('projets')")
        person.run("os.symlink('/oldroot/etc', 'projets')")
        _restart(person)
        assert os.readlink(home / "projets") == "/oldroot/etc"
        assert not Path("/etc/seen").exists()


def test_an_archived_project_stops_and_starts_no_more(lab: Lab) -> None:
    create(lab, "resting", "student:owner")
    with lab.person("student") as student:
        student.sign_in()
        enter(student, "resting")
        lab.command("project", "archive", "resting")
        assert seconds_until_out(student, "/user/proj-resting/api/contents") < OUT_SECONDS
        assert student.client.get("/hub/spawn/proj-resting").status_code in {403, 404}
        lab.command("project", "restore", "resting")
        enter(student, "resting")


def test_settings_planted_in_a_project_are_left_aside(lab: Lab) -> None:
    create(lab, "planted", "student:owner")
    with lab.person("student") as student:
        student.sign_in()
        shared = enter(student, "planted")
        shared.run(
            "import os, pathlib\n"
            "os.makedirs('.jupyter', exist_ok=True)\n"
            "open('.jupyter/jupyter_server_config.py', 'w').write('import os; os._exit(3)')\n"
            "p = pathlib.Path('.local/share/jupyter/labextensions/evil'); p.mkdir(parents=True)\n"
            '(p / \'package.json\').write_text(\'{"name": "evil", "jupyterlab": {"_build": '
            '{"load": "static/x.js"}}}\')'
        )
        xsrf = {"X-XSRFToken": student.cookie("_xsrf", "/hub/")}
        student.client.delete("/hub/api/users/proj-planted/server", headers=xsrf)
        enter(student, "planted")
        assert "evil" not in student.client.get("/user/proj-planted/lab").text


def test_a_server_that_crashes_shows_its_last_lines_and_a_way_out(lab: Lab) -> None:
    with lab.person("facilitator") as person:
        person.open_server()
        person.run(
            "import os; os.makedirs('.jupyter', exist_ok=True)\n"
            "open('.jupyter/jupyter_server_config.py', 'w').write('''\n"
            "import os, sys\n"
            "print('a setting of mine is wrong', file=sys.stderr)\n"
            "print('token', os.environ['JUPYTERHUB_API_TOKEN'], file=sys.stderr)\n"
            "print('<script>alert(1)</script>', file=sys.stderr, flush=True)\n"
            "os._exit(3)\n''')"
        )
        token = person.run("print(os.environ['JUPYTERHUB_API_TOKEN'])").strip()
        xsrf = {"X-XSRFToken": person.cookie("_xsrf", "/hub/")}
        person.client.delete("/hub/api/users/facilitator/server", headers=xsrf)
        person.client.get("/hub/spawn/facilitator")
        page = eventually(
            lambda: _failed(person.client.get("/hub/spawn-pending/facilitator")), "the page"
        )
        assert "a setting of mine is wrong" in page
        assert token not in page
        assert "<script>alert(1)" not in page
        assert 'href="/hub/spawn/facilitator?opt-plain=1"' in page
        person.client.get("/hub/spawn/facilitator?opt-plain=1")
        person.kernel = None
        person.open_server()
        assert person.run("print('back')") == "back\n"
        person.run("import os; os.remove('.jupyter/jupyter_server_config.py')")
        _restart(person)


def _failed(answer: httpx.Response) -> str:
    return answer.text if 'id="last-lines"' in answer.text else ""


def test_what_the_command_line_says(lab: Lab) -> None:
    create(lab, "spoken", "student:owner")
    listed = json.loads(lab.command("project", "list", "--json").stdout)
    assert {"spoken", "welcome"} <= {document["slug"] for document in listed}
    for arguments, said in (
        (("create", "spoken", "--title", "x", "--member", "student:owner"), "'spoken-2'"),
        (("create", "../x", "--title", "x", "--member", "student:owner"), "'../x'"),
        (("create", "fine", "--title", "x"), "needs an owner"),
        (("create", "fine", "--title", "x", "--member", "studnt:owner"), "'student'"),
        (("create", "fine", "--title", "x", "--member", "student:boss"), "'boss'"),
        (("remove", "spoken", "student"), "only owner"),
        (("role", "spoken", "agent", "viewer"), "not a member"),
        (("show", "spokn"), "'spoken'"),
        (("restore", "spoken"), "nothing to restore"),
    ):
        answer = lab.command("project", *arguments, check=False)
        assert answer.returncode == 1
        assert said in answer.stderr, answer.stderr
        assert "Traceback" not in answer.stderr
    assert lab.command("sync", "--json").stdout.strip() == "[]"
