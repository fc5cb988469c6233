"""What is kept of an address: its last body by its digest, with what tells whether it changed."""

from __future__ import annotations

import json
import os
from pathlib import Path

from datalab.connectors.fetched import sha256_of
from datalab.connectors.transfer import Body


def known_in(folder: Path, max_bytes: int) -> dict[str, str] | None:
    """What is remembered of the last body, if that body is still whole."""
    try:
        known = json.loads((folder / "known.json").read_text("utf-8"))
        path = folder / known["sha256"]
        if path.stat().st_size <= max_bytes and sha256_of(path) == known["sha256"]:
            return dict(known)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def conditions(known: dict[str, str] | None) -> dict[str, str]:
    names = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
    return {header: known[name] for name, header in names.items() if known and name in known}


def keep(body: Body, received: Path, folder: Path) -> Path:
    """Name the body by its digest and remember it; the one before stays for who still reads it."""
    path = folder / body.sha256
    os.replace(received, path)
    before = remembered(folder)
    facts = {"sha256": body.sha256}
    facts |= {n: body.headers[n] for n in ("etag", "last-modified") if n in body.headers}
    temporary = folder / ".known"
    temporary.write_text(json.dumps(facts), "utf-8")
    os.replace(temporary, folder / "known.json")
    for other in folder.iterdir():
        if len(other.name) == 64 and other.name not in {body.sha256, before}:
            other.unlink()
    return path


def remembered(folder: Path) -> str | None:
    try:
        return str(json.loads((folder / "known.json").read_text("utf-8"))["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
