"""What the lab did to a server, told where its person reads it: below the next cell.

The lab writes ``notices.json`` into the folder that leads to the hub, which the room sees and
cannot write. Kernels look at it (``isolation.kernel``).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from datalab.isolation.private import write_private

FILE = "notices.json"
Subject = Literal["memory", "disk", "access", "data"]


def tell(folder: Path, subject: Subject, texts: dict[str, str], now: float) -> None:
    """Put a notice in place of the last one on this subject; texts by language."""
    if not folder.is_dir():
        return
    document = read(folder)
    document[subject] = {"at": now, "text": texts}
    path = folder / FILE
    write_private(path, json.dumps(document, ensure_ascii=False))
    path.chmod(0o644)


def read(folder: Path) -> dict[str, dict[str, object]]:
    """Notices by subject; empty where there are none."""
    try:
        document = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
