"""What a file is by its first bytes, where a server may send something else than was asked for."""

from __future__ import annotations

from pathlib import Path

from datalab.i18n import Phrase

_START = 1024
_PAGES = (b"<!doctype html", b"<html", b"<head", b"<body")
_MAGIC: dict[str, bytes] = {
    "parquet": b"PAR1",
    "xlsx": b"PK\x03\x04",
    "gtfs": b"PK\x03\x04",
    "gpkg": b"SQLite format 3",
}
_TEXTS = {"csv", "json", "geojson"}
_PACKED = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")


def mismatch(path: Path, form: str) -> Phrase | None:
    """Why the file cannot be what ``form`` says, or None where it may be."""
    with path.open("rb") as file:
        start = file.read(_START)
    bare = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if not start:
        return Phrase("it is empty")
    if bare.startswith(_PAGES) or (bare.startswith(b"<?xml") and b"<html" in bare):
        return Phrase("it is a web page")
    magic = _MAGIC.get(form)
    if magic is not None and not start.startswith((magic, *_PACKED)):
        return Phrase("its first bytes are not those of such a file")
    if form in _TEXTS and form != "csv" and bare[:1] == b"<":
        return Phrase("it is an XML document")
    return None
