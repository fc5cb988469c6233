"""The versions of a project on the pages, and taking one back while no server runs."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

from datalab.people import audit
from datalab.projects.history import Author, Work
from datalab.projects.project import Project
from datalab.projects.server import ProjectServers
from tests.portal.desk import Desk
from tests.portal.test_projects import made, project_of

STUDENT = Author("student", "Student")
BAD = "<script>alert(1)</script>"


def notebook(*sources: str) -> str:
    cells = [nbformat.v4.new_code_cell(text, id=f"cell-{n}") for n, text in enumerate(sources)]
    return str(nbformat.writes(nbformat.v4.new_notebook(cells=cells)))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A project with three versions; nobody has its server running."""
    found = Desk(tmp_path / "home")

    class Asleep(ProjectServers):
        def state(self, project: Project) -> str:  # type: ignore[override]
            return "asleep"

    found.app.state.servers = lambda: Asleep(found.app.state.hub_api, lambda: "")
    project = made(found)
    work = Work(project)
    for at, text in ((2_000_000_000.0, "a = 1"), (2_000_000_100.0, f"a = 2  # {BAD}")):
        (project.work / "count.ipynb").write_text(notebook("import datalab", text))
        work.commit(at, [STUDENT])
    return found


def ids(desk: Desk) -> list[str]:
    browser = desk.browser_of("citizen")
    token = {"X-Datalab-Token": browser.token}
    answer = browser.get("projects/shade/versions.json", Accept="application/json", **token)
    return [item["id"] for item in answer.json()["versions"]]


def test_the_list_names_who_changed_what(desk: Desk) -> None:
    page = desk.browser_of("citizen").get("projects/shade/versions")
    assert page.status_code == 200
    assert page.text.count('<p class="moment">') == 3
    assert "count.ipynb" in page.text
    assert "by Student" in page.text
    assert page.headers["cache-control"] == "private, no-store"


def test_a_version_shows_its_lines_and_no_markup_of_theirs(desk: Desk) -> None:
    page = desk.browser_of("agent").get(f"projects/shade/versions/{ids(desk)[0][:12]}")
    assert page.status_code == 200
    assert "a = 1" in page.text
    assert "&lt;script&gt;" in page.text
    assert BAD not in page.text
    assert "Take this state back" in page.text


@pytest.mark.parametrize("who", ["entrepreneur", "operator"])
def test_strangers_see_no_version(desk: Desk, who: str) -> None:
    browser, newest = desk.browser_of(who), ids(desk)[0]
    for path in ("versions", f"versions/{newest}", f"versions/{newest}/file?path=count.ipynb"):
        assert browser.get(f"projects/shade/{path}").status_code == 403
    answer = browser.post(f"projects/shade/versions/{newest}/restore", {"path": "count.ipynb"})
    assert answer.status_code == 403


def test_a_viewer_reads_versions_and_takes_none_back(desk: Desk) -> None:
    browser, newest = desk.browser_of("citizen"), ids(desk)[0]
    assert "Take this state back" not in browser.get(f"projects/shade/versions/{newest}").text
    answer = browser.post(f"projects/shade/versions/{newest}/restore", {"path": "count.ipynb"})
    assert answer.status_code == 403


def test_taking_a_version_back_loses_neither_the_state_it_replaces(desk: Desk) -> None:
    project = project_of(desk)
    unsaved = notebook("import datalab", "a = 3")
    (project.work / "count.ipynb").write_text(unsaved)
    older = ids(desk)[1]
    answer = desk.browser_of("agent").post(
        f"projects/shade/versions/{older}/restore", {"path": "count.ipynb"}
    )
    assert answer.status_code == 303
    restored = json.loads((project.work / "count.ipynb").read_text())
    assert restored["cells"][1]["source"] == ["a = 1"]
    newest, replaced, *_ = ids(desk)
    browser = desk.browser_of("agent")
    kept = browser.get(f"projects/shade/versions/{replaced}/file?path=count.ipynb")
    assert json.loads(kept.text) == json.loads(unsaved)
    assert kept.headers["content-disposition"].startswith("attachment")
    assert "by Agent" in browser.get(f"projects/shade/versions/{newest}").text
    entry = audit.entries(desk.store, limit=1)[0]
    assert (entry.actor, entry.action, entry.subject) == ("agent", "version.restore", "shade")


def test_what_is_not_there_is_said_so(desk: Desk) -> None:
    browser, newest = desk.browser_of("student"), ids(desk)[0]
    assert browser.get("projects/shade/versions/ffffffffffff").status_code == 404
    assert browser.get("projects/nothing/versions").status_code == 404
    for path in ("../project.yaml", "/etc/passwd", "missing.ipynb", ""):
        answer = browser.post(f"projects/shade/versions/{newest}/restore", {"path": path})
        assert answer.status_code == 409
        file = browser.get(f"projects/shade/versions/{newest}/file?path={path}")
        assert file.status_code == 404


def test_a_form_without_its_token_takes_nothing_back(desk: Desk) -> None:
    browser, oldest = desk.browser_of("student"), ids(desk)[-1]
    path = f"projects/shade/versions/{oldest}/restore"
    assert browser.post(path, {"_token": "x", "path": "count.ipynb"}).status_code == 403
    assert len(ids(desk)) == 3
