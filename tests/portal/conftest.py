"""A small lake with every kind of dataset, published by the real refresh, under the portal."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import uvicorn
import yaml
from starlette.testclient import TestClient

from datalab.portal.app import create_app
from datalab.refresh import refresh
from datalab.settings import Settings

if TYPE_CHECKING:
    from tests.portal.desk import Desk

PREFIX = "/services/datalab"
SENTINEL = "DO-NOT-TELL-4711"  # stands in every reserved row


def described(name: str, columns: dict[str, object], **more: object) -> dict[str, object]:
    """A complete YAML document of a dataset, with what the test is not about filled in."""
    document: dict[str, object] = {
        "id": name,
        "title": {"fr": f"Jeu {name}", "en": f"Set {name}"},
        "description": {"fr": f"Description de {name}.", "en": f"Description of {name}."},
        "publisher": "Atelier",
        "license": "lov2",
        "steward": "observatoire",
        "periodicity": "annual",
        "source": {"connector": "file", "path": f"{name}.csv"},
        "columns": {
            column: {
                "description": {"fr": f"Colonne {column}", "en": f"Column {column}"},
                **(about if isinstance(about, dict) else {"type": about}),
            }
            for column, about in columns.items()
        },
        "expectations": [{"type": "expect_table_row_count_to_be_between", "min_value": 1}],
    }
    return {**document, **more}


def square(west: float, south: float) -> dict[str, object]:
    ring = [(0, 0), (0.1, 0), (0.1, 0.1), (0, 0.1), (0, 0)]
    return {"type": "Polygon", "coordinates": [[[west + x, south + y] for x, y in ring]]}


COMMUNES = [
    ("21001", "Émilienne", 1200, "3.50", 343.0),
    ("21002", "Zéphyr", 90, "9.25", 9.7),
    ("21003", "abeille", 15300, "4.10", 3731.7),
    ("21004", "<b>Ouest</b>", 510, "6.00", 85.0),
]


class Workshop:
    """A catalog on disk, its lake, and a way to change and refresh it."""

    def __init__(self, root: Path) -> None:
        self.settings = Settings(home=root / "home", catalog=root / "catalog")
        self.theme = self.settings.catalog / "territory"
        self.theme.mkdir(parents=True)

    def write(self, document: dict[str, object], rows: str, ending: str = "csv") -> None:
        name = document["id"]
        text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False)
        (self.theme / f"{name}.yaml").write_text(text, encoding="utf-8")
        (self.theme / f"{name}.{ending}").write_text(rows, encoding="utf-8")

    def refresh(self, *names: str) -> dict[str, str]:
        """States by dataset."""
        records = refresh(list(names) or None, self.settings, "essai")
        return {record.dataset: record.state for record in records}


def fill(workshop: Workshop) -> None:
    """Datasets of every access class, licence and state."""
    text = "varchar"
    features = [
        {
            "type": "Feature",
            "properties": {"insee_code": code, "name": name},
            "geometry": square(5 + 0.1 * (place % 2), 47.3 + 0.1 * (place // 2)),
        }
        for place, (code, name, *_) in enumerate(COMMUNES)
    ]
    workshop.write(
        described(
            "commune-boundaries",
            {"insee_code": text, "name": text, "geometry": "geometry"},
            key=["insee_code"],
            map={"geometry": "geometry", "label": "name"},
            source={
                "connector": "file",
                "path": "commune-boundaries.geojson",
                "format": "geojson",
            },
        ),
        json.dumps({"type": "FeatureCollection", "features": features}),
        "geojson",
    )
    people = {"type": "integer", "unit": "inhabitants"}
    workshop.write(
        described(
            "communes",
            {
                "insee_code": text,
                "name": text,
                "population": people,
                "area_km2": {"type": "decimal(6,2)", "unit": "km²"},
                "density": {"type": "double", "unit": "inhabitants/km²"},
            },
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
                    "type": "expect_column_max_to_be_between",
                    "column": "population",
                    "max_value": 1000,
                    "severity": "warning",
                },
            ],
        ),
        "insee_code,name,population,area_km2,density\n"
        + "".join(",".join(map(str, row)) + "\n" for row in COMMUNES),
    )
    workshop.write(
        described(
            "odd-values",
            {
                "id": "integer",
                "said": text,
                "amount": "decimal(20,4)",
                "short": "decimal(8,2)",
                "share": "double",
                "day": "date",
                "moment": "timestamp",
                "instant": "timestamptz",
                "flag": "boolean",
                "big": "bigint",
            },
            license="cc-by-4.0",
            source={
                "connector": "file",
                "path": "odd-values.csv",
                "csv": {"null_values": ["NULL"]},
            },
        ),
        "id,said,amount,short,share,day,moment,instant,flag,big\n"
        "1,=1+1,1234567890123456.7891,1.10,0.1,2024-02-29,2024-01-01 12:00:00,"
        "2024-07-01 12:00:00+02:00,true,9007199254740993\n"
        '2,"a ""q"", b; c\nd",0.0001,-2.50,1e-7,2024-03-01,2024-01-01 12:00:00.25,'
        "2024-07-01 10:00:00+00:00,false,-1\n"
        '3,"",NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL\n'
        "4,NULL,1,1,1,2024-03-02,2024-01-02 00:00:00,2024-07-01 10:00:00+00:00,true,0\n"
        "5,@SUM(A1),1,1,1,2024-03-02,2024-01-02 00:00:00,2024-07-01 10:00:00+00:00,true,0\n",
    )
    workshop.write(
        described("many-rows", {"number": "integer", "word": text}, license="not-stated"),
        "number,word\n" + "".join(f"{n},mot {n % 7}\n" for n in range(250)),
    )
    secret = f"code,amount\n{SENTINEL},5\n"
    two = {"code": text, "amount": "integer"}
    told = [
        {
            "type": "expect_column_values_to_be_in_set",
            "column": "code",
            "value_set": ["x"],
            "severity": "warning",
        }
    ]
    for name, more in {
        "for-members": {"access": "members"},
        "for-named": {"access": "restricted", "audience": ["account:conseil"]},
        "not-to-pass-on": {"redistribution": False, "license": "all-rights-reserved"},
    }.items():
        workshop.write(described(name, two, expectations=told, **more), secret)
    workshop.write(
        described("with-rejects", {"n": "integer", "word": text}, max_reject_ratio=0.5),
        "n,word\n1,un\ndeux,deux\n3,trois\n",
    )
    unique = [{"type": "expect_column_values_to_be_unique", "column": "code"}]
    workshop.write(
        described("kept-back", two, key=["code"], expectations=unique), "code,amount\na,1\nb,2\n"
    )
    workshop.write(described("never-there", two), "code,amount\na,many\n")


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """The lake that most tests read; nobody changes it."""
    made = Workshop(tmp_path_factory.mktemp("portal"))
    fill(made)
    first = made.refresh()
    assert first["communes"] == "published", first
    (made.theme / "kept-back.csv").write_text("code,amount\na,1\na,2\n", encoding="utf-8")
    assert made.refresh("kept-back") == {"kept-back": "kept"}
    return made


@pytest.fixture(scope="session")
def shared_client(workshop: Workshop) -> TestClient:
    return TestClient(
        create_app(workshop.settings),
        base_url=f"http://lab.test{PREFIX}/",
        raise_server_exceptions=False,
    )


@pytest.fixture
def client(shared_client: TestClient) -> TestClient:
    """A newcomer: no language is remembered from the test before."""
    shared_client.cookies.clear()
    return shared_client


@pytest.fixture(scope="session")
def address(workshop: Workshop) -> Iterator[str]:
    """The portal on a real port, for a real browser."""
    server = uvicorn.Server(
        uvicorn.Config(create_app(workshop.settings), port=0, log_level="warning")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}{PREFIX}/"
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Accounts of every group, named after it."""
    from tests.portal.desk import Desk

    return Desk(tmp_path / "home")
