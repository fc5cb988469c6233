"""The page on positive-energy blocks: a case chosen with and without scripts, and its figures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from datalab.portal import positive_energy as blocks
from datalab.settings import CHECKOUT
from tests.portal.desk import Browser, Desk

PAGE = "positive-energy/"


@pytest.fixture(scope="module")
def visitor(tmp_path_factory: pytest.TempPathFactory) -> Browser:
    return Desk(tmp_path_factory.mktemp("blocks") / "home").browser()


def test_anybody_reads_the_usual_case_in_french_first(visitor: Browser) -> None:
    text = visitor.get(PAGE, **{"Accept-Language": "fr"}).text

    assert "Quand un quartier est-il" in text
    assert "Calculé, pas mesuré." in text
    usual = blocks.cases(CHECKOUT / "catalog")[blocks.USUAL]
    assert f">{round(usual['ratio_electricity'])}</span>" in text
    for published in ("118", "120", "124"):
        assert re.search(rf'class="num">{published}</th>', text)


def test_without_scripts_the_form_asks_for_another_case(visitor: Browser) -> None:
    asked = "?works=deep&panels=50&electric_cars=25&battery=500&heat=heat+pump"
    case = blocks.cases(CHECKOUT / "catalog")["deep", 50, 25, 500, "heat pump"]

    text = visitor.get(PAGE + asked).text

    assert f'data-digits="0">{round(case["ratio_final"])}</span>' in text
    assert 'value="deep" checked' in text
    assert 'name="panels" min="0" max="100" step="25" value="50"' in text
    assert "not computed" not in text


@pytest.mark.parametrize(
    "asked",
    ["?panels=33", "?panels=lots", "?works=%3Cscript%3E", "?battery=-1", "?panels=²", "?heat="],
)
def test_a_combination_that_was_not_computed_is_said_so(visitor: Browser, asked: str) -> None:
    answer = visitor.get(PAGE + asked)

    assert answer.status_code == 200
    assert "This combination was not computed" in answer.text
    assert "<script>" not in answer.text


def test_every_case_is_there_for_the_sliders(visitor: Browser) -> None:
    rows = visitor.get("positive-energy/cases.json").json()

    assert len(rows) == 405
    assert {row["battery"] for row in rows} == {0, 500, 1000}
    assert all(row["self_consumption"] is None for row in rows if not row["panels"])


def test_the_page_as_json_holds_readings_with_their_ranges(visitor: Browser) -> None:
    view = visitor.get("positive-energy.json").json()

    assert [one["value"] for one in view["published"]].count(120) == 2
    assert len(view["readings"]) == 10  # no public buildings within the geographic boundary
    for row in view["readings"]:
        for one in row["ranges"]:
            assert one["low"] <= one["high"]
    assert len(view["assumptions"]) == 21
    # The panels alone do not make all the energy delivered, whatever heats.
    assert view["delivered"] == {"network": 51.5, "pump": 87.1, "deep": 98.7}


def test_more_panels_never_lower_a_ratio_and_cars_never_raise_it() -> None:
    known = blocks.cases(CHECKOUT / "catalog")
    for (works, panels, cars, battery, heat), row in known.items():
        if panels:
            less = known[works, panels - 25, cars, battery, heat]
            assert row["ratio_final"] > less["ratio_final"]
        if cars:
            fewer = known[works, panels, cars - 25, battery, heat]
            assert row["ratio_electricity"] <= fewer["ratio_electricity"]


def test_a_lab_without_the_datasets_has_no_such_page(tmp_path: Path) -> None:
    from datalab.errors import UnknownPage

    with pytest.raises(UnknownPage):
        blocks.view_of(tmp_path, "fr", {})
