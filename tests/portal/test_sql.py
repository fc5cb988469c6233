"""Somebody's SQL reads what that person may read, and nothing else; the attacker asks too."""

from __future__ import annotations

import asyncio
import csv
import html
import io
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from datalab.errors import QueryRefused
from datalab.isolation import sandbox
from datalab.people import accounts
from datalab.portal.library import Library
from datalab.portal.person import COOKIE, HUB_COOKIE
from datalab.portal.query import Queries
from datalab.portal.reader import Reader
from tests.hub.lab import in_a_loop_of_its_own
from tests.portal.conftest import COMMUNES, SENTINEL, Workshop, fill
from tests.portal.desk import TOKEN, Desk, now
from tests.portal.serving import served

PAGE = {"Accept": "text/html", "Accept-Language": "fr"}


class Asker:
    """A person's browser, at the portal as it runs."""

    def __init__(self, address: str, cookies: dict[str, str]) -> None:
        self.host = "{0.scheme}://{0.netloc}".format(urlsplit(address))
        self.client = httpx.Client(base_url=address, cookies=cookies, timeout=120)
        found = TOKEN.search(self.client.get("me/", headers=PAGE).text)
        self.token = found[1] if found else ""

    def get(self, path: str) -> str:
        return self.client.get(path, headers=PAGE).text

    def post(self, **fields: str) -> httpx.Response:
        headers = {**PAGE, "Origin": self.host, "Sec-Fetch-Site": "same-origin"}
        return self.client.post("sql/", data={"_token": self.token, **fields}, headers=headers)

    def ask(self, sql: str) -> str:
        answer = self.post(q=sql)
        assert "Traceback" not in answer.text
        return answer.text

    def api(self, body: object) -> tuple[int, Any]:
        """As a script of the portal's own page does."""
        headers = {**PAGE, "Origin": self.host, "Sec-Fetch-Site": "same-origin"}
        headers |= {"X-Datalab-Token": self.token, "Sec-Fetch-Mode": "cors"}
        answer = self.client.post("api/v1/sql", json=body, headers=headers)
        return answer.status_code, answer.json()


class Room:
    """A lake with tables of every access class, and its portal."""

    def __init__(self, workshop: Workshop, address: str) -> None:
        self.workshop, self.address = workshop, address
        self.desk = Desk(workshop.settings.home)

    def asker(self, name: str | None = None) -> Asker:
        if name is None:
            return Asker(self.address, {})
        account = accounts.get(self.desk.store, name)
        visit = self.desk.visits.open(account, "hub-session", now())
        return Asker(self.address, {COOKIE: visit, HUB_COOKIE: "hub-session"})


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    workshop = Workshop(tmp_path_factory.mktemp("sql"))
    fill(workshop)
    workshop.refresh()
    with served(workshop.settings) as address:
        yield Room(workshop, address)


@pytest.fixture(scope="module")
def student(room: Room) -> Asker:
    return room.asker("student")


def test_a_join_is_answered_on_the_page_with_what_was_read(student: Asker) -> None:
    page = student.ask(
        "SELECT c.name, c.population, b.geometry FROM communes c "
        "JOIN territory.commune_boundaries b USING (insee_code) ORDER BY population DESC;",
    )
    assert f"{len(COMMUNES)} lignes" in page
    assert "data-sql-map" in page
    assert "<rect" in page
    assert "/datasets/commune-boundaries?snapshot=" in page


def test_a_program_gets_rows_types_and_snapshots(student: Asker) -> None:
    status, found = student.api(
        {
            "query": "SELECT id, amount, day, flag, big, said FROM odd_values ORDER BY id",
            "limit": 2,
        },
    )
    assert status == 200, found
    assert [column["name"] for column in found["columns"]] == [
        *("id", "amount", "day", "flag", "big", "said")
    ]
    assert found["rows"] == [
        [1, "1234567890123456.7891", "2024-02-29", True, "9007199254740993", "=1+1"],
        [2, 0.0001, "2024-03-01", False, -1, 'a "q", b; c\nd'],
    ]
    assert found["cut"] is True
    assert set(found["datasets"]) == {"odd-values"}


def test_the_csv_runs_in_no_spreadsheet(student: Asker) -> None:
    answer = student.post(q="FROM odd_values ORDER BY id", format="csv")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [row["said"] for row in rows] == ["'=1+1", 'a "q", b; c\nd', "", "", "'@SUM(A1)"]
    assert rows[1]["short"] == "-2.5"


