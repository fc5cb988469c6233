"""What kind of file it is, by its first bytes and never by its name."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

from datalab.errors import FileNotATable
from datalab.i18n import Phrase

_PACKED = ((b"\x1f\x8b", "gzip"), (b"\xfd7zXZ\x00", "xz"), (b"BZh", "bz2"))
_MAGIC = (
    (b"PAR1", "parquet"),
    (b"\x89HDF\r\n\x1a\n", "hdf"),
)
# What people send by mistake, and what to do about it.
_OTHER = (
    (b"%PDF", Phrase("it is a PDF; ask for the table itself, as CSV or XLSX")),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        Phrase("it is an old Excel file (.xls); open it and save it as XLSX or CSV"),
    ),
    (b"\x89PNG", Phrase("it is a picture, not a table")),
    (b"\xff\xd8\xff", Phrase("it is a picture, not a table")),
    (b"GIF8", Phrase("it is a picture, not a table")),
    (b"Rar!", Phrase("it is an archive; unpack it and take one table out of it")),
    (b"7z\xbc\xaf", Phrase("it is an archive; unpack it and take one table out of it")),
    (b"\x7fELF", Phrase("it is a program, not a table")),
    (b"MZ\x90", Phrase("it is a program, not a table")),
)
_GPKG = b"GPKG"  # the application_id of a GeoPackage, at byte 68 of the SQLite header


@dataclass(frozen=True)
class Form:
    """``format`` as ``source.format`` names it; ``members`` are the files of an archive."""

    format: str
    compression: str = "none"
    members: tuple[str, ...] = ()


def compression_of(file: Path) -> str:
    """How ``file`` is compressed, as ``source.compression`` names it."""
    with file.open("rb") as source:
        head = source.read(8)
    return next((name for magic, name in _PACKED if head.startswith(magic)), "none")


def form_of(file: Path) -> Form:
    """The format of an uncompressed file.

    Raises
    ------
    FileNotATable
        where it is empty, or something that is known not to be a table.
    """
    with file.open("rb") as source:
        head = source.read(4096)
    if not head:
        raise FileNotATable(reason=Phrase("it is empty"))
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return Form(name)
    for magic, reason in _OTHER:
        if head.startswith(magic):
            raise FileNotATable(reason=reason)
    if head.startswith(b"SQLite format 3\x00"):
        if head[68:72] == _GPKG:
            return Form("gpkg")
        raise FileNotATable(reason=Phrase("it is a SQLite database; export one table of it as CSV"))
    if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
        return _archive(file)
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text[:1] in (b"{", b"["):
        return Form("json")
    lowered = text[:200].lower()
    if lowered.startswith((b"<!doctype html", b"<html")):
        raise FileNotATable(
            reason=Phrase("it is a web page, not data: the address may give an error page")
        )
    if lowered.startswith(b"<"):
        raise FileNotATable(reason=Phrase("it is XML; ask for the table as CSV, JSON or XLSX"))
    return Form("csv")


def _archive(file: Path) -> Form:
    try:
        with zipfile.ZipFile(file) as archive:
            names = tuple(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise FileNotATable(
            reason=Phrase("the archive is damaged: {error}", error=str(error))
        ) from error
    lowered = [name.lower() for name in names]
    if "xl/workbook.xml" in lowered:
        return Form("xlsx", members=names)
    if any(name.endswith(".shp") for name in lowered):
        return Form("shapefile", members=names)
    if {"stops.txt", "routes.txt"} <= {name.rsplit("/", 1)[-1] for name in lowered}:
        return Form("gtfs", members=names)
    if "mimetype" in lowered or "content.xml" in lowered:
        raise FileNotATable(
            reason=Phrase("it is an OpenDocument file; open it and save it as XLSX or CSV")
        )
    shown = ", ".join(name for name in names[:5] if not name.endswith("/")) or "–"
    raise FileNotATable(
        reason=Phrase("it is an archive that holds {names}; take one table out of it", names=shown)
    )
