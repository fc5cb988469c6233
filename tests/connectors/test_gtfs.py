"""A feed fetched whole, once for each of the datasets that are its tables."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from pydantic import ValidationError

from datalab.connectors.gtfs import Source
from datalab.connectors.registry import fetch
from datalab.errors import (
    SourceMissing,
    SourceRefused,
    SourceTooLarge,
    SourceUnexpected,
    SourceUnreachable,
)
from tests.connectors.conftest import HURRIED, Answer, DatasetFor, Recorded


def feed() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("stops.txt", "stop_id\nA\n")
    return packed.getvalue()


FEED = feed()


def test_a_feed_is_fetched_once_for_several_tables(
    server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    url = server.says("/gtfs.zip", Answer(body=FEED, headers={"ETag": '"1"'}))
    for table in ("stops", "trips"):
        described = dataset_for(
            connector="gtfs", url=url, table=table, allow_private=True, format="gtfs"
        )
        found = fetch(described, cache=cache, max_bytes=10_000, patience=HURRIED)
        assert (found.url, found.path.read_bytes()) == (url, FEED)
    assert [headers.get("if-none-match") for _, headers in server.asked] == [None, '"1"']


def test_a_feed_may_lie_beside_its_yaml(dataset_for: DatasetFor, cache: Path) -> None:
    described = dataset_for(connector="gtfs", path="feed.zip", table="stops", format="gtfs")
    with pytest.raises(SourceMissing):
        fetch(described, cache=cache, max_bytes=10_000)
    (described.file.parent / "feed.zip").write_bytes(FEED)
    assert fetch(described, cache=cache, max_bytes=10_000).url == "catalog/territory/feed.zip"
    outside = dataset_for(connector="gtfs", path="../../feed.zip", table="stops", format="gtfs")
    with pytest.raises(SourceRefused):
        fetch(outside, cache=cache, max_bytes=10_000)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(404), SourceMissing),
        (Answer(500), SourceUnreachable),
        (Answer(429), SourceUnreachable),
        (Answer(body=b"<!doctype html><p>Maintenance</p>"), SourceUnexpected),
        (Answer(body=FEED, announced=100_000), SourceTooLarge),
        (Answer(302, headers={"Location": "/gtfs.zip"}), SourceRefused),
    ],
)
def test_what_a_server_does_wrong_is_said(
    server: Recorded,
    dataset_for: DatasetFor,
    cache: Path,
    answer: Answer,
    error: type[Exception],
) -> None:
    url = server.says("/gtfs.zip", answer)
    described = dataset_for(
        connector="gtfs", url=url, table="stops", allow_private=True, format="gtfs"
    )
    with pytest.raises(error):
        fetch(described, cache=cache, max_bytes=10_000, patience=HURRIED)


def test_a_source_says_one_place_and_one_table() -> None:
    for wrong in (
        {"table": "stops"},
        {"table": "stops", "url": "https://d.fr/gtfs.zip", "path": "feed.zip"},
        {"url": "https://d.fr/gtfs.zip"},
        {"table": "stops", "url": "ftp://d.fr/gtfs.zip"},
        {"table": "stops", "url": "https://u:mdp@d.fr/gtfs.zip"},
        {"table": "../stops", "path": "feed.zip"},
        {"table": "stops", "path": "feed.zip", "format": "csv"},
    ):
        with pytest.raises(ValidationError):
            Source.model_validate({"connector": "gtfs", **wrong})
