"""A row that is answered at once is the one that the route answers, for whoever may have it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from datalab.portal.app import create_app
from datalab.portal.keyed import Keyed
from datalab.portal.lookup import Lookups
from tests.portal.conftest import PREFIX, Workshop, described

COLUMNS: dict[str, object] = {
    "id": "integer",
    "code": "varchar",
    "whole": "bigint",
    "price": "decimal(9,2)",
    "long": "decimal(30,4)",
    "share": "double",
    "day": "date",
    "at": "timestamp",
    "yes": "boolean",
}
ROWS = [
    "1,c-1,9007199254740993,12.50,12345678901234567890.1234,0.1,2026-01-31,2026-01-31 12:00:00,",
    "-3,été,-5,0.00,0.5000,1e300,1999-12-31,1999-12-31 23:59:59.250,false",
    "7,c.7,,,,,,,",
    "20,É,2,3.00,1,2.5,0001-01-01,2026-06-01 00:00:00,true",
    "21,zoo,2,-3.10,-1,-2.5,9999-12-31,2026-06-01 00:00:00.000001,true",
    "22,,2,-3.10,-1,-2.5,2000-02-29,2026-06-01 00:00:00,false",
]


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    made = Workshop(tmp_path)
    text = ",".join(COLUMNS) + "\n" + "\n".join(ROWS) + "\n"
    made.write(described("by-number", COLUMNS, key=["id"]), text)
    made.write(described("by-text", COLUMNS, key=["code"]), text)
    made.write(described("no-key", COLUMNS), text)
    assert set(made.refresh().values()) == {"published"}
    return made


def client_of(shop: Workshop) -> TestClient:
    return TestClient(create_app(shop.settings), base_url=f"http://lab.test{PREFIX}/")


def address(dataset: str, query: str) -> str:
    return f"api/v1/datasets/{dataset}/rows?{query}"


def state(client: TestClient) -> Any:
    return client.app.state  # type: ignore[attr-defined]


def kept(client: TestClient, dataset: str) -> Keyed | None:
    """What is in memory of a dataset, after it was asked for often enough."""
    for _ in range(4):
        client.get(address(dataset, "limit=1"))
        state(client).warm.wait()
    lookups: Lookups = state(client).lookups
    lookups.wait()
    shelf = state(client).library.shelf()
    found = lookups.find(shelf, shelf.get(dataset))
    return found[0] if found else None


def said(client: TestClient, dataset: str, query: str) -> tuple[Any, ...]:
    answer = client.get(address(dataset, query))
    return answer.status_code, answer.content, dict(answer.headers)


@pytest.mark.parametrize(
    ("dataset", "values"),
    [
        ("by-number", ["id=1", "id=-3", "id=7", "id=007", "id=20", "id=21", "id=22", "id=8"]),
        ("by-number", ["id=99999999999", "id=1.0", "id=x", "id=", "id=+1", "id=%2B1", "id=1&id=7"]),
        (
            "by-text",
            ["code=c-1", "code=%C3%A9t%C3%A9", "code=c.7", "code=zoo", "code=", "code=ZOO"],
        ),
        ("by-text", ["code=nothing", "code=0", "code=zoo&code=zoo", "whole=2", "unknown=2"]),
    ],
)
def test_the_answer_is_that_of_the_route(shop: Workshop, dataset: str, values: list[str]) -> None:
    client, plain = client_of(shop), client_of(shop)
    before = [said(plain, dataset, value) for value in values]  # asked of the lake itself
    assert kept(client, dataset) is not None
    assert [said(client, dataset, value) for value in values] == before
    # The same by the route, which a parameter that changes nothing leads to.
    by_route = [said(client, dataset, f"{value}&limit=100") for value in values]
    assert [one[:2] for one in by_route] == [one[:2] for one in before]


def test_only_a_table_with_a_key_is_kept(shop: Workshop) -> None:
    client = client_of(shop)
    assert kept(client, "no-key") is None
    assert client.get(address("no-key", "id=7")).json()["total"] == 1


def test_rows_that_share_a_key_are_all_answered(shop: Workshop) -> None:
    columns: dict[str, object] = {"code": "varchar", "n": "integer"}
    shop.write(described("twice", columns, key=["code"]), "code,n\na,1\na,2\nb,3\n")
    client = client_of(shop)
    assert shop.refresh("twice") == {"twice": "published"}
    assert kept(client, "twice") is None
    assert client.get(address("twice", "code=a")).json()["total"] == 2


def test_a_new_snapshot_is_answered_from_its_first_moment(shop: Workshop) -> None:
    client = client_of(shop)
    assert kept(client, "by-number") is not None
    first = client.get(address("by-number", "id=7")).json()
    text = ",".join(COLUMNS) + "\n" + ROWS[2].replace("c.7", "new") + "\n"
    (shop.theme / "by-number.csv").write_text(text, encoding="utf-8")
    assert shop.refresh("by-number") == {"by-number": "published"}
    second = client.get(address("by-number", "id=7")).json()
    assert (first["rows"][0]["code"], second["rows"][0]["code"]) == ("c.7", "new")
    assert second["snapshot"] > first["snapshot"]
    again = kept(client, "by-number")
    assert again is not None
    assert again.row("1") is None


def test_what_is_no_longer_open_is_refused_and_forgotten(shop: Workshop) -> None:
    client = client_of(shop)
    assert kept(client, "by-number") is not None
    path = shop.theme / "by-number.yaml"
    path.write_text(path.read_text() + "access: members\n", encoding="utf-8")
    shop.refresh("by-number")
    assert client.get(address("by-number", "id=7")).status_code == 403
    assert kept(client, "by-text") is not None  # what comes in sees what has to go
    assert [name.rpartition("-")[0] for name in state(client).lookups.names] == ["by-text"]


def test_whoever_shows_who_they_are_is_asked_by_the_route(shop: Workshop) -> None:
    client = client_of(shop)
    assert kept(client, "by-number") is not None
    refused = client.get(address("by-number", "id=7"), headers={"Authorization": "token x"})
    assert refused.status_code == 401
    known = client.get(address("by-number", "id=7"))
    held = {"If-None-Match": known.headers["ETag"]}
    assert client.get(address("by-number", "id=7"), headers=held).status_code == 304
    assert client.post(address("by-number", "id=7")).status_code == 405
    assert client.head(address("by-number", "id=7")).headers == known.headers


def test_no_more_is_kept_than_there_is_room_for(shop: Workshop) -> None:
    client = client_of(shop)
    table = kept(client, "by-number")
    assert table is not None
    lookups: Lookups = state(client).lookups
    lookups.room = table.bytes + table.bytes // 2
    assert kept(client, "by-text") is None  # the other one was used just now
    lookups.rest = 0
    assert kept(client, "by-text") is not None
    assert [name.rpartition("-")[0] for name in lookups.names] == ["by-text"]
    none = client_of(shop)
    state(none).lookups.room = 0
    assert kept(none, "by-text") is None
    assert none.get(address("by-text", "code=zoo")).json()["total"] == 1