def test_nobody_unknown_asks(room: Room) -> None:
    stranger = room.asker()
    assert stranger.post(q="SELECT 1").status_code in (302, 303, 401, 403)
    assert stranger.client.post("api/v1/sql", json={"query": "SELECT 1"}).status_code == 401
    page = stranger.get("sql/?q=SELECT+1")
    assert "SELECT 1" in page
    assert "Connectez-vous pour exécuter" in page


def test_a_link_runs_nothing(student: Asker) -> None:
    page = student.get("sql/?q=SELECT+41%2B1")
    assert "SELECT 41+1" in page
    assert "1 ligne" not in page


@pytest.mark.parametrize("name", ["for_members", "for_named", "not_to_pass_on"])
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM {name}",
        "SELECT * FROM territory.{name}",
        "SELECT * FROM open.territory.{name}",
        "SELECT * FROM members.territory.{name}",
        'SELECT * FROM "restricted-for-named".territory.{name}',
        "SELECT * FROM query_table('{name}')",
        "SELECT * FROM communes, query('SELECT * FROM {name}')",
        "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT * FROM {name}'))",
        "SELECT count(*) FROM {name}",
        "FROM read_parquet('/lake/open/territory/{name}/*.parquet')",
        "FROM read_parquet('{files}/**/*.parquet')",
        "FROM read_text('{files}/../index.json')",
        "FROM glob('/**')",
        "FROM glob('{files}/**')",
        "FROM ducklake_list_files('open', '{name}', schema => 'territory')",
        "FROM ducklake_table_info('open')",
        "SELECT sql FROM duckdb_views() WHERE sql ILIKE '%{name}%' AND NOT internal",
    ],
)
def test_reserved_rows_come_by_no_question(room: Room, name: str, sql: str) -> None:
    citizen = room.asker("citizen")
    files = room.workshop.settings.lake / "open" / "data"
    page = citizen.ask(sql.format(name=name, files=files))
    assert SENTINEL not in page


def test_a_reserved_table_says_who_may(room: Room) -> None:
    page = room.asker("citizen").ask("SELECT * FROM for_members")
    assert "members" in page or "membres" in page
    page = room.asker("student").ask("SELECT code FROM for_members")
    assert SENTINEL in page


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "SELECT 1; SELECT 2",
        "DROP VIEW communes",
        "CREATE TABLE x AS SELECT 1",
        "INSERT INTO communes VALUES (1)",
        "COPY (SELECT 1) TO '/tmp/x.csv'",
        "COPY communes TO '{file}'",
        "ATTACH '/tmp/x.db'",
        "INSTALL httpfs",
        "LOAD '/tmp/x.duckdb_extension'",
        "SET threads = 1",
        "SET enable_external_access = true",
        "PRAGMA enable_profiling",
        "EXPORT DATABASE '/tmp/x'",
        "CALL pragma_version()",
        "FROM read_text('/etc/passwd')",
        "FROM read_csv('/proc/self/environ')",
        "FROM read_blob('/proc/self/mem')",
        "FROM read_json('http://127.0.0.1:9/')",
        "FROM 's3://x/y.parquet'",
        "FROM ST_Read('/etc/passwd')",
        "FROM ST_Read('/vsicurl/http://127.0.0.1:9/x')",
        "FROM sniff_csv('/etc/passwd')",
        "FROM parquet_metadata('/etc/passwd')",
        "SELECT * FROM (DESCRIBE communes), read_text('{file}/../../../../index.json')",
        "SELECT getenv('PATH')",
        "SELECT repeat('x', 4000000000)",
        "SELECT list(i) FROM range(400000000) t(i)",
        "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT max(n) FROM t",
    ],
)
def test_what_is_no_harmless_question_is_refused(
    room: Room, student: Asker, sql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datalab.portal.query.SECONDS", 4.0)
    monkeypatch.setattr("datalab.portal.query.MEMORY", 200_000_000)
    (file,) = (room.workshop.settings.lake / "open" / "data").rglob("communes/*.parquet")
    content = file.read_bytes()
    answer = student.post(q=sql.format(file=file))
    assert answer.status_code == 400
    assert 'aria-invalid="true"' in answer.text
    assert "Traceback" not in answer.text
    assert "root:" not in answer.text
    assert file.read_bytes() == content


def test_settings_and_databases_name_no_folder_of_this_machine(room: Room, student: Asker) -> None:
    home = str(room.workshop.settings.home)
    for sql in (
        "SELECT value FROM duckdb_settings(), (SELECT count(*) FROM communes)",
        "SELECT * FROM duckdb_databases(), (SELECT count(*) FROM communes)",
        "SELECT sql FROM duckdb_views(), (SELECT count(*) FROM communes) WHERE NOT internal",
        "SELECT filename FROM communes",
    ):
        assert home not in student.ask(sql)


def test_a_table_that_is_not_there_gets_the_nearest_names(student: Asker) -> None:
    page = student.ask("SELECT * FROM comunes")
    assert "Vouliez-vous dire communes" in page
    assert "SELECT * FROM comunes" in page


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        (
            "SELECT poplation FROM communes",
            "il n’y a pas de colonne « poplation » ici. Vouliez-vous",
        ),
        ("SELECT p.zzz FROM communes p", "il n’y a pas de colonne « zzz » ici"),
        ("SELECT name, count(*) FROM communes", "« name » côtoie une somme ou un compte"),
        ("SELECT name FROM communes a, communes b", "Dites laquelle : a.name, b.name"),
        ("SELECT foo(name) FROM communes", "il n’y a pas de fonction « foo » ici"),
        ("SELECT name,, FROM communes", "avant « , », ou là, ce n’est pas du SQL"),
        ("SELECT name FROM communes WHERE", "elle s’arrête trop tôt"),
        ("SELECT * FROM read_csv('/etc/passwd')", "elle nomme un fichier"),
        ("SELECT 'name FROM communes", "un guillemet est ouvert et jamais fermé"),
        ("SELECT CAST(name AS INTEGER) FROM communes", "ne se lit pas comme INT32"),
    ],
)
def test_common_mistakes_are_told_in_the_language_of_who_asked(
    student: Asker, sql: str, said: str
) -> None:
    shown = html.unescape(student.ask(sql)).replace("\xa0", " ")
    assert said in shown, re.findall(r"Cette requête.*", shown)


