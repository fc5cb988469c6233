"""Doors that speak as catalogs do: CKAN, Data Package."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable

from tests.portal.exits import Exit, Row, Visit, lines


def ckan(visit: Visit) -> Iterable[Row]:
    """ckanapi as it comes, two rows at a time."""
    import ckanapi

    remote, offset = ckanapi.RemoteCKAN(visit.at), 0
    while True:
        found = remote.action.datastore_search(resource_id=visit.dataset, limit=2, offset=offset)
        yield from found["records"]
        offset += 2
        if offset >= found["total"]:
            return


def data_package(visit: Visit) -> Iterable[Row]:
    """The CSV of the archive, whose bytes are those of the lossless one."""
    content = visit.get(f"datasets/{visit.dataset}/datapackage.zip").content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        told = json.loads(archive.read("datapackage.json"))["resources"][0]
        names = [field["name"] for field in told["schema"]["fields"]]
        assert names == list(visit.columns)
        return list(lines(archive.read(told["path"]).decode(), ",", guarded=False))


CATALOG_DOORS = [
    Exit("CKAN by ckanapi", ckan),
    Exit("Data Package", data_package),
]
