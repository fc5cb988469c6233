"""Logs are JSON lines; what people send does not stand in them."""

from __future__ import annotations

import io
import json
import logging
import os
import secrets
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError

from datalab.errors import UnknownDataset
from datalab.logline import Failures, Lines, blanked, last_failures
from datalab.participation.spam import Trap
from tests.hub.lab import eventually
from tests.portal.conftest import Workshop
from tests.portal.desk import Desk
from tests.portal.street import HIDDEN, REPORT, hidden, street


def line_of(message: str, *facts: object, error: BaseException | None = None) -> dict[str, object]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Lines("portal"))
    log = logging.Logger("datalab.test")
    log.addHandler(handler)
    log.error(message, *facts, exc_info=error)
    (line,) = stream.getvalue().splitlines()
    found: dict[str, object] = json.loads(line)
    return found


@pytest.mark.parametrize(
    "private",
    [
        "jeanne.martin+lab@wanadoo.fr",
        "06 12 34 56 78",
        "+33 6 12 34 56 78",
        "0612345678",
        "03.80.50.12.34",
        "192.168.12.7",
        "2001:db8:85a3:0:0:8a2e:370:7334",
        "hT5sQ2pL9vX8cB7nM4kJ3gF6dS1aZ0qW",
    ],
)
def test_what_is_somebodys_is_blanked(private: str) -> None:
    said = blanked(f"about {private}, twice: ({private})")
    assert private not in said
    assert said.startswith("about […]")


@pytest.mark.parametrize(
    "plain",
    [
        "communes: published, snapshot 41",
        "127.0.0.1:8000",
        "2026-11-22T21:47:57",
        "version 1.5.5 of duckdb",
        "258 630 inhabitants in 23 communes",
        "commune-boundaries-of-the-metropolis",
    ],
)
def test_what_is_nobodys_stays(plain: str) -> None:
    assert blanked(plain) == plain


def test_an_error_of_a_database_is_told_without_the_values_that_it_refused() -> None:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE t (a TEXT UNIQUE)"))
        given = {"a": "Jeanne, 3 rue de la Liberté"}
        connection.execute(text("INSERT INTO t VALUES (:a)"), given)
        with pytest.raises(IntegrityError) as raised:
            connection.execute(text("INSERT INTO t VALUES (:a)"), given)
    for line in (
        line_of("it failed", error=raised.value),
        line_of("it failed: %s", raised.value),
    ):
        assert "Jeanne" not in json.dumps(line, ensure_ascii=False)
        assert "IntegrityError" in json.dumps(line)


def test_an_error_of_the_lab_is_told_with_its_code_and_its_sentence() -> None:
    line = line_of("asked", error=UnknownDataset("comunes", known=["communes"]))
    assert line["part"] == "portal"
    assert line["error"]["code"] == "unknown-dataset"  # type: ignore[index]
    assert "communes" in line["error"]["message"]  # type: ignore[index]


def test_a_line_break_in_a_message_makes_no_second_line() -> None:
    assert line_of('x\n{"level": "forged"}')["level"] == "error"


def test_failures_of_all_parts_stand_in_one_file(tmp_path: Path) -> None:
    for part in ("portal", "keeper"):
        log = logging.Logger(part)
        log.addHandler(Failures(tmp_path, part))
        log.info("nothing")
        log.error("a failure of %s", part)
        log.critical("Received signal %s, initiating shutdown...", "SIGTERM")
    with (tmp_path / "failures.log").open("a") as file:
        file.write("half a li\n[]\n{}\n")
    assert [one["part"] for one in last_failures(tmp_path, 10)] == ["keeper", "portal"]
    assert (tmp_path / "failures.log").stat().st_mode & 0o077 == 0
    assert last_failures(tmp_path / "nowhere", 10) == []


CONTACT = ("jeanne.sentinelle@orange.fr", "06 98 76 54 32", "14 bis rue Verrerie")


def test_a_report_with_a_contact_leaves_nothing_of_it_in_the_logs(
    tmp_path: Path, workshop: Workshop
) -> None:
    """The real program: a report that is taken, and then the same while the database is broken."""
    mail, phone, place = CONTACT
    home = street(tmp_path / "home", workshop).settings.home
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = trial.getsockname()[1]
    environment = {
        **os.environ,
        "DATALAB_HOME": str(home),
        "DATALAB_SMTP": "smtp://127.0.0.1:9",
        "DATALAB_MAIL_FROM": "lab@dijon.test",
    }
    with (tmp_path / "portal.log").open("wb") as out:
        command = [sys.executable, "-m", "datalab.portal", "--port", str(port)]
        program = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
    base = f"http://127.0.0.1:{port}/services/datalab/"
    navigation = {
        "Accept": "text/html",
        "Origin": f"http://127.0.0.1:{port}",
        "Sec-Fetch-Site": "same-origin",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    }
    try:
        with httpx.Client(headers=navigation, base_url=base, timeout=60) as browser:
            eventually(lambda: answers(browser), "the portal")
            page = browser.get("cases/new").text
            shown = str(Trap(home / "secrets").field(time.time() - 60, "fr"))
            told = {"description": f"Éteint au {place}, appelez {phone}", "email": mail}
            fields = {**hidden(page), **dict(HIDDEN.findall(shown)), **REPORT, **told}
            assert browser.post("cases/new", data=fields).status_code == 303
            with sqlite3.connect(home / "participation" / "participation.sqlite") as database:
                (kept,) = database.execute("SELECT count(*) FROM contact").fetchone()
                assert kept == 1, "the contact was taken"
                database.execute("ALTER TABLE request RENAME TO gone")
            again = {**fields, "receipt": secrets.token_urlsafe(16)}
            failed = browser.post("cases/new", data=again)
            assert failed.status_code >= 500
            assert browser.get("cases/", params={"q": f"{mail} {phone}"}).status_code >= 500
    finally:
        program.terminate()
        program.wait(20)
    written = [tmp_path / "portal.log", *sorted((home / "logs").glob("*.log"))]
    told_there = "\n".join(path.read_text() for path in written)
    for private in (*CONTACT, phone.replace(" ", ""), "orange.fr", "Verrerie"):
        assert private not in told_there
    lines = [json.loads(line) for line in told_there.splitlines() if line]
    assert {"participation-unavailable"} == {line["error"].get("code") for line in lines}
    assert all({"at", "part", "level", "message"} <= line.keys() for line in lines)


def answers(browser: httpx.Client) -> bool:
    try:
        return browser.get("health").status_code == 200
    except httpx.TransportError:
        return False


def test_the_operators_page_tells_failures_in_words_and_blanks_nothing_twice(desk: Desk) -> None:
    desk.settings.logs.mkdir()
    log = logging.Logger("datalab.keeper")
    log.addHandler(Failures(desk.settings.logs, "keeper"))
    for _ in range(3):
        log.error("task letters failed; it is tried again at its next turn")
    page = desk.browser_of("operator").get("operations/", **{"Accept-Language": "fr"})
    assert "le gardien" in page.text
    assert "task letters failed" in page.text
    assert "3 fois" in page.text
