"""The doors as a program, a map tool and somebody with bad intentions use them."""

from __future__ import annotations

import io
import socket
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import openpyxl
import pytest
from starlette.testclient import TestClient

from datalab.errors import TooBusy
from datalab.portal.turns import Turns
from tests.portal.conftest import SENTINEL, Workshop, described
from tests.portal.serving import served

API = "api/v1/datasets"
ODD = f"{API}/odd-values/rows"
RESERVED = ["for-members", "for-named", "not-to-pass-on"]
MANY = 5_000


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Workshop]]:
    """Five thousand lamps, behind a real port."""
    shop = Workshop(tmp_path_factory.mktemp("town"))
    columns: dict[str, object] = {"id": "integer", "x": "double", "y": "double", "day": "date"}
    rows = "".join(
        f"{n},{5 + n % 100 / 500:.4f},{47.3 + n // 100 / 500:.4f},2024-01-{n % 28 + 1:02}\n"
        for n in range(MANY)
    )
    shop.write(
        described("lamps", columns, key=["id"], map={"longitude": "x", "latitude": "y"}),
        "id,x,y,day\n" + rows,
    )
    wide: dict[str, object] = {"n": "integer", "text": "varchar"}
    long = "x" * 2000
    shop.write(
        described("long", wide), "n,text\n" + "".join(f"{n},{long}\n" for n in range(20_000))
    )
    assert set(shop.refresh().values()) == {"published"}
    with served(shop.settings) as address:
        yield address, shop


def ids(client: TestClient, query: str) -> list[int]:
    answer = client.get(f"{ODD}?{query}")
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["rows"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("id=2", [2]),
        ("id__in=1,3", [1, 3]),
        ("id__gte=4", [4, 5]),
        ("said==1%2B1", [1]),
        ("said__startswith=%40", [5]),
        ("said__contains=Q", [2]),
        ("said__null=true", [4]),
        ("said=", [3]),
        ("flag=false", [2]),
        ("short__lt=0", [2]),
        ("short=1.1", [1]),
        ("short=1.101", []),
        ("amount=1234567890123456.7891", [1]),
        ("big=9007199254740993", [1]),
        ("day__gt=2024-03-01", [4, 5]),
        ("instant=2024-07-01T12:00:00%2B02:00", [1, 2, 4, 5]),
        ("moment=2024-01-01T12:00:00.25", [2]),
        ("id__ne=1&sort=-id&limit=2", [5, 4]),
        ("sort=flag,-id", [2, 5, 4, 1, 3]),
        ("id__gt=999999999999999999999", []),
    ],
)
def test_rows_are_chosen_by_typed_filters(client: TestClient, query: str, found: list[int]) -> None:
    assert ids(client, query) == found


