"""From the bytes of a source to bytes that DuckDB reads: unpacked, within a limit, in UTF-8.

Streaming throughout. The ``encodings`` extension of DuckDB is 352 MB, so Python decodes.
"""

from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from datalab.catalog.dataset import Dataset
from datalab.errors import SourceTooLarge
from datalab.lake.mojibake import mended
from datalab.lake.raw import unreadable

BLOCK = 1 << 20
_UTF8 = {"utf-8", "utf-8-sig", "ascii"}


def unpack(dataset: Dataset, file: Path, folder: Path, limit: int) -> Path:
    """The uncompressed file: ``file`` itself, or a new one in ``folder``.

    Raises
    ------
    SourceTooLarge
        where more than ``limit`` bytes come out (a small archive can hold a very large file).
    UnreadableFile
        where it is not an archive of the declared kind, or is cut short.
    """
    kind = dataset.source.compression
    if kind == "none":
        if file.stat().st_size > limit:
            raise SourceTooLarge(url=str(file.name), limit=limit)
        return file
    target = folder / "unpacked"
    size = 0
    try:
        with _opened(kind, file) as packed, target.open("wb") as plain:
            while block := packed.read(BLOCK):
                size += len(block)
                if size > limit:
                    raise SourceTooLarge(url=str(file.name), limit=limit)
                plain.write(block)
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise unreadable(
            dataset,
            "the archive is damaged or of another kind: {error}.",
            error=error or type(error).__name__,
        ) from error
    return target


def _opened(kind: str, file: Path) -> gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile:
    if kind == "gzip":
        return gzip.open(file, "rb")
    if kind == "bz2":
        return bz2.open(file, "rb")
    return lzma.open(file, "rb")  # tells .xz from .lzma by itself


def to_utf8(dataset: Dataset, file: Path, folder: Path) -> Path:
    """The file in UTF-8: ``file`` itself where it is declared so, or a new one in ``folder``.

    Where the options say ``mojibake``, what was decoded wrongly once is set right on the way.

    Raises
    ------
    UnreadableFile
        where the declared encoding is unknown or a byte does not exist in it.
    """
    name = dataset.source.csv.encoding
    try:
        encoding = codecs.lookup(name).name
    except LookupError as error:
        raise unreadable(dataset, "unknown encoding '{name}'.", name=name) from error
    mend = dataset.source.csv.mojibake
    if encoding in _UTF8 and not mend:
        return file
    target = folder / "decoded.csv"
    line = 1
    try:
        with (
            file.open("r", encoding=encoding, newline="") as source,
            target.open("w", encoding="utf-8", newline="") as out,
        ):
            for text in _pieces(source):
                out.write(mended(text) if mend else text)
                line += text.count("\n")
    except UnicodeError as error:
        raise unreadable(
            dataset, "not {name} after line {line}: {error}.", name=name, line=line, error=error
        ) from error
    return target


def _pieces(source: TextIO) -> Iterator[str]:
    """Blocks that end with a whole line, so that no run of characters is cut in two."""
    while text := source.read(BLOCK):
        yield text + source.readline(BLOCK)


def same_newlines(file: Path, folder: Path) -> Path:
    """A copy in which every line ends alike; DuckDB's strict mode says 'invalid state' to a mix."""
    target = folder / "newlines.csv"
    keep = "surrogateescape"
    with (
        file.open("r", encoding="utf-8", errors=keep, newline=None) as source,
        target.open("w", encoding="utf-8", errors=keep, newline="") as out,
    ):
        while text := source.read(BLOCK):
            out.write(text)
    return target
