"""The addresses by which programs read a dataset, as its page shows them to be copied."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from datalab.i18n import Language, translate
from datalab.portal.library import Holding
from datalab.portal.rows import is_geometry


@dataclass(frozen=True)
class Address:
    """``text`` is what is copied; ``href`` where it can be tried in a browser, if anywhere."""

    name: str
    title: str
    note: str
    text: str
    href: str | None


def root_of(request: Request) -> str:
    """The address of the portal as this request reached it, without a stroke at its end."""
    return f"{request.url.scheme}://{request.url.netloc}{request.app.state.prefix}"


def addresses_of(
    holding: Holding, language: Language, root: str, snapshot: int | None
) -> list[Address]:
    """``root`` is the address of the portal up to its prefix, without a stroke at the end."""
    at = f"snapshot={snapshot}" if snapshot is not None else ""
    own = f"{root}/api/v1/datasets/{holding.id}"
    page = f"{root}/datasets/{holding.id}"
    rows = f"{own}/rows?" + "&".join(filter(None, ["limit=100", at]))
    group = _grouping(holding)
    groups = f"{own}/aggregate?" + "&".join(
        filter(None, [f"by={group}" if group else "", "measure=count", at])
    )
    parquet = f"{page}.parquet" + (f"?{at}" if at else "")
    found = [
        Address(
            "rows",
            translate("Rows, page by page", language),
            translate(
                "filter with column=value or column__gt=value, sort, choose columns", language
            ),
            rows,
            rows,
        ),
        Address(
            "aggregate",
            translate("Counts and sums by group", language),
            translate("by one column or several, with count, sum, avg, min, max, median", language),
            groups,
            groups,
        ),
        Address(
            "duckdb",
            translate("DuckDB, without a download", language),
            translate("reads only the columns that the query needs", language),
            f"SELECT * FROM read_parquet('{parquet}') LIMIT 10",  # noqa: S608
            None,
        ),
    ]
    if holding.dataset.map is not None:
        found.append(
            Address(
                "ogc",
                translate("Map tools (OGC API Features)", language),
                translate("QGIS, GDAL and others read it as layers", language),
                f"{root}/ogc/",
                f"{root}/ogc/collections/{holding.id}?f=html",
            )
        )
        tiles = f"{page}/tiles.json" + (f"?{at}" if at else "")
        found.append(
            Address(
                "tiles",
                translate("Web maps (vector tiles, TileJSON)", language),
                translate("MapLibre, QGIS: light at every zoom", language),
                tiles,
                tiles,
            )
        )
    return found


def _grouping(holding: Holding) -> str | None:
    """A column whose values are few: one with a code list, else a text that is not the key."""
    columns = holding.dataset.columns
    listed = [name for name, column in columns.items() if column.values]
    texts = [
        name
        for name, column in columns.items()
        if column.type == "varchar" and name not in holding.dataset.key
    ]
    others = [name for name, column in columns.items() if not is_geometry(column.type)]
    return next(iter([*listed, *texts, *others]), None)
