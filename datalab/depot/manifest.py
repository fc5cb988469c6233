"""What the depot holds of one access class: each file with its size and hash, under one number."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from datalab.errors import DepotBroken
from datalab.i18n import Phrase

FORM = 1  # of the document
LARGEST = 64_000_000  # bytes of a manifest
PATH = re.compile(r"[A-Za-z0-9_][\w.=:+-]*(/[A-Za-z0-9_][\w.=:+-]*)*", re.ASCII)
SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class File:
    size: int  # bytes
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """``lab`` published it as its ``number``-th; ``files`` by their path in the class's folder."""

    lab: str
    number: int
    at: str
    files: Mapping[str, File]

    def as_bytes(self) -> bytes:
        files = {path: [file.size, file.sha256] for path, file in sorted(self.files.items())}
        document = {"form": FORM, "lab": self.lab, "number": self.number, "at": self.at}
        return json.dumps({**document, "files": files}).encode()


def read(content: bytes, name: str) -> Manifest:
    """The manifest that was found as ``name``.

    Raises
    ------
    DepotBroken
        where it is none, or names a file outside of its folder.
    """
    try:
        document: dict[str, Any] = json.loads(content)
        if document["form"] != FORM:
            raise DepotBroken(name=name, reason=Phrase("a newer lab wrote it"))
        named = document["files"].items()
        files = {str(path): File(int(size), str(digest)) for path, (size, digest) in named}
        made = Manifest(str(document["lab"]), int(document["number"]), str(document["at"]), files)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise DepotBroken(name=name, reason=type(error).__name__) from None
    for path, file in files.items():
        if not PATH.fullmatch(path) or not SHA256.fullmatch(file.sha256) or file.size < 0:
            raise DepotBroken(name=name, reason=path[:80])
    return made
