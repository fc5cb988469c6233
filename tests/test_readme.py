"""The README keeps its promises: its commands exist, its links lead somewhere."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from datalab.cli import COMMANDS, group

CHECKOUT = Path(__file__).resolve().parent.parent
PAGES = sorted([CHECKOUT / "README.md", CHECKOUT / "CHANGELOG.md", *CHECKOUT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(CHECKOUT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    assert [t for t in targets if not (page.parent / t).exists()] == []


@pytest.mark.parametrize("script", ["deploy/up", "deploy/install", "deploy/lock", "tests/run"])
def test_scripts_are_executable_posix_shell(script: str) -> None:
    path = CHECKOUT / script
    assert path.stat().st_mode & 0o111
    assert path.read_text(encoding="utf-8").startswith("#!/bin/sh\n")
    assert subprocess.run(["sh", "-n", path], check=False).returncode == 0


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    answer = CliRunner().invoke(group, [command, "--help"])
    assert answer.exit_code == 0, answer.output
    assert len(answer.output.splitlines()) > 3


def test_commands_named_in_the_pages_exist() -> None:
    named: set[str] = set()
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        blocks = re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL)
        code = blocks + re.findall(r"`([^`\n]+)`", text)
        for span in code:
            named |= set(re.findall(r"(?:^|\s|/)datalab ([a-z0-9-]+)", span))
    assert {"refresh", "doctor", "signin"} <= named
    assert named - set(COMMANDS) == set()
