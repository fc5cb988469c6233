"""Materials of a session, from what a real lake offers to everybody."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.portal.conftest import Workshop, fill
from tests.portal.desk import Desk
from tests.portal.test_sessions import JSON, prepare


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    root = Path(tmp_path_factory.mktemp("materials"))
    made = Workshop(root)
    fill(made)
    made.refresh("commune-boundaries", "communes", "for-members")
    return Desk(made.settings.home)


def test_maps_and_datasets_are_picked_ordered_and_taken_away(desk: Desk) -> None:
    browser = desk.browser_of("facilitator")
    id = prepare(browser)
    path = f"sessions/{id}/materials"
    page = browser.get(path).text
    assert '<option value="communes">' in page
    for kind, reference in (("map", "communes"), ("dataset", "commune-boundaries")):
        fields = {"act": "add", "kind": kind, "reference": reference, "receipt": kind}
        assert browser.post(path, fields).status_code == 303

    def told() -> list[tuple[str, str]]:
        view = browser.get(f"sessions/{id}.json", **JSON).json()
        return [(m["kind"], m["href"].split("/datasets/")[1]) for m in view["materials"]]

    assert told() == [("map", "communes#map"), ("dataset", "commune-boundaries")]
    last = browser.get(path).text.split('id="material-')[2].split('"')[0]
    assert browser.post(path, {"act": "up", "material": last}).status_code == 303
    assert told()[0] == ("dataset", "commune-boundaries")
    assert browser.post(path, {"act": "remove", "material": last}).status_code == 303
    assert told() == [("map", "communes#map")]


def test_what_not_everybody_may_see_is_not_offered(desk: Desk) -> None:
    browser = desk.browser_of("facilitator")
    id = prepare(browser, title="Autre")
    assert "for-members" not in browser.get(f"sessions/{id}/materials").text
    fields = {"act": "add", "kind": "dataset", "reference": "for-members", "receipt": "r"}
    assert browser.post(f"sessions/{id}/materials", fields).status_code == 422
