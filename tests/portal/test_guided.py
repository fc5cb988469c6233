"""The guided view of a notebook: read, set, run for oneself, comment; and every way to abuse it."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from datalab.isolation.sandbox import probe
from datalab.portal.views.guided import FRAME_POLICY
from datalab.projects.project import Project
from tests.portal.desk import Browser, Desk
from tests.portal.test_projects import made

PATIENCE = 60
CONTROLS = """
from datalab.notebook.controls import Controls
c = Controls.of_environment("fr")
town = c.choice("Town", ["Dijon", "Talant"], "Dijon")
many = c.slider("Many", 1, 10, 3, 1)
"""


def code(identifier: str, source: str, *outputs: dict[str, Any]) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": identifier,
        "metadata": {},
        "source": source,
        "execution_count": None,
        "outputs": list(outputs),
    }


def markdown(identifier: str, source: str, **more: Any) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": identifier, "metadata": {}, "source": source, **more}


def shown(**bundle: Any) -> dict[str, Any]:
    told = {"application__vnd_datalab_control_json": "application/vnd.datalab.control+json"}
    data = {told.get(name, name.replace("__", "/")): value for name, value in bundle.items()}
    return {"output_type": "display_data", "data": data, "metadata": {}}


def put(project: Project, name: str, *cells: dict[str, Any], **more: Any) -> None:
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells), **more}
    (project.work / name).write_text(json.dumps(document))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "home")


@pytest.fixture
def project(desk: Desk) -> Project:
    found = made(desk)
    put(
        found,
        "count.ipynb",
        markdown("intro", "# Bikes\n\nHow many?"),
        code("set", CONTROLS),
        code("say", "print(town, many)"),
    )
    return found


@pytest.fixture
def citizen(desk: Desk, project: Project) -> Iterator[Browser]:
    browser = desk.browser_of("citizen")
    with browser.client:  # one event loop for all requests, as streams need it
        yield browser


def guided(name: str = "count.ipynb") -> str:
    return f"projects/shade/guided/{name}"


def ran(browser: Browser, page: str) -> Any:
    """The page of a run once it is over."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        answer = browser.get(page)
        if 'http-equiv="refresh"' not in answer.text:
            return answer
        time.sleep(0.2)
    raise AssertionError("the run did not end")


# -- who sees it ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["student", "agent", "citizen"])
def test_every_member_reads_it(desk: Desk, project: Project, name: str) -> None:
    page = desk.browser_of(name).get(guided())
    assert page.status_code == 200
    assert "<h1>Bikes</h1>" in page.text
    assert ("Open the live notebook" in page.text) == (name != "citizen")


def test_others_do_not_whatever_address_they_try(desk: Desk, project: Project) -> None:
    other = desk.browser_of("entrepreneur")
    for path in (guided(), "projects/shade/frame/count.ipynb?cell=say&n=0"):
        assert other.get(path).status_code == 403
    assert other.post(guided()).status_code == 403
    assert other.post("projects/shade/comments").status_code == 403
    token = {"X-Datalab-Token": other.token, "Sec-Fetch-Mode": "cors"}
    for path in ("comments.json?notebook=count.ipynb", "comments/stream?notebook=count.ipynb"):
        assert other.get(f"projects/shade/{path}", **token).status_code == 403
    assert desk.browser().get(guided()).status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "../project.yaml",
        "..%2f..%2fhub%2fpeople.sqlite",
        "%2e%2e/%2e%2e/hub/people.sqlite",
        "/etc/passwd",
        ".hidden.ipynb",
        "a%2f..%2fcount.ipynb",
        "count.ipynb%00",
        "x" * 500 + ".ipynb",
        "missing.ipynb",
        "project.yaml",
    ],
)
def test_no_path_leads_out_of_the_work_folder(citizen: Browser, path: str) -> None:
    answer = citizen.get(guided(path))
    assert answer.status_code in {307, 404}
    assert "SQLite" not in answer.text
    assert "root:" not in answer.text


