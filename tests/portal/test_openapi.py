"""The description of the interface: complete, and true (schemathesis asks every door of data)."""

from __future__ import annotations

import re
from typing import Any

import hypothesis
import jsonschema
import pytest
import schemathesis
from starlette.testclient import TestClient

from tests.portal.conftest import PREFIX, Workshop

# What schemathesis asks: the rest needs somebody signed in, or is about people.
DATA = re.compile(r"/(api/v1|api/3|datasets|catalog\.|sitemap|changes|ogc|index\.json)")
EXAMPLES = 8


@pytest.fixture(scope="module")
def document(shared_client: TestClient) -> Any:
    return shared_client.get("api/openapi.json").json()


def operations(document: Any) -> Any:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method} {path.removeprefix(PREFIX)}", operation


def test_every_public_door_is_described(document: Any) -> None:
    assert document["openapi"].startswith("3.1")
    told = {name for name, _ in operations(document)}
    for door in (
        *("get /api/v1/datasets/{dataset}/rows", "get /api/v1/datasets/{dataset}/aggregate"),
        *("get /datasets.json", "get /datasets/{dataset}.csv", "get /datasets/{dataset}.json"),
        *("get /api/v1/datasets/{dataset}/diff", "get /changes.json", "post /api/v1/sql"),
        *("get /datasets/{dataset}/tiles/{z}/{x}/{y}.pbf", "get /ogc/collections"),
        *("get /api/3/action/datastore_search", "get /api/3/action/package_search"),
        *("get /catalog.ttl", "get /datasets/{dataset}.rdf", "get /sitemap.xml"),
        "get /datasets/{dataset}/datapackage.json",
    ):
        assert door in told, door


def test_every_door_says_what_it_takes_and_gives(document: Any) -> None:
    schemas = document["components"]["schemas"]
    for name, schema in schemas.items():
        jsonschema.Draft202012Validator.check_schema(schema)
        for example in schema.get("examples", []):
            jsonschema.validate(example, schema), name
    for name, operation in operations(document):
        assert operation["summary"], name
        assert operation["responses"]["404"]["content"], name
        for one in operation["parameters"]:
            if one["name"] in ("dataset", "id", "resource_id", "limit") and DATA.search(name):
                assert "example" in one, (name, one)


schema = schemathesis.pytest.from_fixture("described")


@pytest.fixture(scope="module")
def described(workshop: Workshop) -> Any:
    from datalab.portal.app import create_app

    app = create_app(workshop.settings)
    return schemathesis.openapi.from_asgi(f"{PREFIX}/api/openapi.json", app).include(
        path_regex=PREFIX + DATA.pattern
    )


@schema.parametrize()
@hypothesis.settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
)
def test_schemathesis_finds_no_failure(case: schemathesis.Case) -> None:
    case.call_and_validate()
