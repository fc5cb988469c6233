"""Two editions of the grid: only statements that are in both are compared, and the page says so."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from datalab.participation import grid
from tests.portal.desk import Desk
from tests.portal.test_smart_territory import ROOT, answer, begin, close, view


def clear() -> None:
    grid.editions.cache_clear()
    grid.grid_of.cache_clear()


@pytest.fixture
def next_edition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Publishes 2027-1: in the first theme one statement gave way to another; the second theme is
    gone; the others are as they were."""
    folder = tmp_path / "grids"
    shutil.copytree(grid.FOLDER, folder)
    monkeypatch.setattr(grid, "FOLDER", folder)
    clear()

    def publish() -> None:
        text = (folder / "2026-1.yaml").read_text("utf-8")
        edition: dict[str, Any] = yaml.safe_load(text)
        edition["edition"] = "2027-1"
        edition["themes"][0]["items"][2]["id"] = "users-forms"
        del edition["themes"][1]
        (folder / "2027-1.yaml").write_text(yaml.safe_dump(edition, allow_unicode=True), "utf-8")
        clear()

    yield publish
    monkeypatch.undo()
    clear()


def fill(desk: Desk, code: str, level: int) -> None:
    """By an agent of that municipality."""
    name = "agent" if code == "21999" else f"agent-{code}"
    if name != "agent":
        desk.add(name, "agents")
    agent = desk.browser_of(name)
    begin(agent, code)
    for theme in grid.newest().themes:
        answer(agent, theme.id, {item.id: str(level) for item in theme.items}, code)
    assert close(agent, code).status_code == 303


def test_progress_is_told_over_the_statements_of_both_editions(
    desk: Desk, next_edition: Callable[[], None]
) -> None:
    agent = desk.browser_of("agent")
    fill(desk, "21999", 1)
    next_edition()
    begin(agent)
    known = {"users-requests": "3", "users-access": "1", "users-forms": "4"}
    assert answer(agent, "users", known).status_code == 303
    found = view(agent)
    assert found["grid"] == "2027-1"
    assert found["edited"] == {
        "before": "2026-1",
        "after": "2027-1",
        "kept": 20,
        "added": 1,
        "dropped": 4,
    }
    move = found["themes"][0]["move"]
    assert (move["before"], move["after"], move["compared"]) == (1.0, 2.0, 2)
    first, second = found["turns"]
    assert "users" not in first["comparable"]
    assert "users" in second["comparable"]
    page = agent.get(f"{ROOT}21999/").text
    assert "edition 2026-1, then 2027-1" in page
    assert "the only ones compared: 20. New: 1. No longer asked: 4." in page
    assert page.count("other statements") == 1
    older = agent.get(f"{ROOT}21999/?turn=1").text
    assert "No longer asked" not in older


def test_peers_of_another_edition_count_where_the_statements_are_the_same(
    desk: Desk, next_edition: Callable[[], None]
) -> None:
    for place in range(4):
        fill(desk, f"2190{place}", place)
    next_edition()
    fill(desk, "21904", 4)
    fill(desk, "21999", 2)
    themes = {row["id"]: row["peers"] for row in view(desk.browser_of("agent"))["themes"]}
    assert themes["users"]["count"] is None, "four of five answered another statement there"
    assert themes["users"]["median"] is None
    others = [peers for name, peers in themes.items() if name != "users"]
    assert {(one["count"], one["median"]) for one in others} == {(5, 2.0)}
    assert "too few" in desk.browser_of("agent").get(f"{ROOT}21999/").text
