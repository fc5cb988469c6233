"""Welcome notebooks in a home: there when it is new, never on top of somebody's work."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from datalab.isolation import uids
from datalab.isolation.homes import Homes, seed


@pytest.fixture
def welcome(tmp_path: Path) -> Path:
    project = tmp_path / "welcome"
    (project / "data").mkdir(parents=True)
    (project / ".ipynb_checkpoints").mkdir()
    (project / ".ipynb_checkpoints" / "x.ipynb").write_text("old")
    (project / "bienvenue.ipynb").write_text("version 1")
    (project / "data" / "note.md").write_text("a note")
    return project


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    return folder


def names(home: Path) -> set[str]:
    return {
        str(p.relative_to(home / "bienvenue"))
        for p in (home / "bienvenue").rglob("*")
        if p.is_file()
    }


def test_a_new_home_is_welcomed(home: Path, welcome: Path) -> None:
    seed(home, welcome, None)
    assert names(home) == {"bienvenue.ipynb", "data/note.md"}
    assert stat.S_IMODE((home / "bienvenue" / "bienvenue.ipynb").stat().st_mode) == 0o600


def test_what_nobody_changed_follows_the_new_version(home: Path, welcome: Path) -> None:
    seed(home, welcome, None)
    (welcome / "bienvenue.ipynb").write_text("version 2")
    seed(home, welcome, None)
    assert (home / "bienvenue" / "bienvenue.ipynb").read_text() == "version 2"
    assert len(names(home)) == 2


def test_work_is_never_overwritten_and_the_new_version_lies_beside(
    home: Path, welcome: Path
) -> None:
    seed(home, welcome, None)
    (home / "bienvenue" / "bienvenue.ipynb").write_text("my work")
    (welcome / "bienvenue.ipynb").write_text("version 2")
    for _ in range(3):
        seed(home, welcome, None)
    assert (home / "bienvenue" / "bienvenue.ipynb").read_text() == "my work"
    beside = [n for n in names(home) if n.startswith("bienvenue-")]
    assert len(beside) == 1
    assert (home / "bienvenue" / beside[0]).read_text() == "version 2"


def test_what_was_deleted_stays_deleted(home: Path, welcome: Path) -> None:
    seed(home, welcome, None)
    (home / "bienvenue" / "bienvenue.ipynb").unlink()
    (welcome / "bienvenue.ipynb").write_text("version 2")
    seed(home, welcome, None)
    assert names(home) == {"data/note.md"}


def test_a_file_of_the_same_name_that_was_there_before_is_kept(home: Path, welcome: Path) -> None:
    (home / "bienvenue").mkdir()
    (home / "bienvenue" / "bienvenue.ipynb").write_text("mine")
    seed(home, welcome, None)
    assert (home / "bienvenue" / "bienvenue.ipynb").read_text() == "mine"


@pytest.mark.parametrize("trap", ["bienvenue", ".local", "bienvenue/bienvenue.ipynb"])
def test_links_in_a_home_lead_nowhere(home: Path, welcome: Path, tmp_path: Path, trap: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "bienvenue.ipynb").write_text("precious")
    target = outside / "bienvenue.ipynb" if trap.endswith(".ipynb") else outside
    (home / trap).parent.mkdir(exist_ok=True)
    (home / trap).symlink_to(target)
    seed(home, welcome, None)
    assert [p.name for p in outside.rglob("*")] == ["bienvenue.ipynb"]
    assert (outside / "bienvenue.ipynb").read_text() == "precious"


def test_a_pipe_in_a_home_stops_nothing(home: Path, welcome: Path) -> None:
    (home / "bienvenue").mkdir()
    os.mkfifo(home / "bienvenue" / "bienvenue.ipynb")
    seed(home, welcome, None)


def test_a_huge_file_in_a_home_is_not_read(home: Path, welcome: Path) -> None:
    """It costs its owner no disk: nothing but its size was written."""
    (home / "bienvenue").mkdir()
    with (home / "bienvenue" / "bienvenue.ipynb").open("wb") as file:
        file.truncate(2**40)
    seed(home, welcome, None)
    assert len(names(home)) == 3, "the new version lies beside it"
    assert (home / "bienvenue" / "bienvenue.ipynb").stat().st_size == 2**40


def test_an_account_keeps_its_uid_and_shares_it_with_nobody(tmp_path: Path) -> None:
    accounts = Homes(tmp_path, separate=True)
    first = {name: accounts.uid(name) for name in ("student", "citizen", "agent")}
    again = {name: Homes(tmp_path, separate=True).uid(name) for name in first}
    assert first == again
    assert len(set(first.values())) == 3
    assert min(first.values()) >= 30_000


def test_two_labs_of_one_machine_give_no_uid_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uids, "REGISTER", tmp_path / "register")
    # One block, where both begin to look at the same place.
    monkeypatch.setattr(uids, "PAST", uids.FIRST + uids.STEP)
    labs = [Homes(tmp_path / name, separate=True) for name in ("one", "two")]
    for lab in labs:
        lab.root.mkdir()
    given = [lab.uid(name) for name in ("student", "citizen") for lab in labs]
    assert len(set(given)) == 4
    # What a lab that is gone had is free again, what it only parked is not.
    (tmp_path / "one" / "uids" / "student").rename(tmp_path / "one/uids" / f".parked-{given[0]}")
    assert labs[1].uid("agent") not in given
    shutil.rmtree(tmp_path / "one")
    assert labs[1].uid("steward") in {given[0], given[2]}


def test_a_uid_under_which_something_runs_is_not_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uids, "REGISTER", tmp_path / "register")
    monkeypatch.setattr(uids, "PAST", uids.FIRST + uids.STEP)
    monkeypatch.setattr(uids, "running", lambda: {uids.FIRST, uids.FIRST + 1})
    assert Homes(tmp_path, separate=True).uid("student") == uids.FIRST + 2


@pytest.mark.parametrize("name", ["", "..", "a/b", "/etc", "A", "x" * 80, "a\n"])
def test_a_strange_name_becomes_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError):
        Homes(tmp_path, separate=True).home(name)


def test_a_uid_is_free_again_once_nothing_runs_under_it(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become another account")
    homes = Homes(tmp_path, separate=True)
    home = homes.prepare("guest", tmp_path / "none")
    uid = homes.uid("guest")
    (home / "work").mkdir()
    (home / "work" / "link").symlink_to("/etc")
    left = subprocess.Popen(["sleep", "60"], user=uid)
    try:
        assert homes.release("guest")
        assert list(tmp_path.rglob("*guest*")) == []
        # Somebody new does not meet what still runs.
        assert homes.uid("newcomer") != uid
    finally:
        left.kill()
        left.wait()
    assert homes.release("nobody")
    assert [path.name for path in (tmp_path / "uids").iterdir()] == ["newcomer"]
    assert Path("/etc/passwd").exists()


def test_without_a_sandbox_what_still_runs_ends_with_the_account(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become another account")
    homes = Homes(tmp_path, separate=True)
    homes.prepare("guest", tmp_path / "none")
    left = subprocess.Popen(["sleep", "60"], user=homes.uid("guest"))
    homes.clear("guest", walled=False)
    assert left.wait(10) != 0
    assert not homes.home("guest").exists()