def test_what_was_asked_is_text_wherever_it_is_shown(student: Asker) -> None:
    page = student.ask("SELECT '<script>alert(1)</script>' AS \"<img src=x>\", 1 AS n")
    assert "<script>alert" not in page
    assert "<img src=x>" not in page


def test_one_question_at_a_time_and_a_place_is_given_back(room: Room) -> None:
    settings = room.workshop.settings
    shelf, walls = Library(settings.lake).shelf(), sandbox.probe(settings.home)
    reader = Reader("zoé", frozenset({"students"}), frozenset(), "session")
    slow = "SELECT count(*) FROM range(100000000000) a, range(1000) b"

    async def talk() -> None:
        queries = Queries(settings.lake, settings.cache / "loans", lambda: walls)
        first = asyncio.create_task(queries.answer(shelf, reader, slow, "fr"))
        await asyncio.sleep(0)
        with pytest.raises(Exception, match="en cours"):
            await queries.answer(shelf, reader, "SELECT 1", "fr")
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        second = asyncio.create_task(queries.answer(shelf, reader, slow, "fr"))
        await asyncio.sleep(1)
        await queries.cancel("léo")
        await queries.cancel("zoé")
        with pytest.raises(QueryRefused, match="vous l’avez annulée"):
            await second
        answer = await queries.answer(shelf, reader, "SELECT count(*) FROM communes", "fr")
        assert answer.table.to_pylist() == [{"count_star()": len(COMMUNES)}]
        await queries.end()

    in_a_loop_of_its_own(talk())


def test_a_question_is_cancelled_though_nobody_tells_the_lab_that_its_page_left(
    student: Asker,
) -> None:
    slow = "SELECT count(*) FROM range(100000000000) a, range(1000) b"
    headers = {**PAGE, "Origin": student.host, "Sec-Fetch-Site": "same-origin"}
    fields = {"_token": student.token}
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(student.post, q=slow)
        for _ in range(200):
            if "en cours" in student.ask("SELECT 1"):
                break
            if asked.done():  # the short question was the one that ran, and this one was refused
                asked = pool.submit(student.post, q=slow)
        assert student.client.post("sql/cancel", data={"_token": "x"}, headers=headers).is_error
        ended = student.client.post("sql/cancel", data=fields, headers=headers)
        assert ended.status_code == 204
        assert "vous l’avez annulée" in asked.result().text
    assert "42" in student.ask("SELECT 6 * 7 AS n")


def test_every_body_that_is_no_question_is_said(student: Asker) -> None:
    wrong: tuple[Any, ...] = ({}, [], {"query": ""}, {"query": "SELECT 1", "limit": 0})
    for body in (*wrong, {"query": "x" * 30_000}):
        status, found = student.api(body)
        assert status == 400, body
        assert found["error"]["code"] == "invalid-parameter"
