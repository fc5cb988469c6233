"""A small lake made by the real refresh, and the lake of the welcome notebooks."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from datalab.assets import ensure_assets
from datalab.errors import DatalabError
from datalab.i18n import Language
from datalab.notebook.lab import Lab
from datalab.notebook.limits import Limits
from datalab.refresh import refresh
from datalab.settings import CHECKOUT, Settings

LIMITS = Limits(threads=2, memory=2_000_000_000)
HOSTILE = '</script><img src=x onerror="window.stolen=1"> "Ouest" \\ {{ 7*7 }}'
COMMUNES = [
    ("21001", "Émilienne", 1200, 120, "3.50", 12.5, ""),
    ("21002", "Zéphyr", 90, "", "9.25", "", "statistical-secrecy"),
    ("21003", "Abeille", 15300, 900, "4.10", 28.0, ""),
    ("21004", HOSTILE, 510, 40, "6.00", 7.25, ""),
    ("21005", "Bout", 2300, 100, "5.00", 17.0, ""),
]
STOPS = 260


def square(place: int) -> dict[str, Any]:
    west, south = 5 + 0.1 * (place % 3), 47.3 + 0.1 * (place // 3)
    ring = [(0, 0), (0.1, 0), (0.1, 0.1), (0, 0.1), (0, 0)]
    return {"type": "Polygon", "coordinates": [[[west + x, south + y] for x, y in ring]]}


def both(text: str) -> dict[str, str]:
    return {"fr": text, "en": f"{text} (en)"}


class Workshop:
    """A catalog on disk, its lake, and a way to change, refresh and open it."""

    def __init__(self, root: Path) -> None:
        self.settings = Settings(home=root / "home", catalog=root / "catalog")
        self.theme = self.settings.catalog / "territory"
        self.theme.mkdir(parents=True)

    def write(
        self, name: str, columns: dict[str, Any], rows: str, ending: str = "csv", **more: Any
    ) -> None:
        document = {
            "id": name,
            "title": both(f"Jeu {name}"),
            "description": both(f"Description de {name}."),
            "publisher": "Atelier & fils",
            "license": "lov2",
            "steward": "observatoire",
            "periodicity": "annual",
            "source": {
                "connector": "file",
                "path": f"{name}.{ending}",
                "format": ending,
            },
            "columns": {
                column: {
                    "description": both(f"Colonne {column}"),
                    **(about if isinstance(about, dict) else {"type": about}),
                }
                for column, about in columns.items()
            },
            "expectations": [{"type": "expect_table_row_count_to_be_between", "min_value": 1}],
            **more,
        }
        text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False)
        (self.theme / f"{name}.yaml").write_text(text, encoding="utf-8")
        (self.theme / f"{name}.{ending}").write_text(rows, encoding="utf-8")

    def write_communes(self, rows: list[tuple[Any, ...]] = COMMUNES) -> None:
        people = {"type": "integer", "unit": "inhabitants"}
        head = "insee_code,name,population,jobs,area_km2,poverty_rate,poverty_rate_reason\n"
        secrecy = both("secret statistique : trop peu de ménages")
        self.write(
            "communes",
            {
                "insee_code": "varchar",
                "name": "varchar",
                "population": {**people, "description": both("Population 2022 : les habitants")},
                "jobs": {"type": "integer", "unit": "jobs"},
                "area_km2": {"type": "decimal(6,2)", "unit": "km²"},
                "poverty_rate": {"type": "double", "unit": "%"},
                "poverty_rate_reason": {
                    "type": "varchar",
                    "values": {"statistical-secrecy": secrecy},
                },
            },
            head + "".join(",".join(_quoted(c) for c in row) + "\n" for row in rows),
            key=["insee_code"],
            keywords=["logement"],
            map={
                "boundaries": "commune-boundaries",
                "key": "insee_code",
                "on": "insee_code",
                "value": "population",
                "label": "name",
            },
            expectations=[
                {"type": "expect_column_values_to_be_unique", "column": "insee_code"},
                {
                    "type": "expect_column_values_to_be_between",
                    "column": "population",
                    "min_value": 0,
                },
            ],
        )

    def write_boundaries(self) -> None:
        features = [
            {
                "type": "Feature",
                "properties": {"insee_code": code, "name": name},
                "geometry": square(place),
            }
            for place, (code, name, *_) in enumerate(COMMUNES)
        ]
        self.write(
            "commune-boundaries",
            {"insee_code": "varchar", "name": "varchar", "geometry": "geometry"},
            json.dumps({"type": "FeatureCollection", "features": features}),
            "geojson",
            key=["insee_code"],
            map={"geometry": "geometry", "label": "name"},
        )

    def refresh(self, *names: str) -> dict[str, str]:
        """States by dataset."""
        records = refresh(list(names) or None, self.settings, "essai")
        return {record.dataset: record.state for record in records}

    def lab(self, language: Language = "fr", **more: Any) -> Lab:
        return Lab(self.settings.lake, language=language, limits=LIMITS, **more)


def _quoted(cell: object) -> str:
    text = str(cell)
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\n') else text


def fill(workshop: Workshop) -> None:
    """Polygons, a joined table, points few and many, years, a reserved and a missing dataset."""
    workshop.write_boundaries()
    workshop.write_communes()
    point = {"longitude": "longitude", "latitude": "latitude", "label": "name"}
    coordinates = {"name": "varchar", "longitude": "double", "latitude": "double"}
    stops = [(f"Arrêt {n}", 5 + n / 1300, 47.3 + n / 1400, n % 3) for n in range(STOPS)]
    for name, rows in {"stops": stops, "town-halls": stops[:20]}.items():
        workshop.write(
            name,
            {**coordinates, "lines": "smallint"},
            "name,longitude,latitude,lines\n"
            + "".join(f"{a},{b:.5f},{c:.5f},{d}\n" for a, b, c, d in rows)
            + "Nulle part,,,1\n",
            map={**point, "value": "lines"},
        )
    workshop.write(
        "population-history",
        {"insee_code": "varchar", "census_year": "smallint", "population": "integer"},
        "insee_code,census_year,population\n21001,2011,1100\n21001,2022,1200\n21002,2022,90\n",
        key=["insee_code", "census_year"],
        map={"boundaries": "commune-boundaries", "key": "insee_code", "on": "insee_code"},
    )
    workshop.write(
        "kinds",
        {
            "whole": "bigint",
            "gap": "integer",
            "flag": "boolean",
            "money": "decimal(10,2)",
            "day": "date",
            "instant": "timestamptz",
            "share": "double",
            "word": "varchar",
        },
        "whole,gap,flag,money,day,instant,share,word\n"
        "9007199254740993,1,true,1.10,2024-02-29,2024-07-01 12:00:00+02:00,0.5,un\n"
        "2,,,2.25,2024-03-01,2024-07-01 10:00:00+00:00,,\n",
    )
    workshop.write("members-only", {"n": "integer"}, "n\n1\n", access="members")
    workshop.write("with-rejects", {"n": "integer"}, "n\n1\ndeux\n3\n", max_reject_ratio=0.5)
    workshop.write("never-there", {"n": "integer"}, "n\nbeaucoup\n")


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """The lake that most tests read; nobody changes it."""
    made = Workshop(tmp_path_factory.mktemp("notebook"))
    fill(made)
    states = made.refresh()
    assert states.pop("never-there") == "failed"
    assert set(states.values()) == {"published"}, states
    return made


@pytest.fixture
def own_workshop(tmp_path: Path) -> Workshop:
    """A lake of two datasets that a test may change."""
    made = Workshop(tmp_path)
    made.write_boundaries()
    made.write_communes()
    assert set(made.refresh().values()) == {"published"}
    return made


@pytest.fixture(scope="session")
def open_lab(workshop: Workshop) -> Callable[[Language], Lab]:
    labs: dict[str, Lab] = {}

    def opened(language: Language = "fr") -> Lab:
        if language not in labs:
            labs[language] = workshop.lab(language)
        return labs[language]

    return opened


@pytest.fixture
def lab(open_lab: Callable[[Language], Lab]) -> Lab:
    """The lab in French."""
    return open_lab("fr")


@pytest.fixture(scope="session")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The map's scripts, taken from their pinned wheels."""
    folder = tmp_path_factory.mktemp("assets")
    try:
        ensure_assets(folder, tmp_path_factory.getbasetemp() / "assets-cache")
    except DatalabError as error:
        pytest.skip(f"the package index does not answer: {error}")
    return folder


