"""Secrets are made once, whoever asks first."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

from datalab.isolation.private import secret, write_private

THREADS = 16


def asked_at_once(folder: Path, name: str) -> list[str]:
    begun, given = threading.Barrier(THREADS), list[str]()

    def ask() -> None:
        begun.wait()
        given.append(secret(folder, name))

    threads = [threading.Thread(target=ask) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return given


def test_many_who_ask_first_get_the_same_secret(tmp_path: Path) -> None:
    for turn in range(20):
        given = asked_at_once(tmp_path, f"key-{turn}")
        assert len(given) == THREADS
        assert len(set(given)) == 1
        assert len(given[0]) == 64
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        f"key-{turn}" for turn in range(20)
    ), "nothing is left beside them"


def test_a_secret_is_the_labs_alone_and_stays(tmp_path: Path) -> None:
    made = secret(tmp_path, "key")
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert secret(tmp_path, "key") == made
    write_private(tmp_path / "key", "other")
    assert secret(tmp_path, "key") == "other"
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
