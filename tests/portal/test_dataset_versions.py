"""Releases, the way back, feeds and lineage, as people see them."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from datalab.lake.index import read_index
from datalab.lineage.store import Lineage, Use
from datalab.people import audit
from datalab.projects.create import create
from datalab.refresh import refresh
from tests.portal.conftest import Workshop, described
from tests.portal.desk import Desk, now

COLUMNS: dict[str, object] = {"code": "varchar", "height": {"type": "integer", "unit": "m"}}
ATOM = "{http://www.w3.org/2005/Atom}"


class Lab(Workshop):
    """A dataset of two versions, on the desk of a portal."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        for height in (1, 2):
            self.trees(COLUMNS, f"code,height\na,{height}\n")
            self.refresh()
        self.desk = Desk(self.settings.home)

    def trees(self, columns: dict[str, object], rows: str) -> None:
        self.write(described("trees", columns, key=["code"]), rows)

    @property
    def snapshots(self) -> list[int]:
        return [int(s["snapshot"]) for s in read_index(self.settings.lake)["trees"].snapshots]

    def feed(self, address: str = "changes.json", **headers: str) -> Any:
        answer = self.desk.browser().get(address, **headers)
        assert answer.status_code == 200, answer.text
        return answer

    def kinds(self) -> list[str]:
        items = json.loads(self.feed().text)["items"]
        return [item["_datalab"]["kind"] for item in items]

    def use(self) -> None:
        state = self.desk.app.state
        create(
            state.projects, state.homes, self.desk.store, now(), "student", "velos-dijon",
            "Vélos à Dijon", "Compter.", "empty", members={"student": "owner"},
        )  # fmt: skip
        use = Use("velos-dijon", "a.ipynb", "trees", "open", self.snapshots[1], False, now())
        Lineage(self.settings.lineage).note_uses([use])


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def test_a_steward_names_a_version_and_everybody_reads_and_cites_it(lab: Lab) -> None:
    steward = lab.desk.browser_of("steward")
    old = lab.snapshots[1]
    page = "datasets/trees/versions"
    sent = {"name": "2026-1", "note": "Pour le rapport.", "snapshot": str(old)}
    assert steward.post(f"{page}/release", sent).status_code == 303
    public = lab.desk.browser().get(page).text
    assert "2026-1" in public
    assert "?release=2026-1" in public
    assert "For its steward" not in public
    assert lab.desk.browser().get("datasets/trees.json?release=2026-1").json()["rows"] == [
        {"code": "a", "height": 1}
    ]
    again = steward.post(f"{page}/release", {**sent, "snapshot": str(lab.snapshots[0])})
    assert again.status_code == 409
    assert "for ever" in again.text
    assert "Pour le rapport." in again.text  # what was typed is still there
    entries = audit.entries(lab.desk.store)
    assert [(e.actor, e.subject) for e in entries if e.action == "dataset.release"] == [
        ("steward", "trees")
    ]


@pytest.mark.parametrize("deed", ["release", "publish", "rollback"])
@pytest.mark.parametrize("who", ["", "student", "agent", "entrepreneur"])
def test_others_may_not(lab: Lab, deed: str, who: str) -> None:
    browser = lab.desk.browser_of(who) if who else lab.desk.browser()
    fields = {"name": "v1", "note": "x", "snapshot": str(lab.snapshots[1])}
    answer = browser.post(f"datasets/trees/versions/{deed}", fields)
    assert answer.status_code in {302, 303, 401, 403}
    assert "notice" not in answer.headers.get("set-cookie", "")
    assert len(lab.snapshots) == 2
    assert (
        json.loads(lab.desk.browser().get("datasets/trees/versions.json").text)["versions"][0][
            "releases"
        ]
        == []
    )


def test_a_steward_goes_back_from_the_page(lab: Lab) -> None:
    steward = lab.desk.browser_of("steward")
    fields = {"note": "Fichier faux.", "snapshot": str(lab.snapshots[1])}
    answer = steward.post("datasets/trees/versions/rollback", fields)
    assert answer.status_code == 303, answer.text
    assert lab.desk.browser().get("datasets/trees.json").json()["rows"][0]["height"] == 1
    assert lab.kinds()[0] == "rollback"
    unknown = steward.post("datasets/trees/versions/rollback", {**fields, "snapshot": "4711"})
    assert unknown.status_code == 404
    assert "Fichier faux." in unknown.text


