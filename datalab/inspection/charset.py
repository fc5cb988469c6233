"""The characters of a file: encoding, byte order mark, line ends, mojibake, lost characters.

UTF-8 is certain where a whole file decodes. Between the one-byte encodings nothing is certain:
each candidate is scored by how French the letters are that it gives, and the score is said.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from datalab.errors import FileNotATable
from datalab.i18n import Phrase
from datalab.lake.decoding import BLOCK
from datalab.lake.mojibake import BROKEN, SUSPECT, mended
from datalab.lake.records import LONGEST_LINE

HEAD = 1 << 16
STUDIED = 200_000  # bytes around what is not ASCII
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ONE_BYTE = ("cp1252", "iso-8859-15", "mac-roman", "cp850")
_FRENCH = set("éèêëàâäçîïôöùûüÿœæÉÈÊËÀÂÄÇÎÏÔÖÙÛÜŒÆ")
_USUAL = _FRENCH | set("áíóúñãõåøßÁÍÓÚÑÅØ€’‘“”«»…–—°²³µ§·×½¼£\u00a0")
_NEWLINES = re.compile("\r\n|\n|\r")


@dataclass
class Charset:
    """What was seen; ``broken`` are words of mojibake with the line of the first one."""

    encoding: str = "utf-8"
    bom: bool = False
    confidence: float = 1.0
    newline: str | None = None
    newlines: dict[str, int] = field(default_factory=dict)
    lines: int = 0
    broken: dict[str, str] = field(default_factory=dict)
    broken_count: int = 0
    broken_line: int | None = None
    lost: int = 0
    lost_line: int | None = None


def charset_of(file: Path) -> Charset:
    """How the text of ``file`` is encoded, from all of it.

    Raises
    ------
    FileNotATable
        where it is no text, in no encoding that can be told, or has a line that is too long.
    """
    with file.open("rb") as source:
        head = source.read(HEAD)
    found = Charset()
    for mark, name in _BOMS:
        if head.startswith(mark):
            found.encoding, found.bom = name, True
    if not found.bom:
        found.encoding = _without_mark(head)
    if found.encoding == "utf-8":
        at = _not_utf8(file)
        if at is not None:
            found.encoding, found.confidence = _one_byte(file, at)
    _read_through(file, found)
    return found


def _without_mark(head: bytes) -> str:
    """UTF-16 shows by the zeros of its ASCII; other zeros are no text."""
    if b"\0" not in head:
        return "utf-8"
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if odd > 0.3 * half and even < 0.1 * half:
        return "utf-16-le"
    if even > 0.3 * half and odd < 0.1 * half:
        return "utf-16-be"
    line = head[: head.index(0)].count(b"\n") + 1
    raise FileNotATable(
        reason=Phrase("it holds zero bytes on line {line}: it is not text", line=line)
    )


def _not_utf8(file: Path) -> int | None:
    """The position of the first byte that cannot be UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    position = 0
    with file.open("rb") as source:
        while True:
            block = source.read(BLOCK)
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                return position - pending + error.start
            if not block:
                return None
            position += len(block)


def _one_byte(file: Path, at: int) -> tuple[str, float]:
    """The encoding that gives the most plausible letters, and how sure that is."""
    studied = _studied(file, at)
    scores = {name: _score(studied, name) for name in _ONE_BYTE}
    best = max(scores, key=lambda name: scores[name])
    if scores[best] >= 0.6:
        if best == "iso-8859-15" and _score(studied, "cp1252") == scores[best]:
            best = "cp1252"
        return best, round(min(0.95, scores[best]), 2)
    return _exotic(file, studied, at)


def _studied(file: Path, at: int) -> bytes:
    """Words that hold bytes beyond ASCII, from where the first one stands."""
    found = b""
    with file.open("rb") as source:
        source.seek(max(0, at - 200))
        while len(found) < STUDIED and (block := source.read(BLOCK)):
            for word in re.findall(rb"[\x20-\x7e]{0,8}[\x80-\xff]+[\x20-\x7e]{0,8}", block):
                found += word + b"\n"
                if len(found) >= STUDIED:
                    break
    return found


