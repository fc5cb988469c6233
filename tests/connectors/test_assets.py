"""Scripts and styles of the pages, pinned and taken from packages."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from datalab.assets import ASSETS, Asset, ensure_assets


def run(folder: Path, cache: Path, **environment: str) -> list[str]:
    """The files that a process could not have, with pip's settings in its environment only."""
    code = (
        "import json, sys; from pathlib import Path; from datalab.assets import ensure_assets;"
        "missing = ensure_assets(Path(sys.argv[1]), Path(sys.argv[2]));"
        "print(json.dumps([m.file for m in missing]))"
    )
    alone = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder), str(cache)],
        env={**alone, "PIP_CONFIG_FILE": os.devnull, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return list(json.loads(done.stdout))


@pytest.mark.network
def test_every_asset_comes_from_its_package_and_stays(tmp_path: Path) -> None:
    folder, cache = tmp_path / "assets", tmp_path / "cache"
    assert ensure_assets(folder, cache) == []
    for asset in ASSETS:
        path = folder / asset.file
        assert hashlib.sha256(path.read_bytes()).hexdigest() == asset.sha256
        assert stat.S_IMODE(path.stat().st_mode) == 0o644
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    (folder / "leaflet.css").write_text("body { display: none }")
    assert ensure_assets(folder, cache) == []
    after = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert [p.name for p in before if p.is_file() and before[p] != after[p]] == ["leaflet.css"]


@pytest.mark.network
def test_the_scripts_are_ones_that_a_plain_page_can_load(tmp_path: Path) -> None:
    ensure_assets(tmp_path / "assets", tmp_path / "cache")
    for path in (tmp_path / "assets").glob("*.js"):
        text = path.read_text("utf-8")
        assert "export default" not in text
        assert "http://cdn" not in text


def test_without_an_index_the_lab_says_what_is_missing(tmp_path: Path) -> None:
    missing = run(
        tmp_path / "assets", tmp_path / "cache", PIP_INDEX_URL="http://127.0.0.1:9/simple"
    )
    assert missing == [asset.file for asset in ASSETS]


def test_an_asset_in_the_cache_needs_no_index(tmp_path: Path) -> None:
    asset = ASSETS[0]
    content = b"L = {}"
    pinned = Asset(asset.file, "a", "1", "l.js", hashlib.sha256(content).hexdigest())
    kept = tmp_path / "cache" / "package" / "a" / "1" / pinned.sha256 / "l.js"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(content)
    assert ensure_assets(tmp_path / "assets", tmp_path / "cache", [pinned]) == []
    assert (tmp_path / "assets" / asset.file).read_bytes() == content
