"""The example of an entrepreneur runs from top to bottom, and its figures are those of its data."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from datalab.settings import CHECKOUT, Settings
from tests.projects.notebook_run import changed_lake, code, said, small_lake

FOLDER = CHECKOUT / "projects" / "prototype"
PAGE = FOLDER / "ou-ouvrir.ipynb"
NEEDED = ("communes", "commune-boundaries", "commune-indicators", "iris-population")
INHABITANTS = "population/iris-population.yaml"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return small_lake(NEEDED, tmp_path_factory.mktemp("prototype") / "home")


def fewer_draws(source: str) -> str:
    """As few as the method allows."""
    fewer = source.replace("TIRAGES, GRAINE = 1000", "TIRAGES, GRAINE = 200")
    return fewer.replace("PLACES = 400", "PLACES = 40")


def share(text: str, commune: str) -> int:
    found = re.search(rf"\*\*{commune}\*\* est parmi les trois premières dans \*\*(\d+) %", text)
    return int(found[1]) if found else 0


@pytest.mark.network
def test_the_page_says_how_sure_its_ranking_is_and_follows_its_data(
    lake: Settings, tmp_path: Path
) -> None:
    text = said(PAGE, lake.lake, tmp_path / "one", fewer_draws)
    assert "**257194 habitants** dans 121 IRIS" in text
    assert share(text, "Dijon") >= 80
    assert "critère laissé de côté" in text, "stations are not published here, and that is said"
    # The same métropole, in which the inhabitants of Dijon live at Bressey-sur-Tille.
    other = changed_lake(NEEDED, tmp_path, {INHABITANTS: moved}, like=lake)
    changed = said(PAGE, other.lake, tmp_path / "two", fewer_draws)
    assert share(changed, "Dijon") < share(text, "Dijon")


SWAPPED = "iris AS iris_code, CASE com WHEN '21231' THEN '21105' ELSE com END AS insee_code,"
EXPECTED = "expectations:\n  - {type: expect_table_row_count_to_equal, value: 814}\n"


def moved(described: str) -> str:
    assert "iris AS iris_code, com AS insee_code," in described
    swapped = described.replace("iris AS iris_code, com AS insee_code,", SWAPPED)
    return swapped.partition("expectations:")[0] + EXPECTED


def test_the_notebook_is_clean_and_reads_what_the_manifest_says() -> None:
    cells = code(PAGE)
    assert all(any(f'"{one}"' in cell.source for cell in cells) for one in NEEDED)
    manifest = yaml.safe_load((FOLDER / "project.yaml").read_text(encoding="utf-8"))
    assert set(NEEDED) <= set(manifest["datasets"])
    assert [page["notebook"] for page in manifest["pages"]] == ["ou-ouvrir.ipynb"]
