"""Connector ``opendatasoft``: a dataset of an Opendatasoft portal, by its Explore API v2.1.

The whole dataset comes in one export; what the portal counts is held against what came. The export
itself has no validator: it is asked for again only where the portal says that its data changed.
https://help.opendatasoft.com/apis/ods-explore-v2/
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from datalab.catalog import dataset as catalog
from datalab.connectors.fetched import Fetched, Progress
from datalab.connectors.transfer import PATIENT, Patience
from datalab.connectors.turn import turn
from datalab.connectors.visit import RemoteSource, Visit, address, fetchable
from datalab.i18n import Phrase

PROTOCOL = "Opendatasoft Explore API v2.1"
FORMATS = ("csv", "json", "geojson", "parquet", "xlsx")


class Source(RemoteSource):
    """A dataset of an Opendatasoft portal (Explore API v2.1), whole or filtered."""

    formats: ClassVar[tuple[str, ...]] = FORMATS

    portal: Annotated[str, AfterValidator(fetchable)] = Field(
        description="address of the portal, such as https://odre.opendatasoft.com"
    )
    dataset: str = Field(
        pattern=r"^[A-Za-z0-9_@.-]+$", description="identifier of the dataset on the portal"
    )
    where: str | None = Field(None, description="filter in the portal's language (ODSQL)")
    select: str | None = Field(None, description="fields to take, in ODSQL; all if absent")
    order_by: str | None = Field(None, description="order of the rows, in ODSQL")
    timezone: str = Field("UTC", description="time zone that moments are written in")

    def problems_beside(self, file: Path) -> list[tuple[str, str, str | None]]:
        return wrong_format(self.format, FORMATS)


def wrong_format(found: str, possible: tuple[str, ...]) -> list[tuple[str, str, str | None]]:
    """The mistake of a ``format`` that a connector never gives."""
    if found in possible:
        return []
    message = Phrase("this connector gives {formats}", formats=", ".join(possible))
    return [("format", message, possible[0])]


def fetch(
    dataset: catalog.Dataset,
    *,
    cache: Path,
    max_bytes: int,
    progress: Progress | None = None,
    patience: Patience = PATIENT,
) -> Fetched:
    """The export of the dataset as it is now.

    Raises
    ------
    SourceIncomplete
        where the export holds fewer rows than the portal counts.
    SourceError
    """
    source = Source.model_validate(dataset.source.model_dump())
    here = address(source.portal, *f"api/explore/v2.1/catalog/datasets/{source.dataset}".split("/"))
    visit = Visit.of(
        dataset, source, here, cache=cache, max_bytes=max_bytes, progress=progress,
        patience=patience,
    )  # fmt: skip
    with turn(visit.folder):
        described = visit.json(here, expected=PROTOCOL)
        counted = _count(visit, source, here)
        export = address(
            here,
            "exports",
            source.format,
            where=source.where,
            select=source.select,
            order_by=source.order_by,
            timezone=source.timezone,
            **_csv(source),
        )
        processed = _processed(described)
        asked = [processed, counted, export]
        cached = visit.cached(export) if processed is not None else None
        if cached is not None and _remembered(visit.folder) == asked:
            return visit.done(cached[0], cached[0].name, here)
        path, sha256 = visit.take(export, form=source.format)
        found = rows_in(path, source)
        if found is not None and found < counted:
            # Rows may have gone while the export was written: the portal is asked once more.
            counted = _count(visit, source, here)
            if found < counted:
                raise visit.incomplete(found, counted)
        (visit.folder / "export.json").write_text(json.dumps(asked), "utf-8")
        return visit.done(path, sha256, here)


def _csv(source: Source) -> dict[str, str]:
    if source.format != "csv":
        return {}
    return {"delimiter": source.csv.delimiter, "with_bom": "false", "use_labels": "false"}


def _count(visit: Visit, source: Source, here: str) -> int:
    """How many rows the portal counts; one row is asked for, since older portals refuse none."""
    url = address(here, "records", where=source.where, limit=1)
    answer = visit.json(url, expected=PROTOCOL)
    total = answer.get("total_count") if isinstance(answer, dict) else None
    if not isinstance(total, int) or isinstance(total, bool) or total < 0:
        raise visit.unexpected(PROTOCOL, Phrase("it has no '{key}'", key="total_count"), url)
    return total


def _processed(described: Any) -> str | None:
    """When the data of the dataset last changed, as the portal says."""
    metas = described.get("metas") if isinstance(described, dict) else None
    default = metas.get("default") if isinstance(metas, dict) else None
    found = default.get("data_processed") if isinstance(default, dict) else None
    return found if isinstance(found, str) else None


def rows_in(path: Path, source: catalog.Source) -> int | None:
    """How many rows a file holds, counted without typing them; None where that is not known."""
    if source.format == "csv":
        csv.field_size_limit(10_000_000)
        encoding = source.csv.encoding
        with path.open(encoding=encoding, errors="replace", newline="") as file:
            rows = sum(1 for row in csv.reader(file, delimiter=source.csv.delimiter) if row)
        return max(0, rows - (1 if source.csv.header else 0))
    if source.format in ("json", "geojson"):
        try:
            document = json.loads(path.read_bytes())
        except (ValueError, RecursionError):
            return 0
        if source.format == "geojson" and isinstance(document, dict):
            document = document.get("features")
        return len(document) if isinstance(document, list) else 0
    if source.format == "parquet":
        from pyarrow import parquet

        try:
            return int(parquet.read_metadata(path).num_rows)
        except (OSError, ValueError):
            return 0
    return None


def _remembered(folder: Path) -> Any:
    try:
        return json.loads((folder / "export.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
