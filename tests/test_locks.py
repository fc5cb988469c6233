"""Dependencies: pinned, hashed, and no index or host named anywhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
LOCKS = ["deploy/requirements.lock", "deploy/uv.lock", "tests/requirements.lock"]
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+)")


def pins(lock: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for line in (CHECKOUT / lock).read_text(encoding="utf-8").splitlines():
        if match := PIN.match(line):
            found.setdefault(match[1], set()).add(match[2])
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_index_and_no_host(lock: str) -> None:
    text = (CHECKOUT / lock).read_text(encoding="utf-8")
    assert not re.search(r"://|--(extra-)?index|--find-links|@ file", text)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes(lock: str) -> None:
    entries = re.split(r"\n(?=\S)", (CHECKOUT / lock).read_text(encoding="utf-8").strip())
    assert [e.splitlines()[0] for e in entries if "--hash=sha256:" not in e] == []


def test_the_tests_run_on_the_versions_that_people_get() -> None:
    lab, tests = pins("deploy/requirements.lock"), pins("tests/requirements.lock")
    assert {name: v for name, v in lab.items() if tests.get(name) != v} == {}