def test_a_held_change_is_told_to_who_uses_it_and_may_be_published_early(lab: Lab) -> None:
    lab.use()
    lab.trees({"code": "varchar"}, "code\na\n")
    assert lab.refresh("trees") == {"trees": "kept"}
    assert lab.kinds()[0] == "announced"
    for page in ("datasets/trees", "datasets/trees/versions"):
        assert "height" in lab.desk.browser().get(page).text
        assert "is announced" in lab.desk.browser().get(page).text
        assert "no newer rows are published" in lab.desk.browser().get(page).text
    told = lab.desk.browser().get("datasets/trees.json").json()["held"]
    stands = lab.desk.browser().get("datasets/trees/versions.json").json()["versions"][0]
    # Said to the second: the refresh that is held may come in that of the rows before.
    assert told["rows_of"] == stands["at"]
    rows_of, since, until = (
        datetime.fromisoformat(told[name]) for name in ("rows_of", "since", "until")
    )
    assert rows_of <= since < until
    project = lab.desk.browser_of("student").get("projects/velos-dijon/").text
    assert "is announced" in project
    steward = lab.desk.browser_of("steward")
    assert "Publish now" in steward.get("datasets/trees/versions").text
    answer = steward.post("datasets/trees/versions/publish", {"note": "C’était une erreur."})
    assert answer.status_code == 303, answer.text
    assert lab.refresh("trees") == {"trees": "published"}
    assert lab.kinds()[:2] == ["schema", "published"] or lab.kinds()[:2] == ["published", "schema"]


def test_the_feeds_hold_the_same_events_under_ids_that_stay(lab: Lab) -> None:
    lab.write(described("trees", COLUMNS, key=["code"]), "code,height\na,many\n")
    lab.refresh("trees")
    lab.refresh("trees")  # failing twice is one event
    assert lab.kinds() == ["failed", "published", "published"]
    first = json.loads(lab.feed().text)
    atom = ET.fromstring(lab.feed("changes.atom").text)  # noqa: S314 - our own answer
    ids = [entry.findtext(f"{ATOM}id") for entry in atom.findall(f"{ATOM}entry")]
    assert ids == [item["id"] for item in first["items"]]
    assert len(set(ids)) == 3
    own = json.loads(lab.feed("datasets/trees/changes.json").text)
    assert [item["id"] for item in own["items"]] == ids
    french = json.loads(lab.feed("changes.json", **{"Accept-Language": "fr"}).text)
    assert [item["id"] for item in french["items"]] == ids
    answer = lab.feed("changes.atom")
    held = lab.desk.browser().get("changes.atom", **{"If-None-Match": answer.headers["etag"]})
    assert held.status_code == 304
    assert lab.desk.browser().get("changes").status_code == 200


def test_a_change_of_access_is_an_event_and_tells_nothing_of_before(lab: Lab) -> None:
    said = described("trees", COLUMNS, key=["code"], access="members")
    lab.write(said, "code,height\na,3\n")
    refresh(["trees"], lab.settings, "essai", clock=lambda: datetime.now(UTC))
    assert "access" in lab.kinds()
    assert lab.desk.browser().get("datasets/trees/versions.json").json()["total"] >= 1


def test_lineage_names_what_a_reader_may_see_and_counts_the_rest(lab: Lab) -> None:
    lab.use()
    page = "datasets/trees/lineage"
    public = json.loads(lab.desk.browser().get(f"{page}.json").text)["used_by"]
    assert public == {"projects": [], "other_projects": 1, "pages": [], "token_holders": 0}
    assert "velos-dijon" not in lab.desk.browser().get(page).text
    known = json.loads(lab.desk.browser_of("student").get(f"{page}.json").text)["used_by"]
    assert [one["slug"] for one in known["projects"]] == ["velos-dijon"]
    assert known["projects"][0]["behind"] is True
    project = lab.desk.browser_of("student").get("projects/velos-dijon/").text
    assert "datasets/trees" in project
