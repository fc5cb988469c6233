"""Equipment in the control room: whatever says that it is some, however many there are."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.portal.conftest import Workshop
from tests.portal.control_room import case, equipped, reported
from tests.portal.desk import Browser, Desk

WHOLE = "west=4.9&south=47.2&east=5.3&north=47.5&zoom=11"
CLOSE = "west=5.045&south=47.347&east=5.05&north=47.35&zoom=17"


@pytest.fixture(scope="module")
def workshop_of_things(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return equipped(tmp_path_factory.mktemp("things"))


@pytest.fixture
def room(tmp_path: Path, workshop_of_things: Workshop) -> Desk:
    shutil.copytree(workshop_of_things.settings.lake, tmp_path / "home" / "lake")
    return Desk(tmp_path / "home")


def seen(browser: Browser, dataset: str, box: str) -> Any:
    answer = browser.get(f"control/equipment/{dataset}.json?{box}")
    assert answer.status_code == 200, answer.text
    return answer


def test_far_out_the_many_are_counted_and_what_fails_is_told_one_by_one(room: Desk) -> None:
    answer = seen(room.browser_of("agent"), "street-lights", WHOLE)
    told = answer.json()
    assert told["total"] == 34_000
    assert sum(cell[2] for cell in told["cells"]) == 34_000
    failing = sum(cell[3] for cell in told["cells"])
    assert 0 < failing == len(told["points"]) < 1_000
    assert len(answer.content) < 60_000
    assert told["synthetic"]
    names = {state: (said, well) for state, said, well in told["states"]}
    assert names["ok"] == ("ok (en)", True)


def test_close_by_each_is_told(room: Desk) -> None:
    answer = seen(room.browser_of("agent"), "street-lights", CLOSE)
    told = answer.json()
    assert told["cells"] == []
    assert 0 < told["total"] == len(told["points"]) <= 1_500
    for x, y, _, id in told["points"]:
        assert 5.045 <= x <= 5.05
        assert 47.347 <= y <= 47.35
        assert id.startswith("SL-")


def test_no_box_makes_the_answer_large_or_breaks_it(room: Desk) -> None:
    agent = room.browser_of("agent")
    for zoom in ("-50", "0", "22", "99"):
        box = f"west=-180&south=-89&east=180&north=89&zoom={zoom}"
        answer = agent.get(f"control/equipment/street-lights.json?{box}")
        assert answer.status_code == 200
        assert len(answer.content) < 200_000
    for box in ("west=5&south=47&east=5&north=48&zoom=3", "west=nan&south=1&east=2&north=2&zoom=1"):
        assert agent.get(f"control/equipment/street-lights.json?{box}").status_code == 400
    for name in ("communes", "nothing", "street-lights'--"):
        assert agent.get(f"control/equipment/{name}.json?{WHOLE}").status_code == 404
    assert room.browser().get(f"control/equipment/street-lights.json?{WHOLE}").status_code == 401


def test_any_dataset_that_says_so_appears_without_code(room: Desk) -> None:
    id, agent = reported(room), room.browser_of("agent")
    page = agent.get("control/").text
    assert 'data-layer="bus-shelters"' in page
    assert "synthetic data" in page
    told = seen(agent, "bus-shelters", WHOLE).json()
    assert told["points"] == [[5.0401, 47.3201, 0, "AB-1"]]
    assert told["states"] == [["broken glass", "broken glass", False]]
    shown = agent.get(f"control/{id}").text
    assert "AB-1" in shown
    assert "broken glass" in shown
    tied = {"dataset": "bus-shelters", "thing": "AB-1", "seen": "1"}
    assert agent.post(f"control/{id}/equipment", tied).status_code == 303
    assert case(room, id).equipment == {"dataset": "bus-shelters", "id": "AB-1"}
    tied["thing"] = "AB-2"
    assert agent.post(f"control/{id}/equipment", tied).status_code == 422


def test_density_is_drawn_and_small_counts_are_left_blank(room: Desk) -> None:
    for n in range(8):
        reported(room, f"Cas {n}", 5)
    for n in range(2):
        reported(room, f"Autre {n}", 5, commune="21003")
    for n in range(6):
        reported(room, f"Sans lieu {n}", 5, commune=None)
    told = room.browser().get("cases/indicators.json").json()
    counts = {line["name"]: line["count"] for line in told["communes"]}
    assert counts == {"Ahuy": None, "Dijon": 8}
    assert told["nowhere"] is None  # it covers the small one
    inside = room.browser_of("agent").get("control/indicators.json").json()
    ahuy = next(line for line in inside["communes"] if line["name"] == "Ahuy")
    assert ahuy["per_thousand"] == pytest.approx(2 / 1.695, abs=0.01)
    assert ahuy["per_km2"] == pytest.approx(2 / 6.4, abs=0.01)
    page = room.browser().get("cases/indicators").text
    assert 'class="spot none"' in page
    assert "not told" in page
