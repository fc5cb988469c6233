"""Warm copies give the same rows as the lake, and go when their dataset is no longer open."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from datalab.portal.app import create_app
from datalab.portal.warm import WarmTables
from tests.portal.conftest import PREFIX, Workshop, described

ROWS = "api/v1/datasets/counted/rows"


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    made = Workshop(tmp_path)
    columns: dict[str, object] = {"code": "varchar", "n": "integer"}
    text = "code,n\n" + "".join(f"c{n},{n * 7 % 50}\n" for n in range(300))
    made.write(described("counted", columns, key=["code"]), text)
    assert made.refresh() == {"counted": "published"}
    return made


def client_of(shop: Workshop) -> TestClient:
    return TestClient(create_app(shop.settings), base_url=f"http://lab.test{PREFIX}/")


def copies(shop: Workshop) -> list[Path]:
    return list((shop.settings.cache / "warm").glob("*.duckdb"))


def test_a_table_that_is_asked_for_again_is_copied_and_stays_the_same(shop: Workshop) -> None:
    client = client_of(shop)
    asked = [
        f"{ROWS}?limit=10&n__gt=20",
        f"{ROWS}?limit=10&sort=-n",
        f"{ROWS}?code=c77",
        f"{ROWS}?limit=20&after=100",
    ]
    cold = [client.get(address).json() for address in asked]
    warm: WarmTables = client.app.state.warm  # type: ignore[attr-defined]
    warm.wait()
    assert len(copies(shop)) == 1
    assert [client.get(address).json() for address in asked] == cold
    # A portal that starts anew finds the copy.
    again = client_of(shop)
    assert again.get(asked[2]).json() == cold[2]


def test_a_new_snapshot_is_never_answered_from_an_old_copy(shop: Workshop) -> None:
    client = client_of(shop)
    warm: WarmTables = client.app.state.warm  # type: ignore[attr-defined]
    for _ in range(3):
        assert client.get(f"{ROWS}?code=c1").json()["rows"] == [{"code": "c1", "n": 7}]
    warm.wait()
    first = client.get(ROWS).json()["snapshot"]
    (shop.theme / "counted.csv").write_text("code,n\nc1,8\n", encoding="utf-8")
    assert shop.refresh("counted") == {"counted": "published"}
    assert client.get(f"{ROWS}?code=c1").json()["rows"] == [{"code": "c1", "n": 8}]
    old = client.get(f"{ROWS}?code=c1&snapshot={first}").json()
    assert old["rows"] == [{"code": "c1", "n": 7}]


def test_a_dataset_that_is_no_longer_open_leaves_no_copy(shop: Workshop) -> None:
    client = client_of(shop)
    warm: WarmTables = client.app.state.warm  # type: ignore[attr-defined]
    for _ in range(3):
        assert client.get(ROWS).status_code == 200
    warm.wait()
    assert copies(shop)
    path = shop.theme / "counted.yaml"
    path.write_text(path.read_text() + "access: members\n", encoding="utf-8")
    other: dict[str, object] = {"code": "varchar"}
    shop.write(described("other", other), "code\na\n")
    assert shop.refresh()["other"] == "published"
    assert client.get(ROWS).status_code == 403
    assert client.get("api/v1/datasets/other/rows").status_code == 200
    warm.wait()
    assert copies(shop) == []


def test_rows_are_found_by_their_words_best_first(shop: Workshop) -> None:
    columns: dict[str, object] = {"id": "integer", "name": "varchar", "kind": "varchar"}
    shop.write(
        described("places", columns),
        "id,name,kind\n1,École du Parc,school\n2,Parc de la Colombière,park\n"
        "3,Écoles et écoles,school\n4,Gare,station\n",
    )
    shop.refresh("places")
    client = client_of(shop)
    found = client.get("api/v1/datasets/places/rows?q=ecole").json()
    assert found["total"] == 2
    assert [row["id"] for row in found["rows"]] == [3, 1]
    found = client.get("api/v1/datasets/places/rows?q=parc&kind=park").json()
    assert [row["id"] for row in found["rows"]] == [2]
    assert client.get("api/v1/datasets/places/rows?q=rien").json()["rows"] == []
    assert client.get('api/v1/datasets/places/rows?q=") OR *').json()["rows"] == []
    first = client.get("api/v1/datasets/places/rows?q=parc&limit=1").json()
    second = client.get(first["next"]).json()
    assert {first["rows"][0]["id"], second["rows"][0]["id"]} == {1, 2}
