"""Every door that gives the rows of a dataset, and what makes two rows the same.

``DOORS`` is one list: a new door is one more line in it, and
``test_same_numbers.py`` takes every dataset of the trial through it.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import shapely
from shapely.geometry import shape

GUARDED = re.compile(r"^'+[=+\-@\t\r\n＝＋－＠]")
DIGITS = 9  # of a coordinate: a tenth of a millimetre
Row = dict[str, Any]


@dataclass(frozen=True)
class Visit:
    """One dataset of one lab: ``columns`` gives its types, ``at`` the address of the portal."""

    at: str
    lake: Path
    dataset: str
    columns: dict[str, str]

    def get(self, path: str, **parameters: Any) -> httpx.Response:
        address = path if path.startswith("http") else self.at + path
        answer = httpx.get(address, params=parameters or None, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer

    @property
    def geometry(self) -> str | None:
        return next((name for name, type_ in self.columns.items() if type_ == "geometry"), None)


@dataclass(frozen=True)
class Exit:
    """``blanks`` says that the door cannot tell an empty text from an absent one."""

    name: str
    read: Callable[[Visit], Iterable[Row]]
    geographic: bool = False
    blanks: bool = False


def canonical(value: Any, type_: str) -> str | None:
    """One value as one text, whatever a door and its reader make of it."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if type(value).__name__ in {"NaTType", "NAType"}:
        return None
    if type_ == "geometry":
        return _shape(value)
    if type_ == "boolean":
        return str(bool(value) if isinstance(value, int | float) else value).lower()
    if type_ == "double":
        return repr(float(value))
    if type_.startswith(("decimal", "integer", "bigint", "smallint")):
        return format(Decimal(str(value)).normalize(), "f")
    if type_ == "date":
        return _day(value)
    if type_.startswith("timestamp"):
        return _moment(value, zoned=type_ == "timestamptz")
    if type_ == "time":
        return time.fromisoformat(str(value)).isoformat()
    return str(value)


def _shape(value: Any) -> str:
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = json.loads(value)
    if isinstance(value, dict):
        made = shape(value)
    elif isinstance(value, str):
        made = shapely.from_wkt(value)
    elif isinstance(value, bytes | bytearray):
        made = shapely.from_wkb(bytes(value))
    else:
        made = value
    return str(shapely.to_wkt(made, rounding_precision=DIGITS))


def _day(value: Any) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    return date.fromisoformat(str(value)[:10]).isoformat()


def _moment(value: Any, *, zoned: bool) -> str:
    if not isinstance(value, datetime):
        value = datetime.fromisoformat(str(value).replace("/", "-"))
    if zoned:
        value = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return str(value.replace(tzinfo=None).isoformat())


def digest(rows: Iterable[Row], columns: dict[str, str], blanks: bool) -> tuple[int, str]:
    """Count and hash of rows in any order."""
    lines = []
    for row in rows:
        values = [canonical(row[name], type_) for name, type_ in columns.items()]
        lines.append(json.dumps([None if blanks and v == "" else v for v in values]))
    return len(lines), hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def page_json(visit: Visit) -> Iterable[Row]:
    return visit.get(f"datasets/{visit.dataset}.json", limit=10_000).json()["rows"]  # type: ignore[no-any-return]


def api_rows(visit: Visit) -> Iterable[Row]:
    """Two rows at a time, by the links of the answers."""
    address: str | None = f"api/v1/datasets/{visit.dataset}/rows?limit=2"
    while address:
        answer = visit.get(address)
        yield from answer.json()["rows"]
        address = answer.json()["next"]
        linked = answer.links.get("next", {}).get("url")
        assert linked == address


def api_sorted(visit: Visit) -> Iterable[Row]:
    column = next(iter(visit.columns))
    address: str | None = f"api/v1/datasets/{visit.dataset}/rows?limit=3&sort=-{column}"
    while address:
        answer = visit.get(address).json()
        yield from answer["rows"]
        address = answer["next"]


