"""Tables in dBASE files, each value as the text that stands in it.

pyshp turns numbers into floats and passes over each record whose first byte is not a space; a city
published 23,229 trees with a zero there. So the records are cut here: the format is one of fixed
widths (dBASE III to VII; ESRI Shapefile Technical Description, 1998).
"""

from __future__ import annotations

import codecs
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from datalab.catalog.dataset import Dataset
from datalab.lake.raw import unreadable

DELETED = b"*"
# Language driver byte of the header: those met in French files.
DRIVERS = {
    **{0x01: "cp437", 0x02: "cp850", 0x03: "cp1252", 0x57: "cp1252", 0x58: "cp1252"},
    **{0x0D: "cp437", 0x0E: "cp850", 0x1D: "cp850", 0x1C: "cp863", 0x59: "cp1252"},
}


@dataclass(frozen=True)
class DbfField:
    name: str
    kind: str
    width: int


@dataclass(frozen=True)
class Dbf:
    """What the header says. ``records`` may be more than the file holds."""

    path: Path
    fields: list[DbfField]
    records: int
    start: int
    width: int
    encoding: str


def open_dbf(dataset: Dataset, path: Path, page: str | None) -> Dbf:
    """The table in ``path``.

    Parameters
    ----------
    page
        what a ``.cpg`` beside it says of its encoding.

    Raises
    ------
    UnreadableFile
        where it is not such a table, or its encoding is unknown.
    """
    with path.open("rb") as file:
        head = file.read(32)
        if len(head) < 32:
            raise unreadable(dataset, "its table of attributes (.dbf) is cut short.")
        records, start, width = struct.unpack("<IHH", head[4:12])
        encoding = _encoding(dataset, page, head[29])
        described = file.read(max(0, min(start, 65_535) - 32))
    fields = list(_fields(described, encoding))
    if not fields or 1 + sum(field.width for field in fields) != width:
        raise unreadable(dataset, "its table of attributes (.dbf) has a damaged header.")
    there = (path.stat().st_size - start) // width
    if records > there:
        raise unreadable(
            dataset,
            "its table of attributes (.dbf) is cut short: {there} of {records} records.",
            there=there,
            records=records,
        )
    return Dbf(path, fields, records, start, width, encoding)


def rows_of(dataset: Dataset, table: Dbf) -> Iterator[list[str | None] | None]:
    """The values of each record as text; None for one that its publisher deleted."""
    nulls = set(dataset.source.csv.null_values)
    with table.path.open("rb") as file:
        file.seek(table.start)
        for number in range(1, table.records + 1):
            record = file.read(table.width)
            if record[:1] == DELETED:
                yield None
                continue
            values, at = [], 1
            for field in table.fields:
                piece = record[at : at + field.width]
                at += field.width
                try:
                    text = _text(field, piece, table.encoding)
                except (UnicodeError, struct.error):
                    raise unreadable(
                        dataset,
                        "record {number} of its attributes is not written in {encoding}; say "
                        "which encoding it is in 'csv.encoding'.",
                        number=number,
                        encoding=table.encoding,
                    ) from None
                values.append(None if text in nulls else text)
            yield values


def _fields(described: bytes, encoding: str) -> Iterator[DbfField]:
    for at in range(0, len(described) - 31, 32):
        if described[at] == 0x0D:
            return
        name = described[at : at + 11].split(b"\0")[0].decode(encoding, "replace").strip()
        kind = chr(described[at + 11])
        # A text wider than 255 puts the rest of its width where numbers have their decimals.
        width = described[at + 16] + (256 * described[at + 17] if kind == "C" else 0)
        yield DbfField(name, kind, width)


def _text(field: DbfField, piece: bytes, encoding: str) -> str | None:
    if field.kind == "I" and field.width == 4:
        return str(struct.unpack("<i", piece)[0])
    if field.kind in ("O", "B") and field.width == 8:
        return repr(struct.unpack("<d", piece)[0])
    text = piece.split(b"\0")[0].decode(encoding)
    if field.kind == "C":
        return text.rstrip(" ") or None
    text = text.strip()
    if field.kind == "L":
        return {"T": "true", "Y": "true", "F": "false", "N": "false"}.get(text.upper())
    if field.kind == "D":
        if text in ("", "00000000"):
            return None
        whole = len(text) == 8 and text.isdigit()
        return f"{text[:4]}-{text[4:6]}-{text[6:]}" if whole else text
    return None if text.strip("*") == "" else text  # a number too wide is stars


def _encoding(dataset: Dataset, page: str | None, driver: int) -> str:
    declared = dataset.source.csv.encoding
    if codecs.lookup(declared).name != "utf-8":
        return declared
    if page is None:
        return DRIVERS.get(driver, "utf-8")
    # "UTF-8", "1252", "ANSI 1252", "ISO 88591", "65001": all are met.
    plain = re.sub(r"[^a-z0-9]", "", page.strip("\ufeff").lower())
    number = re.sub(r"\D", "", plain)
    if plain in ("utf8", "65001") or "65001" in plain:
        return "utf-8"
    if plain.startswith(("iso8859", "88591")) or plain == "latin1":
        return f"iso-8859-{number.removeprefix('8859') or '1'}"
    for name in (plain, f"cp{number}"):
        try:
            return codecs.lookup(name).name
        except LookupError:
            continue
    raise unreadable(
        dataset,
        "its .cpg names the unknown encoding '{name}'; say which one it is in 'csv.encoding'.",
        name=page[:40],
    )
