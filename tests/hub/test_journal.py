"""Logs: no sign-in token gets in, and none fills the disk."""

from __future__ import annotations

import stat
import time
from pathlib import Path

from datalab.deployment import journal
from tests.hub.lab import eventually


def test_logs_are_shortened_before_they_fill_the_disk(tmp_path: Path) -> None:
    with journal.open_log(tmp_path / "hub.log") as log:
        for _ in range(journal.KEPT + 3):
            log.write(b"x" * (journal.LARGEST + 1))
            journal.rotate(tmp_path)
        log.write(b"last line\n")
    assert (tmp_path / "hub.log").read_bytes() == b"last line\n"
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert kept == ["hub.log", *[f"hub.log.{n}" for n in range(1, journal.KEPT + 1)]]
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_logs_blank_the_tokens_of_links(tmp_path: Path) -> None:
    token = "Wp-91m_fQZbAHmbSx9iCXVKxi_3UoOn1UP16n8R_VVM"
    with journal.filtered(tmp_path / "proxy.log") as log:
        log.write(f"503 GET /hub/signin?token={token} refused\n".encode())
        log.write(f"next=%2Fhub%2Fsignin%3Ftoken%3D{token}\n".encode())
    written = eventually(lambda: (tmp_path / "proxy.log").read_text(), "the filter")
    time.sleep(0.2)
    assert token not in written
    assert "503 GET /hub/signin?token=[...] refused" in written
