"""What changed between two snapshots, in a notebook."""

from __future__ import annotations

from pathlib import Path

import pytest

from datalab.errors.version import UnknownRelease
from datalab.lake import release
from datalab.lake.index import read_index
from datalab.notebook.lab import connect
from tests.portal.conftest import Workshop, described

COLUMNS = {"code": "varchar", "height": "integer"}


def test_a_notebook_compares_versions_and_reads_a_release(tmp_path: Path) -> None:
    shop = Workshop(tmp_path)
    for height in (12, 13):
        shop.write(described("trees", COLUMNS, key=["code"]), f"code,height\na,{height}\nb,1\n")
        shop.refresh()
    settings = shop.settings
    entry = read_index(settings.lake)["trees"]
    old = entry.snapshots[-1]["snapshot"]
    release.make(
        settings.lake, settings.writer, entry, "2026-1", old, "2026-11-22T10:00:00Z", "x", "rapport"
    )
    lab = connect(settings.lake, "fr")
    pinned = lab.dataset("trees", release="2026-1")
    assert pinned.df()["height"].tolist() == [12, 1]
    assert [line["name"] for line in pinned.releases] == ["2026-1"]
    with pytest.raises(UnknownRelease, match="2026-1"):
        lab.dataset("trees", release="2026")
    found = lab.dataset("trees").diff("2026-1")
    assert (found.counts.added, found.counts.changed, found.counts.same) == (0, 1, 1)
    assert found.df().to_dict("records") == [
        {"change": "changed", "code": "a", "column": "height", "before": 12, "after": 13,
         "times": 1}
    ]  # fmt: skip
    assert "inchangées" in repr(found)
    assert "<td" in found._repr_html_()
    assert not lab.dataset("trees").diff("2026-1", "2026-1")
