"""From a dataset's page to an app of one's own: tried as an entrepreneur does."""

from __future__ import annotations

import ast
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from datalab.people import tokens
from datalab.portal import prototype
from tests.portal.closed import Closed
from tests.portal.conftest import PREFIX, Workshop, described
from tests.portal.desk import now
from tests.portal.serving import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SITE = {"Origin": "http://shop.example:8800"}
HOSTILE = (
    "</script><script>window.hurt=1</script><img src=x onerror=window.hurt=1> "
    '"""); import os; os.system("touch hurt") #\' ${window.hurt=1} `touch hurt` '
    "$(touch hurt); {day}"
)


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Closed:
    made = Closed(tmp_path_factory.mktemp("prototype"))
    two = {"code": "varchar", "amount": "integer"}
    title = {"fr": HOSTILE, "en": HOSTILE}
    made.workshop.write(
        described("hostile", two, title=title, publisher=HOSTILE, license="odbl"),
        f'code,amount\n"{HOSTILE.replace(chr(34), chr(34) * 2)}",7\n',
    )
    made.workshop.write(described("unclear", two, license="not-stated"), "code,amount\na,1\n")
    made.workshop.write(
        described("theirs", two, license="all-rights-reserved", redistribution=False),
        "code,amount\na,1\n",
    )
    assert set(made.publish("hostile", "unclear", "theirs").values()) == {"published"}
    return made


