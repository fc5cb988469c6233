"""Disk space of a home that belongs to somebody who would rather not be measured."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from datalab.isolation import quota
from datalab.isolation.limits import Limits
from datalab.isolation.quota import ceiling, measure, unlinked, within

MEGABYTE = 1_000_000
MUCH = 10**12


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def fill(path: Path, size: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.urandom(1) * size)


def test_files_of_all_folders_count(home: Path) -> None:
    fill(home / "a", MEGABYTE)
    fill(home / "b/c/d", MEGABYTE)
    assert 2 * MEGABYTE <= measure(home, MUCH).used < 2.1 * MEGABYTE


def test_links_out_of_a_home_count_for_nothing(home: Path, tmp_path: Path) -> None:
    fill(tmp_path / "outside/large", 5 * MEGABYTE)
    (home / "folder").symlink_to(tmp_path / "outside")
    (home / "file").symlink_to(tmp_path / "outside/large")
    (home / "loop").symlink_to(home)
    assert measure(home, MUCH).used < MEGABYTE


def test_a_home_that_is_a_link_is_not_followed(home: Path, tmp_path: Path) -> None:
    fill(home / "large", MEGABYTE)
    (tmp_path / "link").symlink_to(home)
    assert measure(tmp_path / "link", MUCH).used == 0


def test_a_hard_link_counts_once(home: Path) -> None:
    fill(home / "a", MEGABYTE)
    for name in "bcd":
        os.link(home / "a", home / name)
    assert measure(home, MUCH).used < 1.1 * MEGABYTE


def test_a_file_with_holes_counts_what_it_takes(home: Path) -> None:
    with (home / "sparse").open("wb") as file:
        file.truncate(10**12)
    assert measure(home, MUCH).used < MEGABYTE


def test_many_empty_files_are_not_free(home: Path) -> None:
    for number in range(500):
        (home / str(number)).touch()
    assert measure(home, MUCH).used >= 500 * 4096


def test_no_depth_hides_anything(home: Path) -> None:
    here = os.open(home, os.O_RDONLY)
    for _ in range(300):
        os.mkdir("d" * 200, dir_fd=here)
        below = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    found = measure(home, MUCH)
    assert not found.whole
    assert found.used > MUCH
    subprocess.run(["rm", "-rf", str(home)], check=True)


def test_the_look_ends_where_enough_was_seen(home: Path) -> None:
    for number in range(300):
        (home / str(number)).touch()
    found = measure(home, 20 * 4096)
    assert not found.whole
    assert found.files <= 22


def test_pipes_and_sockets_stop_nothing(home: Path) -> None:
    os.mkfifo(home / "pipe")
    assert measure(home, MUCH).whole


def test_a_deleted_file_that_is_still_open_counts(home: Path) -> None:
    code = (
        "import os, sys; f = open(sys.argv[1], 'wb'); f.write(bytes([1]) * 3_000_000); f.flush();"
        "os.remove(sys.argv[1]); print('ready', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(home / "hidden")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert measure(home, MUCH).used == 0
        assert unlinked([child.pid], home) >= 3 * MEGABYTE
        child.communicate(b"")


@pytest.mark.parametrize(
    ("used", "server", "largest"),
    [
        (50, False, 1000 * MEGABYTE),
        (101, True, quota.SMALL),
        (101, False, quota.CLEANING),
        (130, True, quota.CLEANING),
    ],
)
def test_programs_stop_writing_before_the_server_does(
    used: int, server: bool, largest: int
) -> None:
    assert ceiling(used * MEGABYTE, 100 * MEGABYTE, 1000 * MEGABYTE, server=server) == largest


def test_no_quota_is_no_limit() -> None:
    assert ceiling(MUCH, 0, 0, server=False) == resource.RLIM_INFINITY


def test_a_running_program_is_stopped_and_let_go_again(home: Path) -> None:
    code = (
        "import sys\n"
        "for line in sys.stdin:\n"
        "    try: open(sys.argv[1], 'wb').write(bytes(1_000_000)); print('wrote', flush=True)\n"
        "    except OSError as error: print(error.errno, flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(home / "file")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None

        def write() -> str:
            print("go", file=child.stdin, flush=True)
            return child.stdout.readline().strip() if child.stdout else ""

        assert write() == "wrote"
        assert quota.hold(child.pid, 1000)
        assert not quota.hold(child.pid, 1000), "what is as it should be is left alone"
        assert write() == "27"
        assert quota.hold(child.pid, resource.RLIM_INFINITY)
        assert write() == "wrote"
        child.stdin.close()


def test_a_server_that_starts_in_a_full_home_only_deletes(home: Path) -> None:
    limits = Limits(file=10**9, home=MEGABYTE)
    assert within(limits, home) == limits
    fill(home / "large", 2 * MEGABYTE)
    assert within(limits, home).file == quota.CLEANING
