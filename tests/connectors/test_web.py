"""Every connector of the web against its service: as it should be, and in every way it breaks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datalab.catalog.dataset import Dataset
from datalab.connectors import registry
from datalab.connectors.fetched import Fetched
from datalab.errors import (
    DatalabError,
    SourceIncomplete,
    SourceMissing,
    SourceRefused,
    SourceUnexpected,
    SourceUnreachable,
    UnreadableFile,
)
from datalab.lake.stage import stage
from tests.connectors.conftest import HURRIED, Answer, DatasetFor, Recorded
from tests.connectors.services import SERVICES, Service, document, feature, features
from tests.lake.datasets import rows as rows_of

PAGE = b"<!DOCTYPE html><html><body>Maintenance</body></html>"
LARGEST = 100_000


def dataset_of(service: Service, server: Recorded, make: DatasetFor, **more: Any) -> Dataset:
    """A dataset that is read from ``service``, with the columns that it should have."""
    words = {"fr": "Colonne", "en": "Column"}
    source = {"connector": service.name, "allow_private": True, **service.source(server), **more}
    document = make(**source).model_dump(mode="json", by_alias=True, exclude_none=True)
    columns = {name: {"type": kind, "description": words} for name, kind in service.columns.items()}
    geometry = {"geometry": {"type": "geometry", "description": words}}
    document["columns"] = columns | (geometry if source.get("format") == "geojson" else {})
    return Dataset.model_validate(document).located("territory", Path("communes.yaml"))


def take(dataset: Dataset, cache: Path, limit: int = LARGEST) -> Fetched:
    return registry.fetch(dataset, cache=cache, max_bytes=limit, patience=HURRIED)


def road(dataset: Dataset, cache: Path, folder: Path) -> list[tuple[Any, ...]]:
    """Fetched and staged, as a refresh does it."""
    staged = stage(dataset, take(dataset, cache).path, folder)
    assert staged.rejected == 0
    return rows_of(staged, _shown(dataset))


def _shown(dataset: Dataset) -> str:
    if "title" in dataset.columns:
        return "SELECT identifier, title, page FROM data ORDER BY 1"
    if "bikes" in dataset.columns:
        return "SELECT station_id, bikes FROM data ORDER BY 1"
    return "SELECT station_id, bikes_available, name FROM data ORDER BY 1"


def named(services: list[Service]) -> list[Any]:
    return [pytest.param(one, id=f"{one.name}-{number}") for number, one in enumerate(services)]


@pytest.mark.parametrize("service", named(SERVICES))
def test_the_rows_of_a_service_arrive(
    service: Service, server: Recorded, dataset_for: DatasetFor, cache: Path, tmp_path: Path
) -> None:
    for path, body in service.answers(server).items():
        server.says(path, Answer(body=body))
    dataset = dataset_of(service, server, dataset_for)
    assert road(dataset, cache, tmp_path / "one") == list(service.rows)
    first = take(dataset, cache)
    assert take(dataset, cache).sha256 == first.sha256
    assert first.url.startswith(server.url(""))
    agents = {headers["user-agent"] for _, headers in server.asked}
    assert all(agent.startswith("datalab/") for agent in agents)


@pytest.mark.parametrize("service", named(SERVICES))
def test_what_did_not_change_is_not_sent_again(
    service: Service, server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    answers = service.answers(server)
    for number, (path, body) in enumerate(answers.items()):
        server.says(path, Answer(body=body, headers={"ETag": f'"{number}"'}))
    dataset = dataset_of(service, server, dataset_for)
    first = take(dataset, cache)
    asked = len(server.asked)
    assert take(dataset, cache).sha256 == first.sha256
    assert all("if-none-match" in headers for _, headers in server.asked[asked:])


FAULTS: dict[str, tuple[Answer, type[DatalabError], int]] = {
    "404": (Answer(404, b"nothing here"), SourceMissing, 1),
    "429": (Answer(429, b"slowly"), SourceUnreachable, HURRIED.attempts),
    "500": (Answer(500, b"oops"), SourceUnreachable, HURRIED.attempts),
    "truncated": (Answer(body=b"half", announced=4000), SourceUnreachable, HURRIED.attempts),
    "wrong type": (Answer(body=PAGE), SourceUnexpected, 1),
    "empty": (Answer(body=b""), SourceUnexpected, 1),
}
PLACES = [
    pytest.param(service, place, id=f"{service.name}-{number}-{place}")
    for number, service in enumerate(SERVICES)
    for place in range(len(service.answers(Recorded(1))))
]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("service", "place"), PLACES)
def test_a_service_that_breaks_gives_nothing_and_says_why(
    fault: str,
    service: Service,
    place: int,
    server: Recorded,
    dataset_for: DatasetFor,
    cache: Path,
) -> None:
    answer, error, times = FAULTS[fault]
    answers = service.answers(server)
    broken = list(answers)[place]
    for path, body in answers.items():
        server.says(path, answer if path == broken else Answer(body=body))
    with pytest.raises(error) as caught:
        take(dataset_of(service, server, dataset_for), cache)
    assert server.times(broken) == times
    for language in ("fr", "en"):
        said = caught.value.message(language)
        assert server.url("") in said
        assert "{" not in said


@pytest.mark.parametrize(("service", "place"), PLACES)
def test_a_redirect_loop_ends(
    service: Service, place: int, server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    answers = service.answers(server)
    broken = list(answers)[place]
    for path, body in answers.items():
        loop = Answer(302, headers={"Location": path})
        server.says(path, loop if path == broken else Answer(body=body))
    with pytest.raises(SourceRefused):
        take(dataset_of(service, server, dataset_for), cache)


@pytest.mark.parametrize(("service", "place"), PLACES)
def test_a_changed_schema_is_never_taken_for_data(
    service: Service,
    place: int,
    server: Recorded,
    dataset_for: DatasetFor,
    cache: Path,
    tmp_path: Path,
) -> None:
    answers = service.answers(server)
    changed = list(answers)[place]
    leads = service.name == "opendatasoft" and place == 0
    for path, body in answers.items():
        server.says(path, Answer(body=service.changed if path == changed else body))
    dataset = dataset_of(service, server, dataset_for)
    if leads:  # only says whether something changed; the rows are the same
        assert road(dataset, cache, tmp_path / "one") == list(service.rows)
        return
    with pytest.raises((SourceUnexpected, SourceIncomplete, UnreadableFile)):
        road(dataset, cache, tmp_path / "one")


@pytest.mark.parametrize(("service", "place"), PLACES)
def test_an_answer_above_the_limit_is_left_unread(
    service: Service, place: int, server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    from datalab.errors import SourceTooLarge

    answers = service.answers(server)
    large = list(answers)[place]
    for path, body in answers.items():
        server.says(path, Answer(body=b"x" * (LARGEST + 1) if path == large else body))
    with pytest.raises(SourceTooLarge):
        take(dataset_of(service, server, dataset_for), cache)
    assert not list(cache.rglob(".part-*"))


# -- addresses that an answer names ------------------------------------------------------------

ELSEWHERE = [
    "http://169.254.169.254/latest/meta-data",
    "http://127.0.0.1:1/private.csv",
    "http://[::1]:1/private.csv",
    "http://localhost:1/private.csv",
    "file:///etc/passwd",
    "gopher://127.0.0.1:1/x",
    "http://user:word@1.1.1.1/x",
    "//169.254.169.254/x",
    "",
]


@pytest.mark.parametrize(
    ("name", "there"),
    [
        *((name, there) for name in ("datagouv", "ckan", "gbfs") for there in ELSEWHERE),
        # Where a link may be relative, or be no link at all, the others remain.
        *(("ogcapi", there) for there in ELSEWHERE if there and not there.startswith("//")),
        *(("dcat", there) for there in ELSEWHERE if there.startswith("http")),
    ],
)
def test_an_answer_cannot_lead_into_the_private_network(
    name: str, there: str, server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    """``allow_private`` is for the host that the YAML names, not for others that it names."""
    service = next(one for one in SERVICES if one.name == name)
    for path, body in service.answers(server).items():
        text = body.decode()
        for known in ("/r/new.csv", "/files/velos.csv", "/gbfs/station_status.json"):
            text = text.replace(server.url(known), there)
        text = text.replace("/ogc/page2", there)
        if name == "dcat":
            text += f"<https://data.example.org/catalog> hydra:next <{there}> .\n"
        server.says(path, Answer(body=text.encode()))
    with pytest.raises((SourceRefused, SourceUnexpected, SourceUnreachable, SourceMissing)):
        take(dataset_of(service, server, dataset_for), cache)
    assert not any("private" in path or "meta-data" in path for path, _ in server.asked)


@pytest.mark.parametrize("service", named(SERVICES))
def test_no_connector_asks_a_private_host_that_the_yaml_does_not_allow(
    service: Service, server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    for path, body in service.answers(server).items():
        server.says(path, Answer(body=body))
    with pytest.raises(SourceRefused, match=r"allow_private"):
        take(dataset_of(service, server, dataset_for, allow_private=False), cache)
    assert server.asked == []


# -- to the last page --------------------------------------------------------------------------


def test_an_export_with_fewer_rows_than_the_portal_counts_is_refused(
    server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    service = SERVICES[1]
    for path, body in service.answers(server).items():
        server.says(path, Answer(body=body.replace(b'"total_count": 2', b'"total_count": 12000')))
    with pytest.raises(SourceIncomplete) as caught:
        take(dataset_of(service, server, dataset_for), cache)
    assert (caught.value.facts["expected"], caught.value.facts["found"]) == (12000, 2)


def test_an_export_is_asked_for_again_only_when_the_portal_processed_new_data(
    server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    service = SERVICES[1]
    here = "/api/explore/v2.1/catalog/datasets/velos"

    def processed(at: str) -> bytes:
        return document(dataset_id="velos", metas={"default": {"data_processed": at}})

    for path, body in service.answers(server).items():
        server.says(path, Answer(body=body))
    server.says(here, Answer(body=processed("2026-11-01")))
    dataset = dataset_of(service, server, dataset_for)
    first = take(dataset, cache)
    assert take(dataset, cache).sha256 == first.sha256
    assert server.times(f"{here}/exports/csv") == 1
    server.says(here, Answer(body=processed("2026-11-02")))
    server.says(f"{here}/exports/csv", Answer(body=b"station_id;bikes\n1;6\n2;0\n"))
    assert take(dataset, cache).sha256 != first.sha256


@pytest.mark.parametrize("matched", [3, 12_000])
def test_pages_that_end_too_early_are_refused(
    matched: int, server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    service = next(one for one in SERVICES if one.name == "ogcapi")
    for path, body in service.answers(server).items():
        told = body.replace(b'"numberMatched": 2', f'"numberMatched": {matched}'.encode())
        server.says(path, Answer(body=told))
    with pytest.raises(SourceIncomplete, match=str(matched)):
        take(dataset_of(service, server, dataset_for), cache)


def test_pages_that_repeat_themselves_are_refused(
    server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    """A service without a stable order may answer the second page with rows of the first."""
    service = next(one for one in SERVICES if one.name == "wfs")
    answers = service.answers(server)
    first = answers[list(answers)[1]]
    for path, body in answers.items():
        server.says(path, Answer(body=first if "startIndex" in path else body))
    with pytest.raises(SourceIncomplete):
        take(dataset_of(service, server, dataset_for), cache)


def test_pages_that_lead_in_a_circle_end(
    server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    service = next(one for one in SERVICES if one.name == "ogcapi")
    link = {"rel": "next", "href": "/ogc/page2"}
    for number, path in enumerate(service.answers(server)):
        body = features(feature(number, station_id="1", bikes=1), links=[link])
        server.says(path, Answer(body=body))
    with pytest.raises(SourceUnexpected):
        take(dataset_of(service, server, dataset_for), cache)


def test_a_datastore_that_stops_before_its_total_is_refused(
    server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    service = SERVICES[4]
    answers = service.answers(server)
    last = list(answers)[-1]
    none = document(success=True, result={"total": 2, "records": []})
    for path, body in answers.items():
        server.says(path, Answer(body=none if path == last else body))
    with pytest.raises(SourceIncomplete):
        take(dataset_of(service, server, dataset_for), cache)


def test_a_datastore_gives_the_columns_that_are_asked_for(
    server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    described = dataset_of(SERVICES[4], server, dataset_for, fields=["bikes"])
    body = document(success=True, result={"total": 1, "records": [{"bikes": "7"}]})
    asked = "limit=1&offset=0&sort=_id&fields=%5B%22bikes%22%5D"
    resource = described.source.model_dump()["resource"]
    server.says(f"/api/3/action/datastore_search?resource_id={resource}&{asked}", Answer(body=body))
    assert json.loads(take(described, cache).path.read_text()) == [{"bikes": "7"}]


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("wfs", b"<ows:ExceptionReport><ows:Exception><ows:ExceptionText>unknown type velo"
         b"</ows:ExceptionText></ows:Exception></ows:ExceptionReport>", "unknown type velo"),
        ("ckan", document(success=False, error={"message": "Not found: Resource"}), "Not found"),
        ("ogcapi", document(code="InvalidParameterValue", description="no such bbox"), "no such"),
    ],
)  # fmt: skip
def test_what_a_service_says_of_its_own_mistake_is_told(
    path: str, body: bytes, said: str, server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    service = next(one for one in SERVICES if one.name == path)
    for known in service.answers(server):
        server.says(known, Answer(body=body))
    with pytest.raises(DatalabError) as caught:
        take(dataset_of(service, server, dataset_for), cache)
    assert said in caught.value.message("fr")


def test_the_newest_resource_that_fits_is_taken(
    server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    service = next(one for one in SERVICES if one.name == "datagouv")
    for path, body in service.answers(server).items():
        server.says(path, Answer(body=body))
    assert take(dataset_of(service, server, dataset_for), cache).url.endswith("/r/new.csv")
    with pytest.raises(SourceMissing) as caught:
        take(dataset_of(service, server, dataset_for, match="trottinettes"), cache)
    assert "velos-2025.csv" in caught.value.message("fr")


def test_a_file_with_another_digest_than_the_portal_says_is_refused(
    server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    service = next(one for one in SERVICES if one.name == "datagouv")
    for path, body in service.answers(server).items():
        if path.startswith("/api"):
            described = json.loads(body)
            described["resources"][1] |= {
                "filetype": "file",
                "checksum": {"type": "sha1", "value": "0" * 40},
            }
            body = json.dumps(described).encode()
        server.says(path, Answer(body=body))
    with pytest.raises(SourceUnexpected, match="sha1"):
        take(dataset_of(service, server, dataset_for), cache)


def test_a_feed_is_not_asked_again_while_its_ttl_lasts(
    server: Recorded, dataset_for: DatasetFor, cache: Path
) -> None:
    service = next(one for one in SERVICES if one.name == "gbfs")
    for path, body in service.answers(server).items():
        server.says(path, Answer(body=body.replace(b'"ttl": 0', b'"ttl": 600')))
    dataset = dataset_of(service, server, dataset_for)
    first = take(dataset, cache)
    assert take(dataset, cache).sha256 == first.sha256
    assert len(server.asked) == 3