@pytest.mark.parametrize(
    "query",
    [
        "idd=1",
        "id=abc",
        "id=1 OR 1=1",
        "id__like=1",
        "said__gtt=1",
        "id__contains=1",
        "short=1e999",
        "amount=NaN",
        "day=31/01/2024",
        "flag=yes",
        "columns=nope",
        "columns=id;drop",
        "sort=said)--",
        "limit=-1",
        "limit=10001",
        "after=-5",
        "snapshot=99999",
        "id__in=" + ",".join(["1"] * 300),
        '";DROP TABLE x;--=1',
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(client: TestClient, query: str) -> None:
    answer = client.get(f"{ODD}?{query}")
    assert answer.status_code in {400, 404}
    assert answer.json()["error"]["message"]


def test_columns_are_chosen_in_their_order(client: TestClient) -> None:
    rows = client.get(f"{ODD}?columns=said,id&limit=1").json()["rows"]
    assert [list(row) for row in rows] == [["said", "id"]]


def test_the_total_counts_all_rows_that_meet_the_filters(client: TestClient) -> None:
    found = client.get(f"{API}/many-rows/rows?word=mot 1&limit=5").json()
    assert found["total"] == 36
    assert len(found["rows"]) == 5
    assert client.get(f"{API}/many-rows/rows?limit=0").json()["total"] == 250
    assert "total" not in client.get(f"{API}/many-rows/rows?limit=5&count=false").json()


def test_groups_are_summed_up(client: TestClient) -> None:
    answer = client.get(f"{API}/odd-values/aggregate?by=flag&measure=count,sum(short),max(day)")
    assert answer.json()["groups"] == [
        {"flag": False, "count": 1, "sum_short": -2.5, "max_day": "2024-03-01"},
        {"flag": True, "count": 3, "sum_short": 3.1, "max_day": "2024-03-02"},
        {"flag": None, "count": 1, "sum_short": None, "max_day": None},
    ]
    whole = client.get(f"{API}/many-rows/aggregate?measure=sum(number),distinct(word)").json()
    assert whole["groups"] == [{"sum_number": 31125, "distinct_word": 7}]
    for wrong in ("measure=sum(said)", "measure=drop(id)", "by=nope", "sort=said", "measure=sum"):
        assert client.get(f"{API}/odd-values/aggregate?{wrong}").status_code == 400


@pytest.mark.parametrize("name", RESERVED)
@pytest.mark.parametrize(
    "door",
    [
        f"{API}/{{}}/rows",
        f"{API}/{{}}/rows?q=DO",
        f"{API}/{{}}/aggregate?by=code",
        "datasets/{}.xlsx",
        "datasets/{}.arrow",
        "datasets/{}/tiles.json",
        "datasets/{}/tiles/0/0/0.pbf",
        "ogc/collections/{}",
        "ogc/collections/{}/items",
        "ogc/collections/{}/items/1",
    ],
)
def test_reserved_rows_leave_by_no_door(client: TestClient, name: str, door: str) -> None:
    for method in ("GET", "HEAD"):
        answer = client.request(method, door.format(name))
        assert answer.status_code == 403
        assert SENTINEL not in answer.text


def test_an_answer_says_what_it_is(client: TestClient) -> None:
    headers = client.get(ODD).headers
    assert headers["datalab-snapshot"]
    assert headers["datalab-licence"] == "cc-by-4.0"
    assert headers["datalab-quality"]
    assert headers["access-control-allow-origin"] == "*"
    again = client.get(ODD, headers={"If-None-Match": headers["etag"]})
    assert again.status_code == 304


def test_a_workbook_opens_with_types_and_says_where_it_is_from(client: TestClient) -> None:
    content = client.get("datasets/odd-values.xlsx?lang=en").content
    assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None
    rows, about = openpyxl.load_workbook(io.BytesIO(content)).worksheets
    assert rows["B2"].value == "=1+1"
    assert rows["B2"].data_type == "s"  # a text, never a formula
    assert rows["D3"].value == -2.5
    said = {row[0]: row[1] for row in about.iter_rows(values_only=True)}
    assert said["Licence"].startswith("Creative Commons")
    assert said["Snapshot"].isdigit()


def test_parts_of_a_parquet_file_fit_together(client: TestClient) -> None:
    address = "datasets/many-rows.parquet"
    whole = client.get(address)
    half = len(whole.content) // 2
    tag = whole.headers["etag"]
    assert not tag.startswith("W/")
    first = client.get(address, headers={"Range": f"bytes=0-{half - 1}"})
    second = client.get(address, headers={"Range": f"bytes={half}-", "If-Range": tag})
    assert (first.status_code, second.status_code) == (206, 206)
    assert first.content + second.content == whole.content
    assert client.get(address, headers={"Range": "bytes=9-", "If-Range": '"x"'}).status_code == 200
    beyond = client.get(address, headers={"Range": "bytes=99999999-"})
    assert beyond.status_code == 416
    assert beyond.json()["error"]["code"] == "range-refused"
    assert client.get(address, headers={"Range": "lines=1-2"}).content == whole.content
    assert int(client.head(address).headers["content-length"]) == len(whole.content)


def test_map_tools_find_what_the_standard_asks_for(client: TestClient) -> None:
    landing = client.get("ogc/").json()
    rels = {link["rel"] for link in landing["links"]}
    assert {"self", "service-desc", "conformance", "data"} <= rels
    conforms = client.get("ogc/conformance").json()["conformsTo"]
    assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in conforms
    assert client.get("ogc/api").json()["openapi"].startswith("3.0")
    names = {one["id"] for one in client.get("ogc/collections").json()["collections"]}
    assert names == {"communes", "commune-boundaries"}
    one = client.get("ogc/collections/communes").json()
    assert one["extent"]["spatial"]["bbox"][0] == pytest.approx([5.0, 47.3, 5.2, 47.5])
    assert client.get("ogc/collections/communes/items/21002").json()["id"] == "21002"
    missing = client.get("ogc/collections/communes/items/nobody")
    assert missing.json()["error"]["code"] == "unknown-feature"


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 4),
        ("bbox=5.01,47.31,5.05,47.35", 1),
        ("bbox=5.01,47.31,0,5.05,47.35,9", 1),
        ("bbox=170,-10,-170,10", 0),
        ("population__gt=1000", 2),
        ("crs=http://www.opengis.net/def/crs/OGC/1.3/CRS84", 4),
        ("limit=99999", 4),
    ],
)
def test_features_are_chosen(client: TestClient, query: str, count: int) -> None:
    found = client.get(f"ogc/collections/communes/items?{query}").json()
    assert found["numberMatched"] == found["numberReturned"] == count


