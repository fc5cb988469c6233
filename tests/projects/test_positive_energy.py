"""The positive-energy project runs from top to bottom, and its figures are those of its data."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import datalab
from datalab.methods.district_homes import district
from datalab.methods.positive_block import Surroundings, surroundings
from datalab.methods.positive_cases import case, drop, ratios
from datalab.portal import positive_energy as page
from datalab.settings import CHECKOUT, Settings
from tests.projects import notebook_run
from tests.projects.notebook_run import changed_lake, small_lake

FOLDER = CHECKOUT / "projects" / "positive-energy"
NEEDED = (
    *("weather-year-dijon", "electricity-france", "household-electricity", "iris-population"),
    *("published-figures", "positive-energy-cases", "positive-energy-readings"),
    *("typical-days-dijon", "flats-france"),
)
HOMES = ("flats-france", "household-electricity", "iris-population")
READINGS = "energy/positive-energy-readings.yaml"
SAMPLE = "energy/household-electricity.yaml"
pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_lake(NEEDED, tmp_path_factory.mktemp("positive") / "home").lake


def said(name: str, lake: Path, work: Path) -> str:
    """What the notebook says in its outputs, in one line and without markup; with fewer draws."""
    text = notebook_run.said(
        FOLDER / f"{name}.ipynb", lake, work, lambda cell: cell.replace("200, seed=7", "20, seed=7")
    )
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def around(lake: Path, warmer: float = 0.0, homes: Path | None = None) -> Surroundings:
    lab = datalab.connect(lake)
    theirs = datalab.connect(homes) if homes else lab
    _, lived = district(*(theirs.dataset(one).df() for one in HOMES))
    weather = lab.dataset("weather-year-dijon").df().sort_values(["month", "day", "hour"])
    weather["dry_bulb"] += warmer
    france = lab.dataset("electricity-france").df()
    return surroundings(weather, france["local_time"], france["consumption_mw"], homes=lived)


def test_the_public_page_tells_which_readings_hold_the_published_figures(
    lake: Path, tmp_path: Path
) -> None:
    text = said("pourcentages", lake, tmp_path)

    assert "### 2 lectures sur 24 contiennent 118 à 124 %" in text
    assert "141 % (117 à 157 %) pour les logements" in text
    assert "**52 %** (41 à 54 %)" in text
    assert "smartcitymag.fr, article 1642, 23 mai 2025" in text


def test_the_model_runs_on_open_data_alone_and_asks_for_nothing_else(
    lake: Path, tmp_path: Path
) -> None:
    open_only = tmp_path / "lake"
    shutil.copytree(lake / "open", open_only / "open")

    model = said("modele", open_only, tmp_path)

    # A reserved dataset that is only asked for would keep the page from being published.
    assert "weather-year-dijon" not in (tmp_path / "reads.jsonl").read_text(encoding="utf-8")
    assert "trente-six jours types de Dijon" in model
    assert "habitants par logement 2,32" in model
    assert "avant : C 95 %, D 5 % ; après : B 95 %, C 5 %" in model
    assert "Baisse de l’énergie finale EPB : 35 %" in model.replace("**", "")


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


def test_other_appliances_in_the_dataset_are_another_headline(lake: Path, tmp_path: Path) -> None:
    more = changed_lake(HOMES, tmp_path, {SAMPLE: tenth_more}, Settings(home=lake.parent))
    key = "functional · all · electricity · final"
    as_it_is, using_more = around(lake), around(lake, homes=more.lake)

    assert as_it_is.homes is not None
    assert as_it_is.homes.appliances == pytest.approx(2066, abs=2)
    assert ratios(as_it_is)[key] == pytest.approx(1.411, abs=0.002)
    assert ratios(using_more)[key] == pytest.approx(1.31, abs=0.01)


def tenth_more(described: str) -> str:
    head, transform = described.split("transform:")
    return f"{head}transform:" + transform.replace(
        "SELECT specific_electricity ", "SELECT specific_electricity * 1.1 "
    ).replace("round(specific_electricity ", "round(specific_electricity * 1.1 ")


def test_fuller_homes_in_the_iris_use_more(lake: Path) -> None:
    flats, households, iris = (datalab.connect(lake).dataset(one).df() for one in HOMES)
    stock, homes = district(flats, households, iris)
    fuller = iris.assign(population=iris["population"] * 1.2)
    more_people, more = district(flats, households, fuller)

    assert more_people.persons == pytest.approx(1.2 * stock.persons)
    assert more.appliances > 1.05 * homes.appliances


def test_another_share_in_the_dataset_is_another_headline_on_the_page(
    lake: Path, tmp_path: Path
) -> None:
    needed = ["published-figures", "positive-energy-cases", "positive-energy-readings"]
    settings = changed_lake(needed, tmp_path, {READINGS: twice_used})

    text = said("pourcentages", settings.lake, tmp_path / "work")

    assert "**26 %**" in text
    assert "### 2 lectures" not in text


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
