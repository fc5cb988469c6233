"""Restricted reads that notebooks declare are in the audit, and nothing that is not so."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from datalab.lineage.declared import audit_declared
from datalab.notebook import reads
from datalab.notebook.lab import connect
from datalab.people import audit
from tests.portal.closed import Closed
from tests.portal.desk import now

STUDENTS = "restricted-residents--students"


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Closed:
    return Closed(tmp_path_factory.mktemp("declared"))


def home_of(closed: Closed, account: str) -> Path:
    home = closed.desk.settings.home / "accounts" / "homes" / account
    (home / ".datalab").mkdir(parents=True, exist_ok=True)
    return home


def says(closed: Closed, account: str, *lines: Any) -> None:
    with (home_of(closed, account) / ".datalab" / "reads.jsonl").open("a") as file:
        for line in lines:
            file.write(f"{line if isinstance(line, str) else json.dumps(line)}\n")


def declared(closed: Closed, account: str) -> list[dict[str, Any]]:
    audit_declared(closed.desk.settings, now())
    found = audit.entries(closed.desk.store, actor=account, noun="access")
    return [entry.detail for entry in found if entry.action == "access.declared"]


def test_what_the_library_reads_in_ones_own_server_is_in_the_audit_once_a_day(
    closed: Closed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, room = home_of(closed, "student"), tmp_path / "room"
    room.mkdir()
    for lake in ("open", STUDENTS):
        (room / lake).symlink_to(closed.desk.settings.lake / lake)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv(reads.OWN, "student")
    monkeypatch.delenv(reads.VARIABLE, raising=False)
    monkeypatch.setattr(reads, "_written", {})
    lab = connect(room)
    lab.dataset("places").df()
    assert declared(closed, "student") == []
    lab.dataset("residents").df()
    lab.sql("SELECT count(*) FROM residents")
    (said,) = declared(closed, "student")
    assert (said["dataset"], said["lakes"]) == ("residents", [STUDENTS])
    monkeypatch.setattr(reads, "_written", {})
    lab.dataset("residents").df()
    assert len(declared(closed, "student")) == 1
    steward = closed.desk.browser_of("steward")
    assert "a notebook, as it says itself" in steward.get("datasets/residents/access").text
    operator = closed.desk.browser_of("operator")
    assert "as a notebook says" in operator.get("audit/").text


def test_an_account_accuses_only_itself_of_what_it_may_read(closed: Closed) -> None:
    read = {"dataset": "residents", "lake": "restricted-residents", "snapshot": 1, "at": now()}
    says(
        closed,
        "agent",
        {**read, "lake": "restricted-nothing"},
        {**read, "lake": "../restricted-residents"},
        {**read, "lake": ["restricted-residents"]},
        {**read, "at": "yesterday"},
        {**read, "at": 12.0},
        "no JSON",
        "[" * 50_000,
        {**read, "at": now() + 1e9},
    )
    (said,) = declared(closed, "agent")
    assert said["lakes"] == ["restricted-residents"]
    assert said["day"] <= f"{datetime.now(UTC):%Y-%m-%d}"
    says(closed, "citizen", read)
    assert declared(closed, "citizen") == []


def test_a_link_in_place_of_the_journal_is_not_followed(closed: Closed, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    line = {"dataset": "residents", "lake": "restricted-residents", "snapshot": 1, "at": now()}
    other.write_text(json.dumps(line) + "\n")
    os.symlink(other, home_of(closed, "operator") / ".datalab" / "reads.jsonl")
    assert declared(closed, "operator") == []