def _score(studied: bytes, name: str) -> float:
    """The share of characters beyond ASCII that French text has, words weighing most."""
    text = studied.decode(name, "replace")
    beyond = [letter for letter in text if ord(letter) > 127]
    if not beyond:
        return 0.0
    usual = sum(1.0 if c in _FRENCH else 0.9 if c in _USUAL else 0.0 for c in beyond)
    # A capital with an accent after a small letter is what another encoding makes of a letter.
    strange = len(re.findall(r"[a-z][ÀÂÄÇÉÈÊËÎÏÔÖÙÛÜŒÆÑÁÍÓÚ¼½£§×]+[a-z]", text))
    return max(0.0, (usual - 2 * strange) / len(beyond))


def _exotic(file: Path, studied: bytes, at: int) -> tuple[str, float]:
    """Encodings of other scripts, by the statistics of charset-normalizer, whole file decoded."""
    from charset_normalizer import from_bytes

    with file.open("rb") as source:
        sample = source.read(STUDIED)
        line = source.seek(0) or source.read(at).count(b"\n") + 1
    for match in list(from_bytes(sample[: sample.rfind(b"\n") + 1] or sample))[:3]:
        try:
            with file.open("r", encoding=match.encoding, newline="") as text:
                while text.read(BLOCK):
                    pass
        except (UnicodeError, LookupError):
            continue
        return match.encoding.replace("_", "-"), round(max(0.0, 1 - match.chaos) * 0.7, 2)
    raise FileNotATable(
        reason=Phrase(
            "its encoding cannot be told: line {line} is not UTF-8, nor text in another encoding "
            "that is known; save it as UTF-8",
            line=line,
        )
    )


def _read_through(file: Path, found: Charset) -> None:
    """Count lines, look for mojibake, replaced characters and lines without end."""
    counts = {"\r\n": 0, "\n": 0, "\r": 0}
    line, tail = 1, 0
    with file.open("r", encoding=found.encoding, errors="strict", newline="") as source:
        try:
            for text in _blocks(source):
                if "\0" in text:
                    at = line + _ends(text[: text.index("\0")])
                    raise FileNotATable(
                        reason=Phrase("it holds zero bytes on line {line}: it is not text", line=at)
                    )
                pairs = text.count("\r\n")
                counts["\r\n"] += pairs
                counts["\n"] += text.count("\n") - pairs
                counts["\r"] += text.count("\r") - pairs
                last = max(text.rfind("\n"), text.rfind("\r"))
                tail = tail + len(text) if last < 0 else len(text) - last
                if tail > LONGEST_LINE:
                    at = line + _ends(text)
                    raise FileNotATable(
                        reason=Phrase(
                            "line {line} has no end: it is longer than {limit} characters",
                            line=at,
                            limit=LONGEST_LINE,
                        )
                    )
                if not text.isascii():
                    _strange(text, line, found)
                line = 1 + sum(counts.values())
        except UnicodeDecodeError as error:
            raise FileNotATable(
                reason=Phrase(
                    "line {line} is not {encoding}: {error}",
                    line=line,
                    encoding=found.encoding,
                    error=str(error),
                )
            ) from error
    found.lines = sum(counts.values()) + (1 if tail > 1 or not any(counts.values()) else 0)
    found.newlines = {name: count for name, count in counts.items() if count}
    found.newline = max(counts, key=lambda n: counts[n]) if found.newlines else None


def _blocks(source: object) -> Iterator[str]:
    read = source.read  # type: ignore[attr-defined]
    while text := read(BLOCK):
        yield text + (read(1) if text.endswith("\r") else "")


def _ends(text: str) -> int:
    return len(_NEWLINES.findall(text))


def _strange(text: str, line: int, found: Charset) -> None:
    if "\ufffd" in text:
        found.lost += text.count("\ufffd")
        if found.lost_line is None:
            found.lost_line = line + _ends(text[: text.index("\ufffd")])
    if not SUSPECT.search(text):
        return
    for match in BROKEN.finditer(text):
        whole = mended(match[0])
        if whole == match[0] or not all(c.isprintable() or c == "\u00a0" for c in whole):
            continue
        found.broken_count += 1
        if found.broken_line is None:
            found.broken_line = line + _ends(text[: match.start()])
        if len(found.broken) < 5:
            start = max(text.rfind(mark, 0, match.start()) for mark in ' \t;,"\n\r|')
            word = re.split(r'[ \t;,"\n\r|]', text[start + 1 : match.end() + 20])[0]
            found.broken.setdefault(word, mended(word))
