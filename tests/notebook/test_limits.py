"""DuckDB in a notebook keeps to what the server may use."""

from __future__ import annotations

from pathlib import Path

import pytest

from datalab.notebook.lab import Lab
from datalab.notebook.limits import MIB, Limits, limits
from tests.notebook.conftest import Workshop

GIB = 1024 * MIB


def test_the_server_is_told_by_its_environment(tmp_path: Path) -> None:
    found = limits({"CPU_LIMIT": "1.0", "MEM_LIMIT": str(GIB)}, tmp_path)
    assert found == Limits(threads=1, memory=GIB)
    assert found.duckdb_memory == "512MiB"


@pytest.mark.parametrize(
    ("text", "size"), [("512M", 512 * MIB), ("1G", GIB), ("1GiB", GIB), ("536870912", GIB // 2)]
)
def test_memory_may_carry_a_unit(tmp_path: Path, text: str, size: int) -> None:
    assert limits({"MEM_LIMIT": text}, tmp_path).memory == size


@pytest.mark.parametrize("nonsense", ["", "max", "beaucoup", "-1", "0", "nan", "inf"])
def test_nonsense_is_no_limit(tmp_path: Path, nonsense: str) -> None:
    free = limits({}, tmp_path)
    assert limits({"CPU_LIMIT": nonsense, "MEM_LIMIT": nonsense}, tmp_path) == free
    assert free.threads >= 1
    assert free.memory > 100 * MIB


def test_a_container_is_told_by_its_control_group(tmp_path: Path) -> None:
    group = tmp_path / "sys/fs/cgroup"
    group.mkdir(parents=True)
    (group / "cpu.max").write_text("50000 100000\n")
    (group / "memory.max").write_text(f"{300 * MIB}\n")
    assert limits({}, tmp_path) == Limits(threads=1, memory=300 * MIB)
    (group / "cpu.max").write_text("max 100000\n")
    (group / "memory.max").write_text("max\n")
    assert limits({}, tmp_path) == limits({}, tmp_path / "elsewhere")


def test_the_smallest_limit_counts(tmp_path: Path) -> None:
    group = tmp_path / "sys/fs/cgroup"
    group.mkdir(parents=True)
    (group / "memory.max").write_text(f"{300 * MIB}\n")
    assert limits({"MEM_LIMIT": "200M"}, tmp_path).memory == 200 * MIB
    assert limits({"MEM_LIMIT": "400M"}, tmp_path).memory == 300 * MIB


def test_duckdb_keeps_to_them(workshop: Workshop) -> None:
    lab = Lab(workshop.settings.lake, limits=Limits(threads=1, memory=GIB))
    settings = lab.sql(
        "SELECT current_setting('threads'), current_setting('memory_limit'), "
        "current_setting('enable_progress_bar')"
    ).fetchall()
    assert settings == [(1, "512.0 MiB", False)]