@pytest.mark.parametrize(
    "query",
    [
        *("bbox=1,2,3", "bbox=a,b,c,d", "bbox=1,5,2,4", "bbox=nan,1,2,3", "datetime=soon"),
        *("limit=0", "crs=EPSG:2154", "populatio=1", "datetime=2024-02-01/2024-01-01"),
    ],
)
def test_features_asked_for_wrongly_are_refused(client: TestClient, query: str) -> None:
    answer = client.get(f"ogc/collections/communes/items?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid-parameter"


def test_features_of_a_time(town: tuple[str, Workshop]) -> None:
    items = f"{town[0]}ogc/collections/lamps/items"
    one = httpx.get(items, params={"datetime": "2024-01-03", "limit": 1}).json()
    two = httpx.get(items, params={"datetime": "2024-01-27T00:00:00Z/..", "limit": 1}).json()
    assert one["numberMatched"] == sum(n % 28 == 2 for n in range(MANY))
    assert two["numberMatched"] == sum(n % 28 >= 26 for n in range(MANY))


@pytest.mark.parametrize("page", ["", "conformance", "api", "collections", "collections/communes"])
def test_people_get_pages_of_the_map_door(client: TestClient, page: str) -> None:
    answer = client.get(f"ogc/{page}", headers={"Accept": "text/html"})
    assert answer.status_code == 200
    assert "<h1>" in answer.text
    items = client.get("ogc/collections/communes/items?f=html")
    assert "&lt;b&gt;Ouest" in items.text


def decoded(content: bytes, folder: Path) -> list[dict[str, object]]:
    """A tile as GDAL reads it."""
    import pyogrio

    path = folder / "0.pbf"
    path.write_bytes(content)
    found = pyogrio.read_dataframe(path, read_geometry=False)
    return found.to_dict("records")  # type: ignore[no-any-return]


def test_a_tile_of_a_city_is_a_grid_and_one_of_a_street_is_its_rows(
    town: tuple[str, Workshop], tmp_path: Path
) -> None:
    own = f"{town[0]}datasets/lamps/tiles"
    far = httpx.get(f"{own}/5/16/11.pbf")
    assert far.status_code == 200
    cells = decoded(far.content, tmp_path)
    assert sum(int(str(cell["count"])) for cell in cells) == MANY
    assert len(cells) < MANY / 10
    near = httpx.get(f"{own}/14/8422/5739.pbf")
    rows = decoded(near.content, tmp_path)
    assert rows
    assert "count" not in rows[0]
    assert {"id", "day"} <= rows[0].keys()
    assert httpx.get(f"{own}/14/1/1.pbf").status_code == 204
    again = httpx.get(f"{own}/5/16/11.pbf", headers={"If-None-Match": far.headers["etag"]})
    assert again.status_code == 304


def test_turns_are_given_back_and_nobody_takes_them_all() -> None:
    turns = Turns(most=3, most_each=2)
    first, _ = turns.take("one"), turns.take("one")
    with pytest.raises(TooBusy):
        turns.take("one")
    turns.take("two")
    with pytest.raises(TooBusy):
        turns.take("three")
    first()
    first()
    assert turns.taken == 2
    turns.take("three")


def test_who_leaves_early_frees_the_work(town: tuple[str, Workshop]) -> None:
    address = town[0]
    place = urlsplit(address)
    for _ in range(6):  # more than one network may have at once
        with socket.create_connection((str(place.hostname), place.port or 80)) as plug:
            plug.sendall(f"GET {place.path}datasets/long.csv HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert plug.recv(4000).startswith(b"HTTP/1.1 200")
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        until = time.monotonic() + 60
        while httpx.get(f"{address}datasets/long.arrow", timeout=60).status_code != 200:
            assert time.monotonic() < until
            threading.Event().wait(0.1)