WELCOME = ("communes", "commune-boundaries", "commune-indicators", "population-history")


@pytest.fixture(scope="session")
def welcome_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real datasets of the welcome notebooks.

    Where the package index does not answer, the boundaries are squares with the real codes.
    """
    root = tmp_path_factory.mktemp("welcome")
    shutil.copytree(CHECKOUT / "catalog", root / "catalog")
    settings = Settings(home=root / "home", catalog=root / "catalog")
    states = {r.dataset: r for r in refresh(list(WELCOME), settings, "essai")}
    if states["commune-boundaries"].state == "failed":
        stand_in = Workshop(root / "squares")
        rows = (CHECKOUT / "catalog/territory/communes.csv").read_text(encoding="utf-8")
        codes = [line[:5] for line in rows.splitlines() if line.startswith("21")]
        features = [
            {"type": "Feature", "properties": {"insee_code": c, "name": c}, "geometry": square(n)}
            for n, c in enumerate(codes)
        ]
        stand_in.write(
            "commune-boundaries",
            {"insee_code": "varchar", "name": "varchar", "geometry": "geometry"},
            json.dumps({"type": "FeatureCollection", "features": features}),
            "geojson",
            map={"geometry": "geometry", "label": "name"},
        )
        for file in stand_in.theme.iterdir():
            shutil.copy(file, root / "catalog/territory")
        states |= {r.dataset: r for r in refresh(["commune-boundaries"], settings, "essai")}
    assert {r.state for r in states.values()} == {"published"}, states
    return settings.lake
