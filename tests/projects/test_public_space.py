"""Public space runs from top to bottom; its figures are those of its data and follow them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from datalab.projects import manifest
from datalab.settings import CHECKOUT, Settings
from tests.projects.notebook_run import changed_lake, code, said, small_lake

FOLDER = CHECKOUT / "projects" / "public-space"
NEEDED = (
    *("communes", "commune-boundaries", "commune-indicators", "published-figures"),
    *("demonstration-requests", "service-requests", "app-use", "lighting-facts", "street-lights"),
    *("electricity-france", "public-holidays"),
)
Told = Callable[..., str]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return small_lake(NEEDED, tmp_path_factory.mktemp("public-space") / "home")


@pytest.fixture
def told(lake: Settings, tmp_path: Path) -> Told:
    """What a notebook says, in this lake or another."""

    def run(name: str, settings: Settings = lake) -> str:
        work = tmp_path / f"{name}-{settings.home.parent.name}"
        return said(FOLDER / f"{name}.ipynb", settings.lake, work)

    return run


def described() -> manifest.Manifest:
    return manifest.read(FOLDER / "project.yaml")


@pytest.fixture(scope="module")
def other(lake: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Another lake: LEDs that save more, and other people who report."""
    needed = [name for name in NEEDED if name not in ("electricity-france", "commune-indicators")]
    changes = {
        "energy/lighting-facts.csv": once(",0.4,0.5,0.7,part,2024,", ",0.6,0.7,0.8,part,2024,"),
        "government/demonstration-requests.yaml": once("  seed: 21231\n", "  seed: 7\n"),
    }
    folder = tmp_path_factory.mktemp("public-space-changed")
    return changed_lake(needed, folder, changes, like=lake)


def once(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert text.count(old) == 1
        return text.replace(old, new)

    return change


def test_shipped_notebooks_hold_no_outputs_and_all_are_pages() -> None:
    files = {path.name for path in FOLDER.glob("*.ipynb")}
    assert {page.notebook for page in described().pages} == files
    assert len(files) == 4
    for file in files:
        assert code(FOLDER / file)


@pytest.mark.network
def test_reports_say_that_they_are_invented_and_the_truth_is_found_again(told: Told) -> None:
    text = told("signalements")
    assert "**Pas assez de données réelles :** 0 vrais signalements, il en faut 500" in text
    assert "10281 signalements synthétiques" in text
    assert "10281 signalements font 6910 incidents" in text
    assert "l’intervalle la contient dans 22 communes sur 23" in text
    assert "pas assez de données" in text


@pytest.mark.network
def test_the_workload_is_forecast_only_after_a_real_series(told: Told) -> None:
    text = told("charge")
    assert "plus basse de 27 %" in text
    assert "L’intervalle promis à 80 % a contenu **80 %** des jours" in text
    assert "il en faut 500, sur au moins 48 semaines" in text


@pytest.mark.network
def test_lighting_answers_when_and_follows_its_assumptions(told: Told, other: Settings) -> None:
    text = told("eclairage")
    assert "**4118 h par an**" in text
    assert "16000 points sur 34000 sont des LED fin 2029" in text
    assert "tout n’est en LED qu’en **2041**" in text
    assert "l’économie est de **31 (27 à 35) %**" in text
    text = told("eclairage", other)
    assert "l’économie est de **31 (27 à 35) %**" not in text
    assert "il faudrait **" in text


@pytest.mark.network
def test_needs_hide_small_numbers_and_follow_the_requests(told: Told, other: Settings) -> None:
    text = told("besoins")
    assert "aucune phrase ci-dessous ne parle de la vraie commune" in text
    assert "<th>métropole</th>" in text
    for small in "1234":
        assert f"<td>{small}</td>" not in text.split("Ce qui sort")[0].split("</table>")[0]
    assert told("besoins", other) != text
