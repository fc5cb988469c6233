"""The connectors by name, their models and the page about them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from datalab.catalog.dataset import Source
from datalab.connectors import registry
from datalab.connectors.reference import reference
from datalab.errors import SourceRefused
from tests.connectors.conftest import DatasetFor


@pytest.mark.parametrize("name", sorted(registry.MODULES))
def test_every_connector_has_a_model_that_refuses_unknown_keys(name: str) -> None:
    model = registry.source_models()[name]
    assert issubclass(model, Source)
    with pytest.raises(ValidationError, match="Extra inputs"):
        model.model_validate({"connector": name, "nonsense": 1})


@pytest.mark.parametrize("name", sorted(registry.MODULES))
def test_every_key_of_every_connector_is_explained(name: str) -> None:
    model = registry.source_models()[name]
    assert [key for key, field in model.model_fields.items() if not field.description] == []


def test_every_connector_is_on_the_page() -> None:
    page = reference()
    for name, model in registry.source_models().items():
        assert f"## `{name}`" in page
        assert all(f"| `{key}` |" in page for key in model.model_fields if key != "connector")


def test_an_unknown_connector_is_refused_by_name(dataset_for: DatasetFor, cache: Path) -> None:
    with pytest.raises(SourceRefused, match=r"ftp.*file, http, package"):
        registry.fetch(dataset_for(connector="ftp"), cache=cache, max_bytes=10)


def test_naming_the_connectors_loads_nothing_slow() -> None:
    code = (
        "import sys, datalab.connectors.registry as r; r.source_models();"
        "print([m for m in ('duckdb', 'pandas', 'unearth', 'great_expectations') "
        "if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
