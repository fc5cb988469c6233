"""Readers who may not, or not all, at every door of the portal: no hidden value comes out.

The doors are those of the application's own table of routes: a new one is tried as soon as it is
there. Answers are unpacked (Parquet, XLSX, Arrow) before they are searched.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from datalab.people import accounts, audit
from tests.portal.closed import CLOSED, HIDDEN, MASKS, Closed
from tests.portal.conftest import PREFIX
from tests.portal.desk import Browser, now

DATASETS = ("residents", "sealed", "budgets")
GUESSES = (
    *(f"restricted-{name}" for name in ("residents", "sealed")),
    *("restricted-residents--students", "residents--students", "residents--others"),
    *("../residents", "..%2Frestricted-residents", "residents%00", "RESIDENTS", "open.residents"),
)
# Doors of data; of every other one a single question is asked.
ABOUT = re.compile(r"\{dataset|/ogc/|/api/|/sql|catalog|/datasets|feed|sitemap|rss|atom")
QUERIES = (
    "",
    "snapshot=1&limit=10000&old=1&new=2&from=1&to=2",
    "snapshot=2&sort=-name&map=income&columns=name,pupil",
    "q=CANARIE&f=json&filter=name%20LIKE%20%27CANARIE%25%27",
    "name=CANARIE-NOM&facet=name&dialect=excel&format=csv",
    "id=residents&resource_id=residents&dataset=residents&q=name:CANARIE-NOM",
)
FEW = QUERIES[:2]


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Closed:
    made = Closed(tmp_path_factory.mktemp("attacker"))
    made.change(description={"fr": "Deuxième publication.", "en": "Published again."})
    made.keep_back()
    settings = made.desk.app.state.quotas.settings
    made.desk.app.state.quotas.settings = settings.model_copy(
        update={"token_requests_per_minute": 10**9, "token_requests_per_day": 10**9}
    )
    return made


def routes(app: Any) -> Iterator[tuple[str, frozenset[str]]]:
    """Path and methods of every route of an application, those of routers it took in included."""

    def walk(listed: Iterable[Any], prefix: str) -> Iterator[tuple[str, frozenset[str]]]:
        for route in listed:
            inner = getattr(route, "original_router", None)
            if inner is not None:
                yield from walk(inner.routes, prefix + route.include_context.prefix)
            elif getattr(route, "methods", None):
                yield prefix + route.path, frozenset(route.methods)

    yield from walk(app.routes, "")


def filled(path: str, **values: str) -> str:
    """The address of a route below the prefix, its parameters filled in."""
    for name in re.findall(r"\{(\w+)(?::\w+)?\}", path):
        value = values.get(name, values["name"])
        path = re.sub(rf"\{{{name}(:\w+)?\}}", lambda _, v=value: v, path)
    return path.removeprefix(PREFIX).lstrip("/")


def addresses(path: str, queries: tuple[str, ...]) -> Iterator[str]:
    """What is asked of one route: closed datasets in every way, and names that one may guess."""
    if not ABOUT.search(path):
        yield filled(path, name="residents") + f"?{queries[-1]}"
        return
    for z, x, y in (("0", "0", "0"), ("14", "8421", "5751")) if "{z}" in path else (("1",) * 3,):
        for name, query in itertools.product(DATASETS, queries):
            asked = filled(path, name=name, z=z, x=x, y=y, feature="1")
            yield f"{asked}?{query}" if query else asked
    for name in GUESSES if "{" in path else ():
        yield filled(path, name=name, z="0", x="0", y="0")


def unpacked(answer: Any) -> str:
    """Everything that an answer says, whatever it is packed in."""
    body: bytes = answer.content
    text = body.decode("utf-8", "replace") + str(dict(answer.headers))
    with contextlib.suppress(ValueError):
        text += json.dumps(json.loads(body), ensure_ascii=False)
    if body[:4] == b"PAR1":
        from pyarrow import parquet

        text += str(parquet.read_table(io.BytesIO(body)).to_pylist())
        text += str(parquet.read_metadata(io.BytesIO(body)).to_dict())
    elif body[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            text += "".join(archive.read(n).decode("utf-8", "replace") for n in archive.namelist())
    elif "arrow" in answer.headers.get("content-type", "") and answer.status_code == 200:
        import pyarrow

        text += str(pyarrow.ipc.open_stream(io.BytesIO(body)).read_all().to_pylist())
    return text


def leaks(answer: Any, hidden: Iterable[str], asked: str) -> list[str]:
    """Hidden values in an answer, but for what the question itself said."""
    text = unpacked(answer)
    return [value for value in hidden if value in text and value not in asked]


def reading_routes(closed: Closed) -> list[str]:
    found = sorted({path for path, methods in routes(closed.desk.app) if "GET" in methods})
    # Streams of events never end; they are those of sessions and comments.
    return [path for path in found if not path.endswith(("/events", "/stream", "/feed"))]


def attack(
    closed: Closed,
    reader: TestClient,
    hidden: tuple[str, ...],
    queries: tuple[str, ...] = QUERIES,
) -> list[str]:
    """Ask every door for everything; what leaked, with the address."""
    found = []
    for path in reading_routes(closed):
        for asked in addresses(path, queries):
            answer = reader.get(asked, follow_redirects=False)
            assert answer.status_code < 500 or answer.status_code == 503, (asked, answer.text)
            found += [f"{value} at {asked}" for value in leaks(answer, hidden, asked)]
    return found


def as_program(browser: Browser) -> TestClient:
    """A browser that asks for whatever a person can look at."""
    browser.client.headers["Accept"] = "text/html"
    return browser.client


def test_the_table_of_routes_holds_the_doors_that_are_known(closed: Closed) -> None:
    found = reading_routes(closed)
    for door in ("/datasets/{dataset}.csv", "/datasets/{dataset}", "/datasets/{dataset}.json"):
        assert f"{PREFIX}{door}" in found


def test_nobody_known_gets_no_closed_value(closed: Closed) -> None:
    assert attack(closed, closed.client(), CLOSED) == []


def test_a_citizen_with_a_token_gets_no_closed_value(closed: Closed) -> None:
    # Personal pages and the audit show nothing of a dataset to who may not read it.
    assert attack(closed, closed.client(closed.token("citizen")), CLOSED, FEW) == []


def test_a_masked_reader_gets_masked_values_alone(closed: Closed) -> None:
    program = closed.client(closed.token("student"))
    assert attack(closed, program, HIDDEN) == []
    rows = program.get("datasets/residents.json").json()["rows"]
    assert [row["born"] for row in rows] == [1987, 1990]
    assert [row["postcode"] for row in rows] == ["21", "21"]
    assert [row["income"] for row in rows] == [985000, 30000]
    assert rows[0]["pupil"] == rows[1]["pupil"] != "CANARIE-ELEVE"
    assert all("name" not in row for row in rows)
    text = unpacked(program.get("datasets/residents.parquet"))
    assert "'born': 1987" in text


def test_other_members_get_the_narrowest_mask(closed: Closed) -> None:
    program = closed.client(closed.token("entrepreneur"))
    assert attack(closed, program, (*HIDDEN, "5.04173", "47.32173"), FEW) == []
    answer = program.get("datasets/residents.csv")
    assert answer.text.splitlines() == ["id,district", "1,CANARIE-QUARTIER", "2,centre"]


@pytest.mark.parametrize("who", ["student", "citizen"])
def test_a_person_in_a_browser_sees_no_more_than_their_program(closed: Closed, who: str) -> None:
    hidden = HIDDEN if who == "student" else CLOSED
    browser = closed.desk.browser_of(who)
    assert attack(closed, as_program(browser), hidden, FEW) == []


def test_a_script_in_a_notebook_reads_nothing_as_who_looks_at_it(closed: Closed) -> None:
    """Notebooks live at the same origin: what they fetch carries the cookies of the reader."""
    browser = closed.desk.browser_of("agent")
    assert "CANARIE-NOM" in browser.get("datasets/residents").text
    fetched = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "empty"}
    for door in ("", ".json", ".csv", ".parquet", ".geojson", "/access"):
        answer = browser.client.get(f"datasets/residents{door}", headers=fetched)
        assert leaks(answer, CLOSED, "") == [], door


def test_answers_for_one_reader_are_kept_by_no_cache(closed: Closed) -> None:
    browser = closed.desk.browser_of("agent")
    program = closed.client(closed.token("agent"))
    for answer in (browser.get("datasets/residents.csv"), program.get("datasets/residents.csv")):
        assert "CANARIE-NOM" in answer.text
        assert "private" in answer.headers["cache-control"]
    tag = program.get("datasets/residents.csv").headers.get("etag", "*")
    for held in (tag, "*"):
        answer = closed.client().get("datasets/residents.csv", headers={"If-None-Match": held})
        assert answer.status_code == 403


def test_what_an_agent_read_first_is_not_remembered_for_a_student(closed: Closed) -> None:
    agent, student = (closed.client(closed.token(name)) for name in ("agent", "student"))
    doors = ("datasets/residents", "datasets/residents.json", "datasets/residents.geojson")
    for door in doors:
        page = {"Accept": "text/html"}
        assert "CANARIE-NOM" in agent.get(door, headers=page).text
        assert leaks(student.get(door, headers=page), HIDDEN, "") == []


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM residents",
        'SELECT * FROM "restricted-residents".territory.residents',
        'SELECT * FROM "restricted-residents--students".territory.residents',
        "SELECT * FROM sealed",
        "SELECT * FROM budgets",
        "SELECT name FROM residents UNION ALL SELECT pupil FROM residents",
        "SELECT * FROM read_parquet('{lake}/restricted-residents/data/**/*.parquet')",
        "SELECT * FROM read_text('{lake}/restricted-residents/index.json')",
        "SELECT * FROM '{lake}/restricted-residents/catalog.ducklake'",
        "ATTACH 'ducklake:{lake}/restricted-residents/catalog.ducklake' AS x",
        "SELECT * FROM duckdb_tables()",
        "SELECT * FROM glob('{lake}/**')",
        "SELECT * FROM __ducklake_metadata_open.ducklake_file_column_stats",
        'SELECT * FROM "__ducklake_metadata_restricted-residents".ducklake_file_column_stats',
        "SELECT getenv('HOME'), current_setting('allowed_paths')",
    ],
)
@pytest.mark.parametrize("who", ["citizen", "student", ""])
def test_sql_reads_what_its_asker_may(closed: Closed, query: str, who: str) -> None:
    posts = {path for path, methods in routes(closed.desk.app) if "POST" in methods}
    asked = query.format(lake=closed.desk.settings.lake)
    program = closed.client(closed.token(who) if who else "")
    hidden = HIDDEN if who == "student" else CLOSED
    for path in (path for path in posts if path.endswith("/sql")):
        body = {"query": asked, "sql": asked, "q": asked}
        for sent in (body, {"query": asked}):
            answer = program.post(path.removeprefix(f"{PREFIX}/"), json=sent)
            assert leaks(answer, hidden, asked) == []


def test_every_restricted_read_is_in_the_audit_once(closed: Closed) -> None:
    closed.desk.app.state.reads._noted.clear()
    before = len(audit.reads(closed.desk.store, "sealed", 1000))
    program = closed.client(closed.token("agent"))
    for _ in range(3):
        assert program.get("datasets/sealed.csv").status_code == 200
    assert program.get("datasets/sealed.json").status_code == 200
    assert closed.client().get("datasets/sealed.csv").status_code == 403
    found = audit.reads(closed.desk.store, "sealed", 1000)
    new = found[: len(found) - before]
    assert {(e.actor, e.detail["door"], e.detail["via"]) for e in new} == {
        ("agent", "/datasets/{dataset}.csv", "token"),
        ("agent", "/datasets/{dataset}.json", "token"),
    }
    assert len(new) == 2
    assert new[0].detail["token"]


def test_a_read_that_cannot_be_written_down_is_refused(
    closed: Closed, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed.desk.app.state.reads._noted.clear()

    def full(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(audit, "record", full)
    answer = closed.client(closed.token("agent")).get("datasets/sealed.csv")
    assert answer.status_code == 500
    assert leaks(answer, CLOSED, "") == []


def test_a_grant_opens_and_its_end_closes(closed: Closed) -> None:
    desk = closed.desk
    desk.add("thesarde", "citizens")
    program = closed.client(closed.token("thesarde"))
    assert program.get("datasets/residents.csv").status_code == 403
    closed.grant("thesarde", "residents--students")
    assert leaks(program.get("datasets/residents.csv"), HIDDEN, "") == []
    assert program.get("datasets/residents.csv").status_code == 200
    assert program.get("datasets/sealed.csv").status_code == 403
    closed.grant("thesarde")
    assert "CANARIE-NOM" in program.get("datasets/residents.csv").text
    with desk.store.writing() as database:
        database.execute("UPDATE grants SET until = ?", (now() - 1,))
    assert program.get("datasets/residents.csv").status_code == 403


def test_a_new_account_of_an_old_name_has_no_grant(closed: Closed) -> None:
    desk = closed.desk
    desk.add("revenant", "citizens")
    closed.grant("revenant")
    accounts.remove(desk.store, now(), "operator", "revenant")
    with desk.store.writing() as database:
        database.execute("DELETE FROM departures WHERE name = 'revenant'")
    desk.add("revenant", "citizens")
    assert closed.client(closed.token("revenant")).get("datasets/residents.csv").status_code == 403


def test_a_mask_made_narrower_closes_what_was_open_at_once(closed: Closed) -> None:
    program = closed.client(closed.token("student"))
    assert "CANARIE-QUARTIER" in program.get("datasets/residents.csv").text
    narrower = [{**MASKS[0], "columns": {**MASKS[0]["columns"], "district": "null"}}, MASKS[1]]
    closed.change(masks=narrower)
    assert "CANARIE-QUARTIER" not in program.get("datasets/residents.csv").text
    for snapshot in range(12):
        answer = program.get(f"datasets/residents.csv?snapshot={snapshot}")
        assert leaks(answer, (*HIDDEN, "CANARIE-QUARTIER"), "") == []
    closed.change(masks=MASKS)


def test_a_lost_masked_lake_gives_nothing_rather_than_more(closed: Closed) -> None:
    closed.change()
    closed.lose("restricted-residents--students")
    program = closed.client(closed.token("student"))
    answer = program.get("datasets/residents.csv")
    assert answer.status_code == 403
    assert leaks(answer, CLOSED, "") == []
    closed.change()
    assert program.get("datasets/residents.csv").status_code == 200
