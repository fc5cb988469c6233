"""A drill: a living lab is backed up, made again elsewhere, and people find what they had."""

from __future__ import annotations

import io
import json
import os
import shutil
import stat
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from datalab.deployment.restore import restore
from datalab.errors import BackupUnreadable, HomeNotEmpty
from tests.hub.fixtures import end
from tests.hub.lab import Lab

pytestmark = pytest.mark.hub


@pytest.fixture(scope="module")
def backed_up(open_folder: Path, small_catalog: Path) -> Iterator[tuple[Path, Path]]:
    """The archive of a lab with people, a project and data, taken while somebody works in it."""
    lab = Lab(open_folder / "before", small_catalog)
    try:
        lab.start()
        lab.command("user", "add", "zoe", "--group", "students")
        lab.command("project", "create", "velos", "--title", "Vélos", "--member", "zoe:owner")
        (lab.home / "projects/velos/work/plan.txt").write_text("our plan")
        with lab.person("zoe") as zoe:
            zoe.open_server()
            zoe.run("open('diary.txt', 'w').write('mine'); import os; os.mkfifo('pipe')")
            zoe.run("os.symlink('/etc/shadow', 'trap')")
            archive = open_folder / "lab.tar"
            (lab.home / ".backup-999999999-killed").mkdir()
            said = json.loads(lab.command("backup", str(archive), "--json").stdout)
            assert zoe.run("print('still here')") == "still here\n"
        assert said["skipped"] == ["accounts/homes/zoe/pipe"]
        assert said["path"] == str(archive)
        assert not list(lab.home.glob(".backup-*"))
        yield archive, open_folder
    finally:
        end(lab)
    shutil.rmtree(lab.home, ignore_errors=True)


def test_nobody_else_reads_a_backup(backed_up: tuple[Path, Path]) -> None:
    assert stat.S_IMODE(backed_up[0].stat().st_mode) == 0o600


def test_a_lab_that_was_lost_is_there_again(
    backed_up: tuple[Path, Path], small_catalog: Path
) -> None:
    archive, folder = backed_up
    lab = Lab(folder / "after", small_catalog)
    lab.command("restore", str(archive))
    assert not list(folder.glob(".after*"))
    assert (lab.home / "projects/velos/work/plan.txt").read_text() == "our plan"
    assert os.readlink(lab.home / "accounts/homes/zoe/trap") == "/etc/shadow"
    assert {oct(stat.S_IMODE(p.stat().st_mode)) for p in (lab.home / "secrets").iterdir()} == {
        "0o600"
    }
    try:
        lab.start()
        assert "Building the lake" not in lab.output.read_text()
        shown = json.loads(lab.command("project", "show", "velos", "--json").stdout)
        assert "zoe" in json.dumps(shown)
        with lab.person("zoe") as zoe:
            zoe.open_server()
            code = "import datalab; print(len(datalab.connect().dataset('tiny-places').df()))"
            assert zoe.run("print(open('diary.txt').read())") == "mine\n"
            assert zoe.run(code).splitlines()[-1] == "3"
        refreshed = lab.command("refresh", "tiny-places", check=False)
        assert refreshed.returncode == 0, refreshed.stderr
    finally:
        end(lab)


def test_a_backup_is_restored_into_an_empty_folder_only(
    backed_up: tuple[Path, Path], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "precious").write_text("x")
    with pytest.raises(HomeNotEmpty):
        restore(backed_up[0], home)
    assert [p.name for p in tmp_path.rglob("*")] == ["home", "precious"]


def changed(archive: Path, target: Path, change: Callable[[tarfile.TarInfo, bytes], bytes]) -> Path:
    """A copy of an archive in which ``change`` had its say on every file."""
    with tarfile.open(archive) as source, tarfile.open(target, "w") as copy:
        for member in source:
            content = b""
            if member.isreg():
                file = source.extractfile(member)
                content = change(member, file.read() if file else b"")
                member.size = len(content)
            copy.addfile(member, io.BytesIO(content))
    return target


def test_one_changed_byte_is_noticed(backed_up: tuple[Path, Path], tmp_path: Path) -> None:
    def tamper(member: tarfile.TarInfo, content: bytes) -> bytes:
        return b"our plot" if member.name.endswith("plan.txt") else content

    broken = changed(backed_up[0], tmp_path / "broken.tar", tamper)
    with pytest.raises(BackupUnreadable, match=r"plan\.txt"):
        restore(broken, tmp_path / "home")
    assert [p.name for p in tmp_path.iterdir()] == ["broken.tar"]


@pytest.mark.parametrize("name", ["/etc/cron.d/x", "../x", "hub/../../x", "run/children.json", ""])
def test_a_forged_archive_writes_nowhere_else(
    backed_up: tuple[Path, Path], tmp_path: Path, name: str
) -> None:
    def forge(member: tarfile.TarInfo, content: bytes) -> bytes:
        if member.name.endswith("plan.txt"):
            member.name = name
        return content

    forged = changed(backed_up[0], tmp_path / "forged.tar", forge)
    with pytest.raises(BackupUnreadable):
        restore(forged, tmp_path / "home")
    assert [p.name for p in tmp_path.iterdir()] == ["forged.tar"]


def test_links_of_an_archive_lead_nothing_out(backed_up: tuple[Path, Path], tmp_path: Path) -> None:
    """A link first, then a file below it: the old way out of an archive."""
    forged = tmp_path / "links.tar"
    with tarfile.open(forged, "w") as archive:
        link = tarfile.TarInfo("hub")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path)
        archive.addfile(link)
        file = tarfile.TarInfo("hub/escaped")
        file.size = 1
        archive.addfile(file, io.BytesIO(b"x"))
    with pytest.raises(BackupUnreadable):
        restore(forged, tmp_path / "home")
    assert [p.name for p in tmp_path.iterdir()] == ["links.tar"]


def test_a_link_below_a_link_is_refused(backed_up: tuple[Path, Path], tmp_path: Path) -> None:
    forged, outside = tmp_path / "links.tar", tmp_path / "outside"
    outside.mkdir()
    with tarfile.open(backed_up[0]) as source, tarfile.open(forged, "w") as archive:
        for name, target in (("hub/way", str(outside)), ("hub/way/escaped", "/etc/passwd")):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, target
            archive.addfile(link)
        for member in source:
            archive.addfile(member, source.extractfile(member) if member.isreg() else None)
    with pytest.raises(BackupUnreadable, match="behind a link"):
        restore(forged, tmp_path / "home")
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["links.tar", "outside"]


@pytest.mark.parametrize("part", [0.0, 0.5, 0.99])
def test_a_file_that_was_cut_off_is_refused(
    backed_up: tuple[Path, Path], tmp_path: Path, part: float
) -> None:
    cut = tmp_path / "cut.tar"
    whole = backed_up[0].read_bytes()
    cut.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(BackupUnreadable):
        restore(cut, tmp_path / "home")
    assert not (tmp_path / "home").exists()


def test_a_backup_never_overwrites(
    backed_up: tuple[Path, Path], small_catalog: Path, tmp_path: Path
) -> None:
    archive, folder = backed_up
    before = archive.stat().st_mtime_ns
    lab = Lab(folder / "before", small_catalog)
    done = lab.command("backup", str(archive), check=False)
    assert done.returncode == 1
    assert "exists" in done.stderr
    inside = lab.command("backup", str(lab.home / "x.tar"), check=False)
    assert inside.returncode == 1
    assert archive.stat().st_mtime_ns == before
    nothing = Lab(tmp_path / "nothing", small_catalog).command("backup", "/tmp/x", check=False)
    assert nothing.returncode == 1
