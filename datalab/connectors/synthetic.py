"""Connector ``synthetic``: rows that a seeded process of the lab draws, where no real ones exist.

What it draws is never taken for real: the dataset says ``provenance: synthetic`` and what it was
calibrated on, and every row says it again.
"""

from __future__ import annotations

import csv
import lzma
import os
import struct
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import ConfigDict, Field, model_validator

from datalab.catalog import dataset as catalog
from datalab.catalog.lint import read_file
from datalab.connectors import drawn, incidents, street_lights
from datalab.connectors.calibration import Held, Total, unknown
from datalab.connectors.drawn import Drawn
from datalab.connectors.fetched import Fetched, Progress, sha256_of
from datalab.connectors.street_lights import Area, Ring
from datalab.errors import SourceMissing, SourceRefused, SourceTooLarge
from datalab.i18n import Phrase

HERE = ZoneInfo("Europe/Paris")
csv.field_size_limit(10_000_000)  # a boundary is one field


class Source(catalog.Source):
    """Rows drawn by a process of the lab with a seed and declared totals; never taken for real."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    generator: Literal["table", "street-lights", "service-requests"] = Field(
        description="the process that draws them"
    )
    seed: int = Field(description="the same seed gives the same rows")
    count: int = Field(gt=0, le=1_000_000, description="how many rows")
    totals: list[Total] = Field(
        min_length=1, description="published totals that the rows give, each with its source"
    )
    fields: dict[str, Drawn] = Field(
        default_factory=dict, description="generator table: the law of each column"
    )
    day: date | None = Field(
        None,
        description="generator street-lights: the day whose state is drawn; that of the refresh "
        "if absent",
    )
    areas: str | None = Field(
        None,
        description="generators street-lights and service-requests: id of the dataset of "
        "municipalities (population, area, centre)",
    )
    boundaries: str | None = Field(
        None,
        description="generators street-lights and service-requests: id of the dataset with their "
        "boundaries",
    )
    anchor: str | None = Field(
        None,
        description="generator street-lights: INSEE code of the municipality whose number is "
        "known; generator service-requests: one of the département",
    )
    anchor_count: int | None = Field(None, gt=0, description="generator street-lights: that number")
    first: date | None = Field(None, description="generator service-requests: first day")
    last: date | None = Field(None, description="generator service-requests: last day")

    @model_validator(mode="after")
    def _whole(self) -> Source:
        if self.generator == "table":
            if not self.fields:
                raise ValueError("the generator 'table' needs 'fields'")
            columns = drawn.columns_of(self.fields)
        elif self.generator == "street-lights":
            if None in (self.areas, self.boundaries, self.anchor, self.anchor_count):
                raise ValueError(
                    "the generator 'street-lights' needs 'areas', 'boundaries', 'anchor' and "
                    "'anchor_count'"
                )
            columns = list(street_lights.COLUMNS)
        else:
            if None in (self.areas, self.boundaries, self.anchor, self.first, self.last):
                raise ValueError(
                    "the generator 'service-requests' needs 'areas', 'boundaries', 'anchor', "
                    "'first' and 'last'"
                )
            if self.first and self.last and self.first >= self.last:
                raise ValueError("'first' comes before 'last'")
            columns = list(incidents.COLUMNS)
        if unknown(self.totals, columns) is not None:
            raise ValueError("a total names a column that is not drawn")
        return self


def fetch(
    dataset: catalog.Dataset,
    *,
    cache: Path,
    max_bytes: int,
    progress: Progress | None = None,
) -> Fetched:
    """The rows, as CSV, once they are known to give every declared total.

    Raises
    ------
    SourceMissing
        where a dataset that it rests on is not in the catalog, or its source cannot be had.
    SourceRefused
        where the dataset does not say that it is synthetic, or the rows miss a total.
    SourceTooLarge
    """
    source = Source.model_validate(dataset.source.model_dump())
    url = f"synthetic:{source.generator}?seed={source.seed}"
    if dataset.provenance != "synthetic":
        reason = Phrase("invented rows need 'provenance: synthetic'")
        raise SourceRefused(url=url, reason=reason, file=dataset.file.name)
    if source.generator == "table":
        columns: Sequence[str] = drawn.columns_of(source.fields)
        rows: Iterable[tuple[object, ...]] = drawn.generate(
            source.fields, count=source.count, seed=source.seed, totals=source.totals
        )
    elif source.generator == "service-requests" and source.first and source.last:
        columns = incidents.COLUMNS
        rows = incidents.generate(
            list(_areas(dataset, source, cache, max_bytes)),
            count=source.count,
            seed=source.seed,
            first=source.first,
            last=source.last,
        )
    else:
        day = source.day or datetime.now(HERE).date()
        url += f"&day={day.isoformat()}"
        columns, rows = street_lights.COLUMNS, _lights(dataset, source, day, cache, max_bytes)
    held = Held(columns, source.totals)
    path = _written(cache / "synthetic" / dataset.id, columns, held.rows(rows))
    missed = held.missed()
    if missed is not None:
        path.unlink()
        raise SourceRefused(url=url, reason=missed, file=dataset.file.name)
    size = path.stat().st_size
    if size > max_bytes:
        raise SourceTooLarge(url=url, limit=max_bytes)
    if progress is not None:
        progress(size, size)
    return Fetched(path, url, sha256_of(path), size, datetime.now(UTC))


def _lights(
    dataset: catalog.Dataset, source: Source, day: date, cache: Path, max_bytes: int
) -> Iterator[tuple[object, ...]]:
    return street_lights.generate(
        list(_areas(dataset, source, cache, max_bytes)),
        count=source.count,
        seed=source.seed,
        day=day,
        anchor=(source.anchor or "", source.anchor_count or 0),
    )


def _written(folder: Path, columns: Iterable[str], rows: Iterable[tuple[object, ...]]) -> Path:
    """One file, replaced as a whole: whoever reads the one before keeps it."""
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, prefix=".")
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
    target = folder / "rows.csv"
    os.replace(name, target)
    return target


def _areas(dataset: catalog.Dataset, source: Source, cache: Path, max_bytes: int) -> Iterator[Area]:
    shapes = {
        row["code"]: rings_of(bytes.fromhex(row["geometry"]))
        for row in _rows(dataset, source.boundaries or "", cache, max_bytes)
        if row["type"] == "COM"
        and row["geometry"] not in {"", r"\N"}
        and row["code"].startswith((source.anchor or "")[:2])
    }
    for row in _rows(dataset, source.areas or "", cache, max_bytes):
        code = row["insee_code"]
        if code not in shapes:
            reason = Phrase("it has no boundary for {code}", code=code)
            raise SourceMissing(url=source.boundaries or "", reason=reason, file=dataset.file.name)
        yield Area(
            code,
            row["name"],
            shapes[code],
            (float(row["longitude"]), float(row["latitude"])),
            int(row["population"]),
            float(row["area_km2"]),
        )


def _rows(
    dataset: catalog.Dataset, other: str, cache: Path, max_bytes: int
) -> Iterator[dict[str, str]]:
    """The rows of the file of another dataset of the same catalog, by its own connector."""
    from datalab.connectors.registry import fetch as fetch_other

    found = next(dataset.file.resolve().parent.parent.glob(f"*/{other}.yaml"), None)
    described = read_file(found)[0] if found else None
    if described is None:
        reason = Phrase("the catalog holds no dataset of this name")
        raise SourceMissing(url=other, reason=reason, file=dataset.file.name)
    fetched = fetch_other(described, cache=cache, max_bytes=described.source.max_bytes or max_bytes)
    unpack = lzma.open if described.source.compression in {"xz", "lzma"} else open
    with unpack(fetched.path, "rt", encoding="utf-8", newline="") as file:
        for _ in range(described.source.csv.skip):
            next(file)
        yield from csv.DictReader(file, delimiter=described.source.csv.delimiter)


def rings_of(wkb: bytes) -> list[Ring]:
    """All rings of a polygon or multipolygon in well-known binary (OGC 06-103r4, 8.2)."""
    return _shape(wkb, 0)[0]


def _shape(wkb: bytes, at: int) -> tuple[list[Ring], int]:
    order = "<" if wkb[at] else ">"
    (kind, many), at = struct.unpack_from(f"{order}II", wkb, at + 1), at + 9
    if kind & 0x20000000:  # PostGIS writes the reference system in between
        (many,) = struct.unpack_from(f"{order}I", wkb, at)
        at += 4
    rings: list[Ring] = []
    for _ in range(many):
        if kind & 0xFF == 6:
            part, at = _shape(wkb, at)
            rings += part
            continue
        (points,), at = struct.unpack_from(f"{order}I", wkb, at), at + 4
        flat = struct.unpack_from(f"{order}{2 * points}d", wkb, at)
        at += 16 * points
        rings.append(list(zip(flat[::2], flat[1::2], strict=True)))
    return rings, at
