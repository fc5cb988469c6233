"""The machine's page: what separates people in plain words; what it cannot know it says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from datalab.deployment import doctor
from datalab.isolation.groups import Groups
from datalab.isolation.process import Process
from datalab.isolation.sandbox import Mode, Walls
from datalab.portal.machine import Ground, disk_of, memory_of
from tests.portal.desk import Desk


def said(desk: Desk, mode: Mode, **held: Path) -> str:
    reason = "" if mode == "root" else "no user namespaces"
    desk.app.state.ground = Ground(
        Walls(mode, None, reason), Groups(1, held, "" if held else "read-only file system"), 2**31
    )
    return str(desk.browser_of("operator").get("machine/").text)


@pytest.mark.parametrize(
    ("mode", "restricted"), [("root", True), ("user", True), ("setuid", False), ("none", False)]
)
def test_the_page_says_what_separates_people_and_what_is_served(
    desk: Desk, mode: Mode, restricted: bool
) -> None:
    text = said(desk, mode)
    served = "served to the people their steward named"
    assert (served in text) is restricted
    assert ("no user namespaces" in text) is not restricted
    assert ("Nothing separates notebooks" in text) is (mode == "none")


def test_the_page_says_whether_the_memory_of_a_tree_is_held(desk: Desk) -> None:
    assert "held by the system" in said(desk, "root", memory=Path("/x"))
    text = said(desk, "root")
    assert "read-only file system" in text
    assert "watchdog" in text


def test_the_operator_sees_whether_letters_go_out(desk: Desk) -> None:
    assert "No mail server is set" in said(desk, "root")
    findings = {f.code: f for f in doctor._mail(desk.settings, "en")}
    assert findings["mail"].level == "warning"
    assert "DATALAB_SMTP" in findings["mail"].mend
    assert "nobody is told by e-mail" in desk.browser_of("agent").get("control/levels").text
    assert 'name="email"' not in desk.browser_of("agent").get("control/new?category=lighting").text
    mail = {"smtp": SecretStr("smtps://u:p@mail.test:465"), "mail_from": "lab@dijon.test"}
    desk.settings = desk.app.state.settings = desk.settings.model_copy(update=mail)
    assert "sends letters as lab@dijon.test" in said(desk, "root")
    assert [f.level for f in doctor._mail(desk.settings, "en")] == ["good"]
    assert "nobody is told by e-mail" not in desk.browser_of("agent").get("control/levels").text
    assert 'name="email"' in desk.browser_of("agent").get("control/new?category=lighting").text


def test_a_hub_that_does_not_answer_is_said(desk: Desk) -> None:
    assert "The hub does not answer" in said(desk, "root")
    answer = desk.browser_of("operator").post("machine/servers/student/stop")
    assert answer.status_code == 503


@pytest.mark.parametrize("account", ["nobody", "proj-..", "%2e%2e", "student%2fserver", "x?y"])
def test_only_servers_of_accounts_and_projects_are_stopped(desk: Desk, account: str) -> None:
    answer = desk.browser_of("operator").post(f"machine/servers/{account}/stop")
    assert answer.status_code in {404, 405}


def test_memory_is_that_of_the_whole_tree(tmp_path: Path) -> None:
    record = tmp_path / "student.json"
    assert memory_of(record) is None
    for broken in ("", "[]", "{}", '{"server_process": {"pid": "x"}}'):
        record.write_text(broken)
        assert memory_of(record) is None
    me = Process.of(os.getpid())
    assert me
    import json

    record.write_text(json.dumps({"server_process": me.as_json()}))
    assert (memory_of(record) or 0) > 10_000_000


def test_the_disk_is_measured_without_following_links(tmp_path: Path) -> None:
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake" / "f").write_bytes(b"x" * 100_000)
    (tmp_path / "lake" / "away").symlink_to("/usr")
    (tmp_path / "lake" / "loop").symlink_to(tmp_path / "lake")
    disk = disk_of(tmp_path)
    (part,) = disk.parts
    assert part.name == "lake"
    assert 100_000 <= part.size < 200_000
    assert 0 < disk.free <= disk.total