def test_links_and_pipes_are_no_notebooks(
    citizen: Browser, project: Project, tmp_path: Path
) -> None:
    outside = tmp_path / "outside.ipynb"
    outside.write_text('{"nbformat": 4, "cells": []}')
    (project.work / "link.ipynb").symlink_to(outside)
    (project.work / "folder").symlink_to(tmp_path)
    os.link(outside, project.work / "hard.ipynb")
    os.mkfifo(project.work / "pipe.ipynb")
    for name in ("link.ipynb", "folder/outside.ipynb", "hard.ipynb", "pipe.ipynb"):
        assert citizen.get(guided(name)).status_code == 404


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"[" * 100_000,
        b'{"nbformat": 3, "worksheets": []}',
        b'{"nbformat": 4, "cells": [5]}',
        b'{"nbformat": 4, "cells": [{"cell_type": "bad"}]}',
        b'{"nbformat": 4, "cells": ' + b'[{"cell_type": "raw"}' + b',{"cell_type":"raw"}' * 2000,
        b"\xff\xfe\x00",
    ],
)
def test_a_damaged_notebook_gets_a_page_with_the_next_step(
    citizen: Browser, project: Project, content: bytes
) -> None:
    (project.work / "bad.ipynb").write_bytes(content)
    answer = citizen.get(guided("bad.ipynb"))
    assert 400 <= answer.status_code < 500
    assert "take back an earlier version" in answer.text


def test_fifty_megabytes_are_refused_with_the_way_to_make_them_fewer(
    citizen: Browser, project: Project
) -> None:
    text = shown(text__plain="x" * 50_000_000)
    put(project, "huge.ipynb", code("a", "1", text))
    answer = citizen.get(guided("huge.ipynb"))
    assert answer.status_code == 413
    assert "larger than 20 MB" in answer.text


def test_odd_outputs_break_nothing(citizen: Browser, project: Project) -> None:
    odd: list[Any] = [
        5,
        {},
        {"output_type": "display_data"},
        {"output_type": "display_data", "data": 5},
    ]
    odd += [
        {"output_type": "error", "traceback": "x"},
        {"output_type": "stream", "text": [1, None]},
    ]
    odd += [
        shown(image__png="not base64!"),
        shown(image__png=["iVBO", "Rw0K"]),
        shown(text__html=7),
    ]
    control = "application/vnd.datalab.control+json"
    for wrong in (
        5,
        {"kind": "choice"},
        {"kind": "slider", "label": "x"},
        {"kind": "x", "label": "y"},
    ):
        odd.append({"output_type": "display_data", "data": {control: wrong, "text/plain": "t"}})
    put(project, "odd.ipynb", code("a", "1", *odd), code("a", "2"), code("é", "3"))
    assert citizen.get(guided("odd.ipynb")).status_code == 200


# -- what others wrote ---------------------------------------------------------------------

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)><svg onload=alert(1)>"


def test_nothing_that_others_wrote_acts_on_the_page(citizen: Browser, project: Project) -> None:
    control = {"kind": "text", "label": f'">{HOSTILE}', "value": f'">{HOSTILE}'}
    links = "[x](javascript:alert(1)) <a href='data:text/html,x'>y</a>"
    error = {"output_type": "error", "ename": HOSTILE, "evalue": HOSTILE}
    put(
        project,
        "bad.ipynb",
        markdown("one", f"# {HOSTILE}\n\n{HOSTILE}\n\n{links}"),
        markdown("two", "<form action='/hub/logout'><button>x</button></form><style>*{}</style>"),
        markdown(
            "three",
            "![p](attachment:a.png) <iframe src='//evil.test'></iframe>",
            attachments={"a.png": {"image/svg+xml": HOSTILE}},
        ),
        code("four", HOSTILE, {"output_type": "stream", "text": HOSTILE}),
        code("five", "1", {**error, "traceback": [HOSTILE, "b"]}),
        code("six", "1", shown(text__html="<p onclick=alert(1) style='position:fixed'>hello</p>")),
        code("seven", "1", shown(application__vnd_datalab_control_json=control)),
    )
    page = citizen.get(guided("bad.ipynb"))
    assert page.status_code == 200
    assert set(re.findall(r"<script[^>]*>", page.text)) == set(
        re.findall(r'<script defer src="[^"]+">', page.text)
    )
    assert not re.search(r"<[^>\"]*\son\w+\s*=", page.text)
    assert not re.search(r"<(svg on|style|iframe|img src=x)", page.text)
    assert 'href="javascript:' not in page.text
    assert "<p>hello</p>" in page.text
    assert "/hub/logout'" not in page.text
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


