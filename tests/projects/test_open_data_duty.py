"""The notebooks on the open-data duty say what their data say, and follow them."""

from __future__ import annotations

from pathlib import Path

import pytest

from datalab.settings import CHECKOUT, Settings
from tests.projects.notebook_run import changed_lake, said, small_lake

FOLDER = CHECKOUT / "projects" / "open-data-duty"
NEEDED = ("communes", "commune-staff", "open-data-duties", "scdl-schemas")


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return small_lake(NEEDED, tmp_path_factory.mktemp("duty") / "home")


def test_who_is_concerned_follows_the_number_of_agents(lake: Settings, tmp_path: Path) -> None:
    text = said(FOLDER / "concernees.ipynb", lake.lake, tmp_path / "one")
    assert "**9 communes sur 23** dépassent 3 500" in text
    assert "Concernées à coup sûr : **0** ; pas concernées à coup sûr : **13**" in text
    assert "connu pour **0 commune sur 23**" in text, "nobody's staff is guessed"
    assert "3 430 / 3 463 / 3 588" in text, "the three measures of Neuilly-Crimolois"

    def declared(rows: str) -> str:
        before = next(line for line in rows.splitlines() if line.startswith("21231,"))
        return rows.replace(before, "21231,Dijon,2100,2025-12-31,declared,essai")

    other = changed_lake(NEEDED, tmp_path, {"government/commune-staff.csv": declared}, like=lake)
    changed = said(FOLDER / "concernees.ipynb", other.lake, tmp_path / "two")
    assert "Concernées à coup sûr : **1** ; pas concernées à coup sûr : **13**" in changed


def test_what_is_valid_is_held_against_real_schemas(lake: Settings, tmp_path: Path) -> None:
    text = said(FOLDER / "valides.ipynb", lake.lake, tmp_path / "work")
    assert "labellise **12 schémas** SCDL ; le laboratoire en porte **9**, dont **7**" in text
    assert "**6 lignes** = **2 valides** + **3 rejetées** + **1 laissée de côté**" in text
    assert "n’est pas dans le fichier : **vrai**" in text
    assert "**23 mairies**" in text
    assert "Claire Martin" not in text, "who is hidden is hidden on the page too"
