"""The doors by which programs take a dataset, as metadata of every kind list them."""

from __future__ import annotations

from dataclasses import dataclass

from datalab.i18n import Phrase
from datalab.portal.access import barrier
from datalab.portal.library import Holding
from datalab.portal.workbook import MOST_ROWS


@dataclass(frozen=True)
class Door:
    """``eu`` is the code of the EU file-type table, where it has one; ``name`` is also the end of
    the resource's id in CKAN. ``file`` tells a whole file from an interface."""

    name: str
    title: Phrase
    format: str
    media: str
    path: str
    eu: str | None
    file: bool = True


def doors_of(holding: Holding) -> list[Door]:
    """What anybody can take of this dataset; empty where its rows stay in the lab."""
    if barrier(holding) is not None or holding.good is None:
        return []
    own = f"/datasets/{holding.id}"
    rows = (holding.good or {}).get("rows") or 0
    found = [
        Door("csv", Phrase("The whole table as CSV"), "CSV", "text/csv", f"{own}.csv", "CSV"),
        Door(
            "parquet",
            Phrase("The whole table as Parquet"),
            "Parquet",
            "application/vnd.apache.parquet",
            f"{own}.parquet",
            "PARQUET",
        ),
        Door(
            "arrow",
            Phrase("The whole table as an Arrow stream"),
            "Arrow",
            "application/vnd.apache.arrow.stream",
            f"{own}.arrow",
            None,
        ),
    ]
    if rows <= MOST_ROWS:
        found.append(
            Door(
                "xlsx",
                Phrase("The whole table as a spreadsheet"),
                "XLSX",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                f"{own}.xlsx",
                "XLSX",
            )
        )
    if holding.dataset.map is not None:
        found.append(
            Door(
                "geojson",
                Phrase("The whole table as GeoJSON"),
                "GeoJSON",
                "application/geo+json",
                f"{own}.geojson",
                "GEOJSON",
            )
        )
    found.append(
        Door(
            "json",
            Phrase("Rows by API, page by page"),
            "JSON",
            "application/json",
            f"/api/v1{own}/rows",
            "JSON",
            file=False,
        )
    )
    return found