def test_what_acts_is_shown_in_a_frame_without_an_origin(
    citizen: Browser, project: Project
) -> None:
    put(
        project,
        "map.ipynb",
        code("m", "1", shown(text__html="<canvas></canvas><script>x</script>")),
    )
    page = citizen.get(guided("map.ipynb"))
    frame = re.search(
        r'<iframe class="figure" sandbox="allow-scripts"[^>]* src="([^"]+)"', page.text
    )
    assert frame
    answer = citizen.get(f"http://lab.test{frame[1].replace('&amp;', '&')}")
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts; default-src 'none'")
    assert "connect-src" not in FRAME_POLICY  # none, by default
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    # The frame gives away nothing that proves a form.
    assert citizen.token not in answer.text
    for n in ("1", "-1", "999"):
        assert citizen.get(f"projects/shade/frame/map.ipynb?cell=m&n={n}").status_code == 404


# -- runs ----------------------------------------------------------------------------------

needs_walls = pytest.mark.skipif(probe(Path("/tmp")).refuses, reason="no run without walls")


@needs_walls
def test_a_reader_sets_the_controls_and_sees_other_results(
    citizen: Browser, project: Project
) -> None:
    before = (project.work / "count.ipynb").read_bytes()
    first = ran(citizen, _path(citizen.post(guided())))
    assert "Dijon 3" in first.text
    assert '<option value="Talant">Talant</option>' in first.text
    sent = {"v:Town": "Talant", "v:Many": "7", "at": "set"}
    answer = citizen.post(guided(), sent)
    assert answer.status_code == 303
    assert answer.headers["location"].endswith("#cell-set")
    second = ran(citizen, _path(answer))
    assert "Talant 7" in second.text
    assert '<option value="Talant" selected>' in second.text
    assert "for you alone" in second.text
    # The project itself knows nothing of it.
    assert "Talant 7" not in citizen.get(guided()).text
    assert (project.work / "count.ipynb").read_bytes() == before


@needs_walls
@pytest.mark.parametrize("sent", [{"v:Town": "Lyon"}, {"v:Many": "1e9"}, {"v:Town": "x" * 5000}])
def test_hostile_values_become_the_default_and_are_said(
    citizen: Browser, sent: dict[str, str]
) -> None:
    page = ran(citizen, _path(citizen.post(guided(), sent)))
    assert "Dijon 3" in page.text
    assert 'class="wrong" id="c-set-' in page.text


@needs_walls
def test_a_run_belongs_to_one_visit_of_one_person(desk: Desk, citizen: Browser) -> None:
    address = _path(citizen.post(guided()))
    ran(citizen, address)
    run = address.partition("run=")[2]
    elsewhere = desk.browser_of("citizen", "another-browser")
    for other in (desk.browser_of("student"), elsewhere):
        page = other.get(f"{guided()}?run={run}")
        assert "Dijon 3" not in page.text
        assert "no longer kept" in page.text
        assert other.post(f"projects/shade/runs/{run}/cancel").status_code == 404
        token = {"X-Datalab-Token": other.token, "Sec-Fetch-Mode": "cors"}
        assert other.get(f"projects/shade/runs/{run}/events", **token).status_code == 404
        assert (
            other.get(f"projects/shade/frame/count.ipynb?cell=say&n=0&run={run}").status_code == 404
        )


