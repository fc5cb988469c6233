"""The positive-energy project runs from top to bottom, and its figures are those of its data."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import datalab
from datalab.methods.positive_block import surroundings
from datalab.methods.positive_cases import case, drop, ratios
from datalab.portal import positive_energy as page
from datalab.settings import CHECKOUT
from tests.projects import notebook_run
from tests.projects.notebook_run import changed_lake, small_lake

FOLDER = CHECKOUT / "projects" / "positive-energy"
NEEDED = (
    *("weather-year-dijon", "electricity-france", "household-electricity", "iris-population"),
    *("published-figures", "positive-energy-cases", "positive-energy-readings"),
    "typical-days-dijon",
)
READINGS = "energy/positive-energy-readings.yaml"
pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_lake(NEEDED, tmp_path_factory.mktemp("positive") / "home").lake


def said(name: str, lake: Path, work: Path) -> str:
    """What the notebook says in its outputs, in one line and without markup."""
    text = notebook_run.said(FOLDER / f"{name}.ipynb", lake, work)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def around(lake: Path, warmer: float = 0.0):  # type: ignore[no-untyped-def]
    lab = datalab.connect(lake)
    weather = lab.dataset("weather-year-dijon").df().sort_values(["month", "day", "hour"])
    weather["dry_bulb"] += warmer
    france = lab.dataset("electricity-france").df()
    return surroundings(weather, france["local_time"], france["consumption_mw"])


def test_the_public_page_tells_which_readings_hold_the_published_figures(
    lake: Path, tmp_path: Path
) -> None:
    text = said("pourcentages", lake, tmp_path)

    assert "### 4 lectures sur 24 contiennent 118 à 124 %" in text
    assert "**58 %** (45 à 60 %)" in text
    assert "smartcitymag.fr, article 1642, 23 mai 2025" in text


def test_who_may_not_read_the_hours_shares_with_typical_days(lake: Path, tmp_path: Path) -> None:
    open_only = tmp_path / "lake"
    shutil.copytree(lake / "open", open_only / "open")

    shared = said("partage", open_only, tmp_path)

    assert "trente-six jours types de Dijon" in shared
    assert "602 MWh consommés" in shared
    assert "dynamique complète" in shared


def test_the_blocks_are_moved_to_gabrovo_with_what_is_missing(lake: Path, tmp_path: Path) -> None:
    moved = said("replique", lake, tmp_path)

    assert "heure par heure" in moved
    assert "Degrés-jours 18 °C 2839 2816" in moved
    assert moved.count("Manque :") == 6


def test_the_shipped_cases_are_those_of_the_model_on_this_lake(lake: Path) -> None:
    place = around(lake)
    known = page.cases(CHECKOUT / "catalog")
    for key in (page.USUAL, ("deep", 50, 25, 1000, "heat pump")):
        computed, shipped = case(place, *key), known[key]
        for name in ("production_mwh", "sold_mwh", "ratio_final", "self_consumption", "ghg"):
            assert getattr(computed, name) == pytest.approx(shipped[name], abs=0.11), name


def test_a_warmer_year_changes_the_headline_figures(lake: Path) -> None:
    as_it_is, warmer = around(lake), around(lake, warmer=2.0)
    key = "functional · all · all carriers · final"

    assert drop(as_it_is) == pytest.approx(0.348, abs=0.002)
    assert ratios(warmer)[key] > 1.03 * ratios(as_it_is)[key]


def test_another_share_in_the_dataset_is_another_headline_on_the_page(
    lake: Path, tmp_path: Path
) -> None:
    needed = ["published-figures", "positive-energy-cases", "positive-energy-readings"]
    settings = changed_lake(needed, tmp_path, {READINGS: twice_used})

    text = said("pourcentages", settings.lake, tmp_path / "work")

    assert "**29 %**" in text
    assert "### 4 lectures" not in text


def twice_used(described: str) -> str:
    return described.replace(
        "expectations:",
        "transform: SELECT * REPLACE (used_mwh * 2 AS used_mwh, ratio / 2 AS ratio,"
        " p5 / 2 AS p5, p95 / 2 AS p95) FROM source\nexpectations:",
    )


@pytest.mark.parametrize("name", ["pourcentages", "modele", "partage", "replique"])
def test_every_notebook_names_two_datasets_of_the_manifest_or_more(name: str) -> None:
    text = (FOLDER / f"{name}.ipynb").read_text(encoding="utf-8")
    read = set(re.findall(r'lab\.dataset\(\\"([a-z-]+)\\"\)', text))

    assert len(read - {"typical-days-dijon"}) >= 2
    assert read <= set(NEEDED)