def unpacked(content: bytes, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            assert not name.startswith("/")
            assert ".." not in name
        archive.extractall(folder)
    return next(folder.iterdir())


def ran(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.lower().endswith("proxy")}
    return subprocess.run(
        [sys.executable, "-I", "-c", RUN, *arguments],
        cwd=folder,
        env={**environment, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


# As ``python3 client.py`` does it, without what this environment has installed.
RUN = "import runpy, sys; sys.path.insert(0, '.'); sys.argv[0] = 'client.py'; " + (
    "runpy.run_path('client.py', run_name='__main__')"
)


@pytest.mark.parametrize(
    ("dataset", "said", "asked"),
    [
        ("places", "May I earn money with them? Yes", "day of its last update"),
        ("hostile", "May I earn money with them? Yes, with conditions", "under the same licence"),
        ("unclear", "May I earn money with them? Not stated", "ask the producer"),
        ("theirs", "May I earn money with them? No", "No prototype can be taken"),
    ],
)
def test_the_page_says_whether_one_may_earn_money(
    closed: Closed, dataset: str, said: str, asked: str
) -> None:
    text = closed.desk.browser().get(f"datasets/{dataset}/prototype").text
    assert said in " ".join(text.split())
    assert asked in text
    assert f"datasets/{dataset}/prototype" in closed.desk.browser().get(f"datasets/{dataset}").text


def test_the_line_to_show_names_source_day_and_licence(closed: Closed) -> None:
    shelf = closed.desk.app.state.library.shelf()
    line = prototype.terms_of(shelf.get("places"), "fr", "https://lab/datasets/places").attribution
    assert re.fullmatch(
        r"Source\s: Atelier, «\sJeu places\s», mis à jour le \d\d/\d\d/\d{4}, Licence Ouverte 2\.0 "
        r"\(Etalab\) \(https://\S+\), https://lab/datasets/places",
        line,
    )


def test_open_data_need_no_account_and_closed_data_give_nothing_away(closed: Closed) -> None:
    anybody = closed.desk.browser()
    assert anybody.get("datasets/places/prototype.zip").status_code == 200
    for name in ("budgets", "sealed", "residents"):
        assert anybody.get(f"datasets/{name}/prototype.zip").status_code in {401, 403}
        assert "prototype.zip" not in anybody.get(f"datasets/{name}/prototype").text
    assert anybody.get("datasets/theirs/prototype.zip").status_code == 403
    assert closed.desk.browser_of("citizen").get("datasets/sealed/prototype.zip").status_code == 403
    assert closed.desk.browser_of("agent").get("datasets/sealed/prototype.zip").status_code == 200


def test_one_step_makes_a_project_with_its_notebook_and_a_token_for_this_data(
    closed: Closed, tmp_path: Path
) -> None:
    browser = closed.desk.browser_of("agent")
    assert "prototype" in browser.get("datasets/sealed/prototype").text
    made = browser.post("datasets/sealed/prototype")
    assert made.status_code == 200
    assert made.headers["cache-control"] == "private, no-store"
    words = re.findall(r"dlt_[\w-]{43}", made.text)[0]
    slug = re.search(r"/projects/([a-z0-9-]+)/", made.text)
    assert slug
    project = closed.desk.app.state.projects.get(slug[1])
    assert [(m.account, m.role) for m in project.manifest.members] == [("agent", "owner")]
    assert project.manifest.datasets == ("sealed",)
    cells = json.loads((project.folder / "work" / "notebook.ipynb").read_bytes())["cells"]
    assert any('lab.dataset("sealed")' in cell["source"] for cell in cells)

    program = closed.client(words)
    assert program.get("datasets/sealed.csv").status_code == 200
    for other in ("residents", "budgets"):
        assert program.get(f"datasets/{other}.csv").status_code in {401, 403}
    assert program.get("datasets/places.csv").status_code == 200
    asked = {"query": "SELECT * FROM residents"}
    assert program.post("api/v1/sql", json=asked).status_code >= 400
    assert words not in browser.get("me/tokens").text

    given = browser.post("datasets/sealed/prototype.zip", {"words": words})
    folder = unpacked(given.content, tmp_path)
    assert (folder / "token.txt").read_text().strip() == words
    another = closed.desk.browser_of("steward")
    assert another.post("datasets/sealed/prototype.zip", {"words": words}).status_code == 401


def test_other_sites_read_open_data_and_errors_and_nothing_with_a_cookie(closed: Closed) -> None:
    program = closed.client()
    for path in ("api/v1/datasets/places/rows", "datasets/places.json", "datasets/places.csv"):
        asked = program.options(path, headers={**SITE, "Access-Control-Request-Method": "GET"})
        assert asked.status_code == 204
        assert "Authorization" in asked.headers["access-control-allow-headers"]
        got = program.get(path, headers=SITE)
        assert got.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in got.headers
    refused = program.get(
        "api/v1/datasets/places/rows", headers={**SITE, "Authorization": f"Bearer dlt_{'a' * 43}"}
    )
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, "*")
    signed_in = closed.desk.browser_of("agent")
    seen = signed_in.get("api/v1/datasets/sealed/rows", **SITE)
    assert seen.status_code == 200
    assert "access-control-allow-origin" not in seen.headers
    for path in ("me/tokens", "api/v1/sql", "datasets/places/prototype"):
        answer = program.options(path, headers={**SITE, "Access-Control-Request-Method": "POST"})
        assert "access-control-allow-origin" not in answer.headers
        assert "access-control-allow-origin" not in program.get(path, headers=SITE).headers


def test_no_word_of_a_dataset_becomes_part_of_a_program(closed: Closed, tmp_path: Path) -> None:
    browser = closed.desk.browser()
    folder = unpacked(browser.get("datasets/hostile/prototype.zip").content, tmp_path)
    for name in prototype.FILES:
        assert (folder / name).read_bytes() == (prototype.KIT / name).read_bytes()
    config = (folder / "config.json").read_bytes()
    assert config.isascii()
    assert HOSTILE in json.loads(config)["title"]
    for name in ("client.py", "app.py", "serve.py"):
        ast.parse((folder / name).read_text())
    for name in ("LISEZ-MOI.md", "README.md"):
        if (folder / name).exists():
            assert not re.search(r"(?<!\\)<", (folder / name).read_text())
    assert "<script>window" not in browser.get("datasets/hostile/prototype").text
    shelf = closed.desk.app.state.library.shelf()
    cells = json.loads(prototype.notebook_of(shelf.get("hostile"), "fr", "http://lab"))["cells"]
    for cell in cells:
        if cell["cell_type"] == "markdown":
            assert not re.search(r"(?<!\\)<", cell["source"])
        else:
            assert "hurt" not in cell["source"]


@pytest.fixture
def workplace(closed: Closed) -> Iterator[str]:
    with served(closed.desk.settings) as address:
        yield address


def taken(address: str, dataset: str, folder: Path, token: str = "") -> Path:
    from urllib.request import urlopen

    with urlopen(f"{address}datasets/{dataset}/prototype.zip?lang=en") as answer:
        made = unpacked(answer.read(), folder)
    if token:
        (made / "token.txt").write_text(token)
    return made


def test_the_python_client_reads_the_lab_from_outside(
    closed: Closed, workplace: str, tmp_path: Path
) -> None:
    folder = taken(workplace, "hostile", tmp_path / "a")
    done = ran(folder)
    assert done.returncode == 0, done.stderr
    assert "Open Database License" in done.stdout
    assert "Quality:" in done.stdout
    assert "published" in done.stdout
    assert not list(folder.rglob("hurt"))
    assert ran(folder, "--csv", "table.csv").returncode == 0
    assert (folder / "table.csv").read_text().startswith("code,amount")


def test_what_goes_wrong_is_said_plainly(closed: Closed, workplace: str, tmp_path: Path) -> None:
    made, words = tokens.make(closed.desk.store, now(), "agent", "essai", now() + 90)
    folder = taken(workplace, "places", tmp_path / "a", words)
    assert ran(folder).returncode == 0
    tokens.revoke(closed.desk.store, now(), "agent", made.id)
    done = ran(folder)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "it was withdrawn or is over" in done.stderr
    config = json.loads((folder / "config.json").read_text())
    (folder / "token.txt").unlink()

    (folder / "config.json").write_text(json.dumps({**config, "dataset": "sealed"}))
    assert "reserved" in ran(folder).stderr
    (folder / "config.json").write_text(json.dumps({**config, "dataset": "nowhere"}))
    assert "no such dataset" in ran(folder).stderr
    more = {**config["columns"], "lost": {"type": "integer", "unit": None}}
    (folder / "config.json").write_text(json.dumps({**config, "columns": more}))
    assert "These columns are gone: lost" in ran(folder).stderr
    (folder / "config.json").write_text(json.dumps({**config, "api": "http://127.0.0.1:9/x"}))
    assert "cannot be reached" in ran(folder).stderr


def test_a_spent_quota_is_said_with_how_long_to_wait(closed: Closed, tmp_path: Path) -> None:
    settings = closed.desk.settings.model_copy(update={"token_requests_per_minute": 1})
    _, words = tokens.make(closed.desk.store, now(), "agent", "essai", now() + 90)
    with served(settings) as address:
        folder = taken(address, "places", tmp_path / "a", words)
        assert re.search(r"the quota is spent.*\(\d+ s\)", ran(folder).stderr)


def test_a_breaking_change_is_announced_by_the_program(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path / "lab")
    two = {"code": "varchar", "amount": "integer"}
    workshop.write(described("prices", two), "code,amount\na,1\n")
    assert workshop.refresh() == {"prices": "published"}
    with served(workshop.settings) as address:
        folder = taken(address, "prices", tmp_path / "a")
        assert "announced" not in ran(folder).stderr
        workshop.write(described("prices", {"code": "varchar"}), "code\na\n")
        announce(workshop)
        done = ran(folder)
        assert done.returncode == 0
        assert "A change that breaks this program is announced, at the latest on" in done.stderr


def announce(workshop: Workshop) -> None:
    """A notice, as the refresh of a dataset that is in use writes it."""
    from datalab.catalog.compatibility import SchemaChange
    from datalab.lake import notice
    from datalab.lake.layout import folder
    from datalab.portal.language import now as moment

    since, until = notice.period(14, moment())
    gone = SchemaChange("column-removed", "amount", "integer").as_json()
    wanted = notice.Notice("prices", "x", since, until, (gone,))
    settings = workshop.settings
    notice.begin(settings.home / "writer", folder(settings.lake, "open"), wanted)


@contextmanager
def running(folder: Path, program: str) -> Iterator[str]:
    started = subprocess.Popen(
        [sys.executable, program, "0"], cwd=folder, stdout=subprocess.PIPE, text=True
    )
    assert started.stdout
    try:
        yield started.stdout.readline().strip()
    finally:
        started.terminate()
        started.wait(10)


def test_the_python_app_escapes_what_it_shows_and_answers_to_its_own_name_only(
    workplace: str, tmp_path: Path
) -> None:
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    folder = taken(workplace, "hostile", tmp_path / "a")
    with running(folder, "app.py") as address:
        text = urlopen(address).read().decode()
        assert "Open Database License" in text
        assert "<script" not in text
        assert "<img" not in text
        with pytest.raises(HTTPError, match="403"):
            urlopen(Request(address, headers={"Host": "evil.example:80"}))
        with pytest.raises(HTTPError, match="404"):
            urlopen(address + "token.txt")


@pytest.mark.browser
def test_the_javascript_app_reads_the_lab_from_another_port(
    closed: Closed, workplace: str, tmp_path: Path, browser: Browser
) -> None:
    folder = taken(workplace, "hostile", tmp_path / "a")
    with running(folder, "serve.py") as address:
        assert not address.startswith(workplace.removesuffix(f"{PREFIX}/"))
        page = browser.new_page(viewport={"width": 360, "height": 740})
        page.goto(address)
        page.locator("#rows tr").first.wait_for()
        assert page.locator("#rows tr").count() == 1
        assert "Open Database License" in page.locator("#attribution").inner_text()
        assert page.locator("#quality").inner_text().startswith("Quality:")
        assert page.evaluate("window.hurt") is None
        assert not page.get_by_label("Personal token").is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        page.close()
    closed_data = taken(workplace, "places", tmp_path / "b")
    config = json.loads((closed_data / "config.json").read_text())
    columns = {"id": {"type": "integer", "unit": None}}
    sealed = {**config, "dataset": "sealed", "columns": columns, "shown": ["id"]}
    (closed_data / "config.json").write_text(json.dumps(sealed))
    made, words = tokens.make(
        closed.desk.store, now(), "agent", "essai", now() + 900, dataset="sealed"
    )
    with running(closed_data, "serve.py") as address:
        page = browser.new_page()
        page.goto(address)
        page.get_by_text("These data are reserved").wait_for()
        page.get_by_label("Personal token").fill(words)
        page.get_by_role("button", name="Read with this token").click()
        page.locator("#rows tr").first.wait_for()
        tokens.revoke(closed.desk.store, now(), "agent", made.id)
        page.get_by_label("descending").check()
        page.get_by_text("it was withdrawn or is over").wait_for()
        page.close()


def test_a_program_with_a_narrow_token_signs_nothing(closed: Closed) -> None:
    _, words = tokens.make(closed.desk.store, now(), "agent", "essai", now() + 90, dataset="sealed")
    program: TestClient = closed.client(words)
    assert program.post("api/v1/flags", json={}).status_code >= 400