def lines(text: str, delimiter: str, *, guarded: bool, comma: bool = False) -> Iterable[Row]:
    """CSV as its documentation says to read it."""
    found = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    raw = _cells(text, delimiter)
    for number, cells in enumerate(found[1:], 1):
        row: Row = {}
        for place, (name, cell) in enumerate(zip(found[0], cells, strict=True)):
            value: str | None = cell
            if cell == "" and raw[number][place] != '""':
                value = None
            if guarded and GUARDED.match(cell):
                value = cell[1:]
            if comma and re.fullmatch(r"-?\d+,\d+(e[+-]?\d+)?", cell):
                value = cell.replace(",", ".")
            row[name] = value
        yield row


def _cells(text: str, delimiter: str) -> list[list[str]]:
    """Cells with their quotes, which tell an empty text from an absent one."""
    pattern = re.compile(rf'("(?:[^"]|"")*"|[^{delimiter}"\r\n]*)({delimiter}|\r\n)')
    table, row = [], []
    for cell, end in pattern.findall(text):
        row.append(cell)
        if end == "\r\n":
            table.append(row)
            row = []
    return table


def csv_safe(visit: Visit) -> Iterable[Row]:
    return lines(visit.get(f"datasets/{visit.dataset}.csv").text, ",", guarded=True)


def csv_lossless(visit: Visit) -> Iterable[Row]:
    text = visit.get(f"datasets/{visit.dataset}.csv", dialect="lossless").text
    return lines(text, ",", guarded=False)


def csv_excel(visit: Visit) -> Iterable[Row]:
    text = visit.get(f"datasets/{visit.dataset}.csv", dialect="excel").text
    return lines(text.removeprefix("\ufeff"), ";", guarded=True, comma=True)


def csv_duckdb(visit: Visit) -> Iterable[Row]:
    import duckdb

    content = visit.get(f"datasets/{visit.dataset}.csv", dialect="lossless").content
    with duckdb.connect() as connection:
        found = connection.read_csv(io.BytesIO(content), all_varchar=True, allow_quoted_nulls=False)
        return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def csv_pandas(visit: Visit) -> Iterable[Row]:
    import pandas

    content = visit.get(f"datasets/{visit.dataset}.csv", dialect="lossless").content
    frame = pandas.read_csv(io.BytesIO(content), dtype=str, keep_default_na=True, na_values=[""])
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


