"""The draft of a file is a dataset that lint accepts and that loads the file right."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from datalab.catalog.lint import read_file as lint
from datalab.connectors.registry import source_models
from datalab.errors import InvalidCatalog
from datalab.inspection.draft import draft
from datalab.inspection.inspect import inspect
from datalab.settings import Settings
from datalab.trial import trial

STOPS = (
    "Code INSEE;Nom;Longitude;Latitude;Abris (oui/non);Distance (km);Ouvert le\n"
    "21231;Foch;5,0271;47,3236;oui;1,2;13/01/2024\n"
    "21166;Centre;5,0083;47,2906;non;s;14/02/2024\n"
    "21617;Mairie;5,0078;47,3369;oui;0,8;15/03/2024\n"
)


@pytest.fixture
def stops(tmp_path: Path) -> Path:
    path = tmp_path / "Arrêts (2024).csv"
    path.write_text(STOPS, encoding="cp1252")
    return path


def test_a_draft_is_accepted_by_lint(stops: Path, tmp_path: Path) -> None:
    text = draft(inspect(stops))
    theme = tmp_path / "mobility"
    theme.mkdir()
    path = theme / "arrets-2024.yaml"
    path.write_text(text, encoding="utf-8")
    (theme / stops.name).write_bytes(stops.read_bytes())
    dataset, problems = lint(path, source_models())
    assert [problem.in_("en") for problem in problems] == []
    assert dataset is not None
    assert {name: column.type for name, column in dataset.columns.items()} == {
        "code_insee": "varchar",
        "nom": "varchar",
        "longitude": "double",
        "latitude": "double",
        "abris_oui_non": "boolean",
        "distance_km": "double",
        "ouvert_le": "date",
    }
    assert dataset.columns["distance_km"].unit == "km"
    assert dataset.map is not None
    assert dataset.map.longitude == "longitude"
    assert dataset.key == ["code_insee"]


def test_a_trial_shows_rows_counts_and_verdicts_and_publishes_nothing(
    stops: Path, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path / "home")
    tried = trial(draft(inspect(stops)), stops, settings)
    assert tried.publishable
    assert (tried.rows, tried.rejected, tried.error) == (3, 0, None)
    assert tried.preview[1][:2] == ["21166", "Centre"]
    assert tried.preview[1][5] is None
    assert tried.result is not None
    assert tried.result.success
    assert not (tmp_path / "home").exists()


def test_a_trial_says_which_values_keep_a_file_out(stops: Path, tmp_path: Path) -> None:
    text = draft(inspect(stops))
    stops.write_text(STOPS.replace("47,2906", "nord"), encoding="cp1252")
    tried = trial(text, stops, Settings(home=tmp_path / "home"))
    assert not tried.publishable
    assert tried.error is not None
    assert tried.error["code"] == "too-many-rejects"
    assert [(r["line"], r["column"], r["value"]) for r in tried.rejects] == [
        (3, "Latitude", "nord")
    ]
    assert next(c for c in tried.columns if c.name == "latitude").rejected == 1


def test_a_broken_draft_is_refused_with_its_mistakes(stops: Path, tmp_path: Path) -> None:
    text = draft(inspect(stops)).replace("\ncolumns:", "\ncolums:")
    with pytest.raises(InvalidCatalog) as refused:
        trial(text, stops, Settings(home=tmp_path / "home"))
    assert any("colums" in problem for problem in refused.value.facts["problems"])


def test_codes_that_look_like_numbers_stay_text_in_the_yaml(tmp_path: Path) -> None:
    path = tmp_path / "codes.csv"
    rows = "".join(f"{code};1\n" for code in ("089", "2E3", "021", "on", "1_000") * 20)
    path.write_text("type;n\n" + rows, encoding="utf-8")
    text = draft(inspect(path))
    from datalab.catalog.document import read

    saved = tmp_path / "codes.yaml"
    saved.write_text(text, encoding="utf-8")
    sets = [
        entry["value_set"] for entry in read(saved).at(["expectations"]) if "value_set" in entry
    ]
    assert sets == [["021", "089", "1_000", "2E3", "on"]]


def test_exchanged_coordinates_are_told_and_drawn_the_right_way(tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    path.write_text("nom,lon,lat\nA,47.32,5.04\nB,47.29,5.01\nC,47.33,5.02\n", encoding="utf-8")
    found = inspect(path)
    assert "exchanged" in {remark.code for remark in found.remarks}
    assert yaml.safe_load(draft(found))["map"]["longitude"] == "lat"


def test_personal_columns_are_marked_and_the_draft_is_not_open(tmp_path: Path) -> None:
    path = tmp_path / "inscrits.csv"
    path.write_text(
        "id;Nom de famille;Courriel;Commune\n"
        "1;Martin;a.martin@example.org;Dijon\n2;Durand;b.durand@example.org;Talant\n",
        encoding="utf-8",
    )
    document = yaml.safe_load(draft(inspect(path)))
    assert (document["access"], document["personal_data"]) == ("members", "personal")
    marked = [name for name, column in document["columns"].items() if column.get("personal")]
    assert marked == ["nom_de_famille", "courriel"]