@needs_walls
def test_a_run_is_told_cell_by_cell_and_can_be_stopped(citizen: Browser, project: Project) -> None:
    put(project, "slow.ipynb", code("a", "print(1)"), code("b", "import time; time.sleep(300)"))
    token = {"X-Datalab-Token": citizen.token, "Sec-Fetch-Mode": "cors"}
    asked = citizen.post(guided("slow.ipynb"), None, Accept="application/json", **token).json()
    deadline = time.monotonic() + PATIENCE
    while "1 of 2 cells done" not in citizen.get(f"http://lab.test{asked['address']}").text:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert citizen.post(f"projects/shade/runs/{asked['run']}/cancel").status_code == 303
    told = citizen.get(f"projects/shade/runs/{asked['run']}/events", **token).text
    assert told.count("event: cell") >= 2
    assert '"busy": false' in told
    assert "was stopped" in told
    assert "<pre" in told


@needs_walls
def test_what_stops_a_cell_is_said_in_plain_words(citizen: Browser, project: Project) -> None:
    put(project, "bad.ipynb", code("a", "1/0"), code("b", "print('never')"))
    page = ran(citizen, _path(citizen.post(guided("bad.ipynb"))))
    assert "This cell could not be computed." in page.text
    assert "The program stopped here." in page.text
    assert "<details><summary>Details for those who write" in page.text
    assert "ZeroDivisionError" in page.text


@needs_walls
def test_a_run_reads_what_both_the_project_and_the_person_may(
    desk: Desk, citizen: Browser, project: Project
) -> None:
    from datalab.portal.temporary import lakes_of

    assert lakes_of(desk.app, project, "student") == {"open"}  # a citizen is a member
    assert lakes_of(desk.app, project, "citizen") == {"open"}
    assert lakes_of(desk.app, project, "nobody") == set()


def test_two_run_at_once_and_the_others_know_their_place(desk: Desk, project: Project) -> None:
    reruns = desk.app.state.reruns
    put(project, "slow.ipynb", code("b", "import time; time.sleep(300)"))
    people = [desk.browser_of(name) for name in ("student", "agent", "citizen")]
    asked = []
    try:
        for browser in people:
            address = _path(browser.post(guided("slow.ipynb")))
            asked.append(address)
            time.sleep(0.5)
        assert "Your place in the line: 1" in people[2].get(asked[2]).text
        # Asking again takes one's own earlier place, it does not take another.
        again = _path(people[2].post(guided("slow.ipynb")))
        assert "was stopped" in people[2].get(asked[2]).text
        assert "Your place in the line: 1" in people[2].get(again).text
    finally:
        for run in list(reruns._runs.values()):
            reruns.cancel(run)


def _path(answer: Any) -> str:
    assert answer.status_code == 303, answer.text
    return f"http://lab.test{answer.headers['location'].partition('#')[0]}"


# -- comments ------------------------------------------------------------------------------


def say(browser: Browser, text: str, **more: str) -> Any:
    fields = {"action": "add", "notebook": "count.ipynb", "cell": "say", "text": text}
    return browser.post("projects/shade/comments", {**fields, **more})


def test_a_comment_is_read_by_all_members_under_its_author(desk: Desk, citizen: Browser) -> None:
    answer = say(citizen, f"Why? {HOSTILE}")
    assert answer.headers["location"].endswith("count.ipynb#talk-say")
    page = desk.browser_of("student").get(guided()).text
    assert "<b>Citizen</b>" in page
    assert "Why? &lt;script&gt;" in page
    assert "<script>alert" not in page


def test_what_was_typed_is_kept_where_it_could_not_be_saved(citizen: Browser) -> None:
    answer = say(citizen, "x" * 2001)
    assert answer.status_code == 400
    assert "x" * 2001 in answer.text
    assert "it has 2001 characters" in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_a_flood_is_refused_and_what_is_there_stays(citizen: Browser) -> None:
    states = [say(citizen, f"{n}").status_code for n in range(8)]
    assert states == [303] * 6 + [429] * 2


def test_a_comment_outlives_its_cell(desk: Desk, citizen: Browser, project: Project) -> None:
    say(citizen, "About a cell that goes.")
    put(project, "count.ipynb", markdown("intro", "# Bikes"))
    page = citizen.get(guided()).text
    orphans = page.partition('<section class="orphans"')[2]
    assert "About a cell that goes." in orphans