def xlsx(visit: Visit) -> Iterable[Row]:
    import openpyxl

    content = visit.get(f"datasets/{visit.dataset}.xlsx").content
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
    rows = book.worksheets[0].iter_rows(values_only=True)
    names = [str(name) for name in next(rows)]
    for row in rows:
        found = dict(zip(names, row, strict=True))
        for name, value in found.items():
            if isinstance(value, datetime):  # openpyxl reads a serial number to the microsecond
                rounded = value + timedelta(microseconds=500)
                found[name] = rounded.replace(microsecond=rounded.microsecond // 1000 * 1000)
            elif isinstance(value, str):  # ECMA-376, 22.9.2.19, which openpyxl leaves to us
                found[name] = re.sub("_x([0-9A-F]{4})_", lambda m: chr(int(m[1], 16)), value)
        yield found


def parquet(visit: Visit) -> Iterable[Row]:
    import pyarrow.parquet

    content = visit.get(f"datasets/{visit.dataset}.parquet").content
    return pyarrow.parquet.read_table(io.BytesIO(content)).to_pylist()  # type: ignore[no-any-return]


def arrow(visit: Visit) -> Iterable[Row]:
    import pyarrow.ipc

    content = visit.get(f"datasets/{visit.dataset}.arrow").content
    return pyarrow.ipc.open_stream(content).read_all().to_pylist()  # type: ignore[no-any-return]


def duckdb_lake(visit: Visit) -> Iterable[Row]:
    from datalab.lake.reader import open_lakes

    connection = open_lakes(visit.lake, threads=1)
    try:
        return _of_duckdb(visit, connection.table(visit.dataset.replace("-", "_")))
    finally:
        connection.close()


def _of_duckdb(visit: Visit, relation: Any) -> list[Row]:
    asked = [
        f'ST_AsText("{name}") AS "{name}"' if type_ == "geometry" else f'"{name}"'
        for name, type_ in visit.columns.items()
    ]
    found = relation.project(", ".join(asked))
    return [dict(zip(visit.columns, row, strict=True)) for row in found.fetchall()]


def notebook(visit: Visit) -> Iterable[Row]:
    from datalab.notebook.lab import Lab
    from datalab.notebook.limits import Limits

    lab = Lab(visit.lake, limits=Limits(threads=1, memory=500_000_000))
    return _of_duckdb(visit, lab.dataset(visit.dataset).relation())


def notebook_arrow(visit: Visit) -> Iterable[Row]:
    from datalab.notebook.lab import Lab
    from datalab.notebook.limits import Limits

    lab = Lab(visit.lake, limits=Limits(threads=1, memory=500_000_000))
    return lab.dataset(visit.dataset).arrow().to_pylist()  # type: ignore[no-any-return]


def geojson(visit: Visit) -> Iterable[Row]:
    return _of_features(visit, visit.get(f"datasets/{visit.dataset}.geojson").json()["features"])


def _of_features(visit: Visit, features: Iterable[dict[str, Any]]) -> Iterable[Row]:
    for feature in features:
        row = dict(feature["properties"])
        if visit.geometry:
            row[visit.geometry] = feature["geometry"]
        yield row


def ogc_items(visit: Visit) -> Iterable[Row]:
    address: str | None = f"ogc/collections/{visit.dataset}/items?limit=2"
    while address:
        found = visit.get(address).json()
        yield from _of_features(visit, found["features"])
        address = next((link["href"] for link in found["links"] if link["rel"] == "next"), None)


def owslib(visit: Visit) -> Iterable[Row]:
    from owslib.ogcapi.features import Features

    service = Features(f"{visit.at}ogc/")
    assert visit.dataset in service.feature_collections()
    found = service.collection_items(visit.dataset, limit=1000)
    return _of_features(visit, found["features"])


GDAL = """
import json, sys, pyogrio, shapely
about, table = pyogrio.read_arrow(sys.argv[1], layer=sys.argv[2], datetime_as_string=True)
held = about["geometry_name"] or "wkb_geometry"
rows = table.to_pylist()
for row in rows:
    shape = row.pop(held)
    row["geometry"] = shapely.from_wkb(shape).wkt if shape else None
json.dump(rows, sys.stdout, default=str)
"""


def gdal(visit: Visit) -> Iterable[Row]:
    """GDAL's OAPIF driver, which pages by itself, in a process of its own: it holds
    the interpreter while it asks, and the portal of this test could not answer."""
    asked = [sys.executable, "-c", GDAL, f"OAPIF:{visit.at}ogc/", visit.dataset]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


DOORS = [
    Exit("the page as JSON", page_json),
    Exit("rows by API, page by page", api_rows),
    Exit("rows by API, sorted", api_sorted),
    Exit("CSV", csv_safe),
    Exit("CSV, lossless", csv_lossless),
    Exit("CSV for a French spreadsheet", csv_excel),
    Exit("CSV, lossless, read by DuckDB", csv_duckdb),
    Exit("CSV, lossless, read by pandas", csv_pandas, blanks=True),
    Exit("XLSX", xlsx, blanks=True),
    Exit("Parquet", parquet),
    Exit("Arrow stream", arrow),
    Exit("DuckDB over the lake", duckdb_lake),
    Exit("notebook", notebook),
    Exit("notebook, as Arrow", notebook_arrow),
    Exit("GeoJSON", geojson, geographic=True),
    Exit("OGC API Features", ogc_items, geographic=True),
    Exit("OGC API Features by OWSLib", owslib, geographic=True),
    Exit("OGC API Features by GDAL", gdal, geographic=True),
]
