"""The description of the interface: complete, and true (schemathesis asks every door of data)."""

from __future__ import annotations

import re
from typing import Any

import hypothesis
import jsonschema
import pytest
import schemathesis
from schemathesis.specs.openapi.checks import positive_data_acceptance
from starlette.testclient import TestClient

from tests.portal.conftest import PREFIX, Workshop

# What schemathesis asks: the rest needs somebody signed in, or is about people.
DATA = re.compile(r"/(api/v1|api/3|datasets|catalog\.|sitemap|changes|ogc|index\.json)")
EXAMPLES = 3
THERE = {"dataset", "collectionId", "resource_id"}  # names that are given one that there is


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


def test_schemathesis_finds_no_failure(workshop: Workshop) -> None:
    """One check is left out: no schema can say which columns one may sort by, so that some of what
    the schema allows is refused with a reason (400)."""
    from datalab.portal.app import create_app

    app = create_app(workshop.settings)
    schema = schemathesis.openapi.from_asgi(f"{PREFIX}/api/openapi.json", app)
    found: list[str] = []
    for one in schema.include(path_regex=PREFIX + DATA.pattern).get_all_operations():
        operation = one.ok()

        @hypothesis.settings(
            max_examples=EXAMPLES,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
            phases=[hypothesis.Phase.generate],
        )
        @hypothesis.given(case=operation.as_strategy())
        def ask(case: schemathesis.Case) -> None:
            for name in THERE & set(case.path_parameters or {}):
                case.path_parameters[name] = "communes"
            for name in THERE & set(case.query or {}):
                case.query[name] = "communes"
            case.call_and_validate(excluded_checks=[positive_data_acceptance])

        try:
            ask()
        except Exception as problem:  # one door must not hide the others
            found.append(f"{operation.label}: {problem!r} {getattr(problem, 'exceptions', '')}")
    assert found == []
