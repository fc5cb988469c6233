"""Where the scripts and styles of a map come from: the lab's portal, or files written inline."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from pathlib import Path

SCRIPT, STYLE = "leaflet.js", "leaflet.css"
CLUSTER_SCRIPT, CLUSTER_STYLE = "leaflet.markercluster.js", "leaflet.markercluster.css"
NEEDED = (SCRIPT, STYLE, CLUSTER_SCRIPT, CLUSTER_STYLE)


@dataclass(frozen=True)
class Assets:
    """Where the map's scripts come from: the lab's portal (``url``), or files written inline."""

    url: str | None = None
    folder: Path | None = None

    @property
    def found(self) -> bool:
        if self.url:
            return True
        return self.folder is not None and all((self.folder / name).is_file() for name in NEEDED)

    def header(self, names: list[str]) -> str:
        """HTML that brings in the scripts and styles ``names``."""
        return "\n".join(self._one(name) for name in names)

    def _one(self, name: str) -> str:
        script = name.endswith(".js")
        if self.url:
            address = escape(f"{self.url.rstrip('/')}/{name}")
            if script:
                return f'<script src="{address}"></script>'
            return f'<link rel="stylesheet" href="{address}">'
        assert self.folder is not None  # noqa: S101 - ``found`` was asked before
        text = (self.folder / name).read_text(encoding="utf-8")
        if script:
            return "<script>" + text.replace("</script", "<\\/script") + "</script>"
        return "<style>" + _without_images(text).replace("</style", "<\\/style") + "</style>"


def _without_images(style: str) -> str:
    """``style`` without its pictures: inline it has no folder to find them in."""
    return re.sub(r"url\((?!#)[^)]*\)", "none", style)
