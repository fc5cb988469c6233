"""Whole tables as files."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime

import pyarrow.parquet as parquet
import pytest
from starlette.testclient import TestClient

NAME = "datasets/odd-values"


def table(text: str, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def test_lossless_csv_is_rfc_4180(client: TestClient) -> None:
    answer = client.get(f"{NAME}.csv?dialect=lossless")
    assert answer.content == client.get(f"{NAME}.csv?dialect=rfc4180").content
    assert answer.headers["datalab-dialect"] == "lossless; text=unchanged"
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert not answer.text.startswith("\ufeff")
    assert answer.text.count("\r\n") == 6
    found = table(answer.text)
    assert found[0][:3] == ["id", "said", "amount"]
    assert found[1] == [
        "1",
        "=1+1",
        "1234567890123456.7891",
        "1.10",
        "0.1",
        "2024-02-29",
        "2024-01-01T12:00:00",
        "2024-07-01T10:00:00Z",
        "true",
        "9007199254740993",
    ]
    assert found[2][1] == 'a "q", b; c\nd'
    assert found[2][6] == "2024-01-01T12:00:00.250000"


def test_an_empty_text_is_not_an_absent_one(client: TestClient) -> None:
    lines = client.get(f"{NAME}.csv").text.split("\r\n")
    assert lines[3] == '3,"",,,,,,,,'
    assert lines[4].startswith("4,,1.0000,")


def test_a_french_spreadsheet_opens_the_excel_dialect(client: TestClient) -> None:
    text = client.get(f"{NAME}.csv?dialect=excel").text
    assert text.startswith("\ufeffid;said;")
    found = table(text.removeprefix("\ufeff"), ";")
    assert found[1][2:5] == ["1234567890123456,7891", "1,10", "0,1"]
    assert found[2][3] == "-2,50"
    assert found[2][1] == 'a "q", b; c\nd'


@pytest.mark.parametrize(("dialect", "delimiter"), [("", ","), ("?dialect=excel", ";")])
def test_a_spreadsheet_runs_no_formula_of_ours(
    client: TestClient, dialect: str, delimiter: str
) -> None:
    answer = client.get(f"{NAME}.csv{dialect}")
    assert "text=guarded" in answer.headers["datalab-dialect"]
    found = table(answer.text.removeprefix("\ufeff"), delimiter)
    assert found[1][1] == "'=1+1"
    assert found[5][1] == "'@SUM(A1)"
    assert found[2][3].startswith("-2")  # a negative number is a number


def test_a_byte_order_mark_comes_where_it_is_asked_for(client: TestClient) -> None:
    plain, marked = client.get(f"{NAME}.csv"), client.get(f"{NAME}.csv?bom=true")
    assert marked.content == b"\xef\xbb\xbf" + plain.content
    assert marked.headers["etag"] != plain.headers["etag"]


def test_parquet_keeps_types_and_says_what_it_is(client: TestClient) -> None:
    answer = client.get(f"{NAME}.parquet")
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    found = parquet.read_table(io.BytesIO(answer.content))
    assert found.num_rows == 5
    assert str(found.schema.field("amount").type).startswith("decimal128(20, 4)")
    assert found.column("instant")[0].as_py() == datetime(2024, 7, 1, 10, tzinfo=UTC)
    about = json.loads(found.schema.metadata[b"datalab"])
    assert about["dataset"] == "odd-values"
    assert about["license"] == "cc-by-4.0"


def test_geoparquet_can_be_read_as_such(client: TestClient) -> None:
    import geopandas

    content = client.get("datasets/commune-boundaries.parquet").content
    found = geopandas.read_parquet(io.BytesIO(content))
    assert len(found) == 4
    assert found.crs is not None
    assert found.geometry.iloc[0].bounds == pytest.approx((5.0, 47.3, 5.1, 47.4))


def test_geojson_of_lent_boundaries(client: TestClient) -> None:
    answer = client.get("datasets/communes.geojson")
    assert answer.headers["content-type"] == "application/geo+json"
    found = answer.json()
    assert found["type"] == "FeatureCollection"
    first = found["features"][0]
    assert first["id"] == "21001"
    assert first["geometry"]["type"] == "Polygon"
    assert first["properties"]["population"] == 1200
    assert first["properties"]["area_km2"] == 3.5


def test_no_geojson_without_places(client: TestClient) -> None:
    for method in ("GET", "HEAD"):
        assert client.request(method, f"{NAME}.geojson").status_code == 404
    assert client.get(f"{NAME}.geojson").json()["error"]["code"] == "no-geometry"


@pytest.mark.parametrize("door", ["csv", "csv?dialect=excel", "parquet"])
def test_a_file_can_be_kept_and_asked_again(client: TestClient, door: str) -> None:
    first = client.get(f"{NAME}.{door}")
    tag, since = first.headers["etag"], first.headers["last-modified"]
    assert first.headers["cache-control"] == "no-cache"
    snapshot = first.headers["datalab-snapshot"]
    assert f'filename="odd-values-{snapshot}.' in first.headers["content-disposition"]
    assert client.get(f"{NAME}.{door}", headers={"If-None-Match": tag}).status_code == 304
    assert client.get(f"{NAME}.{door}", headers={"If-None-Match": 'W/"no"'}).status_code == 200
    assert client.get(f"{NAME}.{door}", headers={"If-Modified-Since": since}).status_code == 304
    head = client.head(f"{NAME}.{door}")
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["etag"] == tag


def test_dialects_do_not_share_a_tag(client: TestClient) -> None:
    tags = {client.head(f"{NAME}.{d}").headers["etag"] for d in ("csv", "csv?dialect=excel")}
    assert len(tags) == 2


def test_a_stated_snapshot_may_be_kept_for_a_while(client: TestClient) -> None:
    snapshot = client.get(f"{NAME}.json").json()["snapshot"]
    answer = client.get(f"{NAME}.csv?snapshot={snapshot}")
    assert answer.headers["cache-control"].startswith("public, max-age=")
    assert answer.text == client.get(f"{NAME}.csv").text


def test_every_form_holds_the_same_rows(client: TestClient) -> None:
    numbers = [
        row["number"] for row in client.get("datasets/many-rows.json?limit=10000").json()["rows"]
    ]
    lines = table(client.get("datasets/many-rows.csv").text)[1:]
    content = client.get("datasets/many-rows.parquet").content
    assert [int(line[0]) for line in lines] == numbers
    assert parquet.read_table(io.BytesIO(content)).column("number").to_pylist() == numbers
