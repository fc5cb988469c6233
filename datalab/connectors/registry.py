"""The connectors by name. A new one is one module and one line in :data:`MODULES`.

Modules are loaded when a dataset first needs them.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr, ValidationError

from datalab.catalog.dataset import Dataset
from datalab.connectors.fetched import Fetched, Progress
from datalab.connectors.transfer import Patience
from datalab.errors import SourceRefused
from datalab.i18n import Phrase

MODULES = {
    "file": "datalab.connectors.file",
    "http": "datalab.connectors.http",
    "package": "datalab.connectors.package",
    "synthetic": "datalab.connectors.synthetic",
    "participation": "datalab.connectors.participation",
    "opendatasoft": "datalab.connectors.opendatasoft",
    "datagouv": "datalab.connectors.datagouv",
    "ckan": "datalab.connectors.ckan",
    "ogcapi": "datalab.connectors.ogcapi",
    "wfs": "datalab.connectors.wfs",
    "gbfs": "datalab.connectors.gbfs",
    "dcat": "datalab.connectors.dcat",
    "gtfs": "datalab.connectors.gtfs",
    "sql": "datalab.connectors.sql",
}


def source_models() -> dict[str, type[BaseModel]]:
    """The model of ``source`` of every connector, by connector name."""
    return {name: _module(name).Source for name in MODULES}


def is_remote(dataset: Dataset) -> bool:
    """Whether the source of ``dataset`` lies on the open web, which may be away or slow.

    A package does not count: it comes from the index that the lab itself is installed from.
    """
    name = dataset.source.connector
    return name in MODULES and bool(getattr(_module(name).Source, "remote", False))


def host_of(dataset: Dataset) -> str:
    """The server that the source of ``dataset`` names first; its connector where it names none."""
    name = dataset.source.connector
    try:
        source = _module(name).Source.model_validate(dataset.source.model_dump())
        named = [urlsplit(str(value)).hostname for _, value in source]
    except (KeyError, ValueError):  # what is wrong is said when it is fetched
        named = []
    return next((host for host in named if host), name)


def fetch(
    dataset: Dataset,
    *,
    cache: Path,
    max_bytes: int,
    progress: Progress | None = None,
    participation: str = "",
    databases: Mapping[str, SecretStr] | None = None,
    patience: Patience | None = None,
) -> Fetched:
    """The file of ``dataset``, on this machine.

    Parameters
    ----------
    cache
        folder for downloads that can be made again.
    max_bytes
        the largest file that is accepted, in bytes; the dataset's own ``max_bytes`` stands above.
    progress
        called with the bytes so far and in all.
    participation
        address of the database that the connector of that name reads.
    databases
        addresses of the databases that the connector ``sql`` reads, by name.
    patience
        how long sources on the web are waited for, where not as usual.

    Raises
    ------
    SourceError
        one of its subclasses, with the reason and the next step.
    """
    name = dataset.source.connector
    if name not in MODULES:
        reason = Phrase("known connectors are {known}", known=", ".join(MODULES))
        raise SourceRefused(url=f"{name}:", reason=reason, file=dataset.file.name)
    limit = dataset.source.max_bytes or max_bytes
    more: dict[str, Any] = {"participation": participation} if name == "participation" else {}
    if name == "sql":
        more["databases"] = databases
    if patience is not None and is_remote(dataset):
        more["patience"] = patience
    try:
        fetched: Fetched = _module(name).fetch(
            dataset, cache=cache, max_bytes=limit, progress=progress, **more
        )
    except ValidationError as error:
        found = error.errors()[0]
        place = ".".join(str(step) for step in found["loc"]) or "source"
        reason = Phrase("its key '{key}' is wrong ({detail})", key=place, detail=found["msg"])
        raise SourceRefused(url=dataset.id, reason=reason, file=dataset.file.name) from None
    return fetched


def _module(name: str) -> Any:
    return importlib.import_module(MODULES[name])
