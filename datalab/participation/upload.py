"""A file that somebody wants to share: let in only as what it says it is, with nothing that runs.

It is looked at in memory, bounded before it is unpacked, and never opened by a program that would
run what is in it. What passes is given out as an attachment, under a name of ours.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from unicodedata import category, normalize

from datalab.errors import UploadRefused
from datalab.i18n import Phrase

LARGEST = 5_000_000  # bytes
LARGEST_UNPACKED = 60_000_000  # bytes of all members
MOST_MEMBERS = 2_000
MOST_TIMES = 200  # a member may be larger than it was packed
LONGEST_NAME = 120
KINDS: Mapping[str, str] = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "csv": "text/csv; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
}
MAIN = {
    "docx": "word/document.xml",
    "xlsx": "xl/workbook.xml",
    "odt": "content.xml",
    "ods": "content.xml",
}
RUNS = re.compile(
    r"vbaproject|vbadata|activex|\.bin$|/embeddings/|^embeddings/|externallinks/|^basic/|^scripts/"
    r"|^object ?\d|\.(exe|dll|js|vbs|ps1|bat|cmd|scr|hta|jar|class|lnk|py|sh)$",
    re.IGNORECASE,
)
REMOTE = re.compile(
    rb"relationships/(attachedTemplate|oleObject|frame|subDocument|externalLinkPath)"
    rb"|macroEnabled|<!DOCTYPE|<!ENTITY|ddeLink|instrText[^<]*<?[^<]{0,40}>\s*(DDE|DDEAUTO)\b"
    rb"|script:event-listener|vnd\.sun\.star\.script:",
    re.IGNORECASE,
)
ACTIVE = re.compile(
    rb"/(JavaScript|JS|Launch|EmbeddedFile|EmbeddedFiles|RichMedia|XFA|SubmitForm|ImportData)"
    rb"(?![A-Za-z])"
)
STREAM = re.compile(rb"/ObjStm\b.{0,400}?stream\r?\n", re.DOTALL)
FORMULA = re.compile(r"\s*[=@＝＠\t\r]|\s*[+\-＋－](?![\d\s.,]*%?\s*$)")


@dataclass(frozen=True)
class Upload:
    """``name`` is safe in a header and on any disk; ``form`` is a key of :data:`KINDS`."""

    name: str
    form: str
    content: bytes


def look(name: str, content: bytes) -> Upload:
    """
    Raises
    ------
    UploadRefused
        which says what is wrong and what to do.
    """
    clean = name_of(name)
    form = clean.rpartition(".")[2]
    if not content:
        raise _refused(Phrase("it is empty. Choose it again."))
    if len(content) > LARGEST:
        raise _refused(Phrase("it is larger than 5 MB. Send a smaller one, or a PDF of it."))
    CHECKS[form](form, content)
    return Upload(clean, form, content)


def name_of(name: str) -> str:
    """A name without folders, signs that mislead or more than one meaning of its end.

    Raises
    ------
    UploadRefused
    """
    last = normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    kept = "".join(letter for letter in last if category(letter)[0] in "LN" or letter in " ._-()")
    stem, _, ending = kept.strip(" .").rpartition(".")
    form = ending.lower()
    if form not in KINDS or not stem.strip(" ._-"):
        raise _refused(
            Phrase(
                "only these are taken: {kinds}. Export it as one of them, without macros.",
                kinds=", ".join(KINDS),
            )
        )
    return f"{stem.strip(' ._-').replace('.', '-')[:LONGEST_NAME]}.{form}"


def _refused(reason: Phrase) -> UploadRefused:
    return UploadRefused(reason=reason)


def _other(form: str) -> UploadRefused:
    return _refused(
        Phrase("its content is not that of a file “{form}”. Export it again.", form=form)
    )


def _runs() -> UploadRefused:
    return _refused(
        Phrase(
            "it holds something that runs or fetches (macro, script, embedded or linked file). "
            "Save it without, or as a simple PDF."
        )
    )


def _pdf(form: str, content: bytes) -> None:
    if not content.startswith(b"%PDF-") or b"%%EOF" not in content[-2_048:]:
        raise _other(form)
    if re.search(rb"/Encrypt(?![A-Za-z])", content):
        raise _refused(Phrase("it is protected by a password. Save it without."))
    for part in (content, *_unpacked(content)):
        # A name may be written with the codes of its letters: /J#61vaScript.
        plain = re.sub(rb"#([0-9A-Fa-f]{2})", lambda m: bytes([int(m[1], 16)]), part)
        if ACTIVE.search(plain):
            raise _runs()


def _unpacked(content: bytes) -> list[bytes]:
    """The streams that hold objects, unpacked within bounds."""
    found, room = [], LARGEST_UNPACKED
    for match in STREAM.finditer(content):
        unpack = zlib.decompressobj()
        try:
            part = unpack.decompress(content[match.end() :], room)
        except zlib.error:
            continue
        if unpack.unconsumed_tail and not unpack.eof:
            raise _bomb()
        room -= len(part)
        if room <= 0:
            raise _bomb()
        found.append(part)
    return found


def _bomb() -> UploadRefused:
    return _refused(Phrase("it unpacks to far more than it is. Send a plain one."))


def _zipped(form: str, content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            _bounded(members)
            names = [member.filename for member in members]
            if MAIN[form] not in names or len(set(names)) != len(names):
                raise _other(form)
            if form in {"odt", "ods"} and archive.read("mimetype").decode() != KINDS[form]:
                raise _other(form)
            if form in {"docx", "xlsx"} and "[Content_Types].xml" not in names:
                raise _other(form)
            for member in members:
                if RUNS.search(member.filename):
                    raise _runs()
                if member.filename.lower().endswith((".xml", ".rels", ".rdf")) and REMOTE.search(
                    archive.read(member)
                ):
                    raise _runs()
    except (
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        NotImplementedError,
        RuntimeError,
        zlib.error,
    ):
        raise _other(form) from None


def _bounded(members: list[zipfile.ZipInfo]) -> None:
    """Refuse before anything is unpacked; Python unpacks no more than a member says it is."""
    total = sum(member.file_size for member in members)
    if len(members) > MOST_MEMBERS or total > LARGEST_UNPACKED:
        raise _bomb()
    for member in members:
        if member.file_size > 1_000_000 and member.file_size > MOST_TIMES * member.compress_size:
            raise _bomb()
        parts = member.filename.replace("\\", "/").split("/")
        if member.filename.startswith(("/", "\\")) or ".." in parts or ":" in member.filename:
            raise _runs()
        if member.flag_bits & 0x1:
            raise _refused(Phrase("it is protected by a password. Save it without."))


def _text(form: str, content: bytes) -> None:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refused(Phrase("its letters are not UTF-8. Save it as UTF-8.")) from None
    if any(category(letter) == "Cc" and letter not in "\n\r\t" for letter in text):
        raise _other(form)
    if form != "csv":
        return
    separators = {text.split("\n", 1)[0].count(sign): sign for sign in ",\t;"}
    try:
        rows = csv.reader(io.StringIO(text), delimiter=separators[max(separators)])
        if any(FORMULA.match(value) for row in rows for value in row):
            raise _refused(
                Phrase("a cell begins with a sign of a formula (= + - @). Take it away.")
            )
    except csv.Error:
        raise _other(form) from None


CHECKS: Mapping[str, Callable[[str, bytes], None]] = {
    "pdf": _pdf,
    **dict.fromkeys(MAIN, _zipped),
    **dict.fromkeys(("csv", "txt", "md"), _text),
}