def test_a_form_of_another_site_says_nothing(citizen: Browser) -> None:
    fields = {"action": "add", "notebook": "count.ipynb", "cell": "say", "text": "forged"}
    for headers in ({"Origin": "http://evil.test"}, {"Sec-Fetch-Site": "cross-site"}):
        assert citizen.post("projects/shade/comments", fields, **headers).status_code == 403
    assert citizen.post("projects/shade/comments", {**fields, "_token": "0"}).status_code == 403
    assert citizen.post(guided(), {"_token": "0"}).status_code == 403
    assert "forged" not in citizen.get(guided()).text


def test_the_pass_of_jupyterlab_is_good_for_one_project_only(desk: Desk, project: Project) -> None:
    made(desk, "other")
    student = desk.browser_of("student")
    entered = student.get("projects/shade/comments/enter?notebook=count.ipynb")
    address, _, granted = entered.headers["location"].partition("#datalab-pass=")
    assert address == "/user/proj-shade/lab/tree/count.ipynb"
    script = {"Sec-Fetch-Mode": "cors", "Accept": "application/json"}
    shown_pass = {**script, "X-Datalab-Token": granted}
    here = "projects/shade/comments.json?notebook=count.ipynb"
    assert student.get(here, **shown_pass).json()["may_mark"] is True
    assert student.get(here, **script).status_code == 401
    assert student.get(here.replace("shade", "other"), **shown_pass).status_code == 401
    for page in (guided(), "me/", "projects/shade/"):
        assert student.get(page, **{**shown_pass, "Accept": "text/html"}).status_code != 200 or (
            student.token not in student.get(page, **{**shown_pass, "Accept": "text/html"}).text
        )
    body = {"action": "add", "notebook": "count.ipynb", "cell": "say", "text": "From the Lab"}
    headers = {**shown_pass, "Origin": "http://lab.test", "Sec-Fetch-Site": "same-origin"}
    posted = student.client.post("projects/shade/comments.json", json=body, headers=headers)
    assert [note["text"] for note in posted.json()["notes"]] == ["From the Lab"]
    # Another person's pass is nobody's.
    agent = desk.browser_of("agent")
    assert agent.get(here, **shown_pass).status_code == 401
    assert desk.browser_of("citizen").get("projects/shade/comments/enter").status_code == 403


def test_who_is_removed_hears_nothing_more(desk: Desk, citizen: Browser) -> None:
    say(citizen, "first")
    script = {"Sec-Fetch-Mode": "cors", "X-Datalab-Token": citizen.token}
    projects = desk.app.state.projects

    def leave(manifest: Any) -> Any:
        kept = tuple(m for m in manifest.members if m.account != "citizen")
        return manifest.model_copy(update={"members": kept})

    projects.change("shade", leave)
    assert citizen.get(guided()).status_code == 403
    address = "projects/shade/comments/stream?notebook=count.ipynb&after=0"
    assert citizen.get(address, **script).status_code == 403


def test_listeners_are_bounded_for_each_person() -> None:
    from datalab.errors import TooManyStreams
    from datalab.portal.streams import MOST_EACH, Streams

    async def nothing() -> Any:
        yield ""

    streams = Streams()
    held = [streams.answer("citizen", nothing) for _ in range(MOST_EACH)]
    with pytest.raises(TooManyStreams):
        streams.answer("citizen", nothing)
    streams.answer("student", nothing)
    held[0]._close()  # type: ignore[attr-defined]
    streams.answer("citizen", nothing)


def test_listeners_are_bounded_for_each_address_however_many_browsers_it_claims_to_be() -> None:
    from datalab.errors import TooManyStreams
    from datalab.portal.streams import MOST_ADDRESS, Streams

    async def nothing() -> Any:
        yield ""

    streams = Streams()
    held = [streams.answer(f"visitor {n}", nothing, "192.0.2.1") for n in range(MOST_ADDRESS)]
    with pytest.raises(TooManyStreams):
        streams.answer("visitor another", nothing, "192.0.2.1")
    streams.answer("visitor another", nothing, "192.0.2.2")
    streams.answer("citizen", nothing)
    held[0]._close()  # type: ignore[attr-defined]
    streams.answer("visitor another", nothing, "192.0.2.1")
