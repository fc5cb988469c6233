"""Every file of participation for a spreadsheet runs nothing of what people typed.

A spreadsheet may be set to another separator than the file's, so that each is tried.
"""

from __future__ import annotations

import csv
import io
import zipfile
from typing import Any

import pytest

from datalab.participation import decision
from datalab.participation import session as sessions
from datalab.participation.cell import cell, guarded
from tests.participation.payloads import FORMULAS
from tests.portal.assembly import Assembly, receipt
from tests.portal.control_room import reported
from tests.portal.desk import Desk
from tests.portal.test_surveys import HOME, Field

SIGNS = tuple("=+-@＝＋－＠")
MORE = (
    "＝1+1",
    "  =1+1",
    "un;=1+1",
    "deux,@SUM(1)",
    "trois\t+1",
    "quatre\n-1+1",
    'cinq;"=1+1',
    "six|=1+1",
    '=cmd|" /C calc"!A0',
)
TYPED = (*(formula.strip() for formula in FORMULAS), *MORE)


def runs(text: str) -> list[str]:
    """Cells that a spreadsheet would run, whichever separator it is set to."""
    found = []
    for separator in ",;\t|":
        rows = csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=separator)
        cells = [one.strip().strip("\"'") for row in rows for one in row if not one.startswith("'")]
        found += [one for one in cells if one.startswith(SIGNS) and not _is_number(one)]
    return found


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("text", TYPED)
def test_what_was_typed_is_guarded_at_every_place_where_a_cell_may_begin(text: str) -> None:
    out = io.StringIO()
    csv.writer(out).writerow(["a", cell(text), cell(-1.5)])
    assert runs(out.getvalue()) == []
    assert guarded(text).replace("'", "") == text.replace("'", "")


@pytest.mark.parametrize("text", ["Un banc, -5 °C", "2 + 2 = 4", "ana@example.org", "– tiret"])
def test_what_is_no_formula_stays_as_it_was_typed(text: str) -> None:
    assert guarded(text) == text


def test_the_control_room_gives_no_formula_away(desk: Desk) -> None:
    for text in TYPED:
        reported(desk, text, moderation="accepted", said=text, address=text, team=text)
    agent = desk.browser_of("agent")
    assert runs(agent.get("control/export.csv?show=all").text) == []
    assert runs(agent.get("control/indicators.csv").text) == []


def test_a_session_gives_no_formula_away(desk: Desk) -> None:
    room = Assembly(desk, {"facilitators": ["agent"], "title": "=1+1", "question": "@SUM(1)?"})
    phones = [room.phone() for _ in range(5)]  # nobody says so much at once
    for number, text in enumerate(TYPED):
        assert phones[number % 5].say(text, place=text).status_code == 200
    for one in room.said():
        room.accept(one, one.text)
        made: dict[str, Any] = {"text": one.text, "owner": one.text[:40], "due": None}
        room.change(decision.make, receipt=receipt(), answers=[one.id], **made)
    room.change(sessions.close)
    agent, root = desk.browser_of("agent"), f"sessions/{room.id}/export"
    for part in ("", "?part=all"):
        assert runs(agent.get(f"{root}.csv{part}").text) == []
        with zipfile.ZipFile(io.BytesIO(agent.get(f"{root}.zip{part}").content)) as parcel:
            for name in parcel.namelist():
                assert runs(parcel.read(name).decode("utf-8-sig")) == [], name


def test_the_results_of_a_questionnaire_give_no_formula_away(desk: Desk) -> None:
    field = Field(desk)
    field.fill(23)
    agent = desk.browser_of("agent")
    crossed = agent.get(f"{HOME}results.csv?question=expecting&by=commune").text
    assert "expecting" in crossed
    assert runs(crossed) == []
