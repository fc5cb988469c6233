"""Places: in which commune a point lies, and what of a place a form may bring."""

from __future__ import annotations

import json
from typing import Any

import pytest

from datalab.errors import PlaceRefused
from datalab.portal.boundaries import Boundaries, Commune, boundaries
from datalab.portal.library import Library
from datalab.portal.place import place_of
from tests.portal.conftest import Workshop
from tests.portal.desk import Desk


@pytest.fixture(scope="module")
def known(workshop: Workshop) -> Boundaries:
    found = boundaries(Library(workshop.settings.lake).shelf())
    assert found is not None
    return found


class Asking:
    """What :func:`place_of` asks of a request: the portal's state."""

    def __init__(self, desk: Desk, workshop: Workshop) -> None:
        desk.app.state.library = Library(workshop.settings.lake)
        self.app = desk.app


def test_a_point_lies_in_the_commune_that_holds_it(known: Boundaries) -> None:
    assert known.commune_of(47.35, 5.05) == "21001"
    assert known.commune_of(47.35, 5.15) == "21002"
    assert known.commune_of(47.45, 5.05) == "21003"


def test_a_point_on_the_rim_belongs_to_the_nearest_and_one_far_out_to_none(
    known: Boundaries,
) -> None:
    assert known.commune_of(47.298, 5.05) == "21001"  # 220 m south of a generalised outline
    assert known.commune_of(47.29, 5.05) is None  # 1.1 km
    assert known.commune_of(48.85, 2.35) is None
    assert known.commune_of(float("nan"), 5.05) is None


def test_a_hole_is_outside() -> None:
    ring = [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]
    hole = [[0.4, 0.4], [0.6, 0.4], [0.6, 0.6], [0.4, 0.6], [0.4, 0.4]]
    one = Commune("1", "Anneau", {"type": "Polygon", "coordinates": [ring, hole]}, (0, 0, 1, 1))
    assert one.holds(0.2, 0.5)
    assert not one.holds(0.5, 0.5)


def test_outlines_are_drawn_from_the_lake_and_kept_by_their_snapshot(
    desk: Desk, workshop: Workshop
) -> None:
    desk.app.state.library = Library(workshop.settings.lake)
    answer = desk.browser().get("place/communes.geojson")
    document = json.loads(answer.text)
    assert [f["properties"]["name"] for f in document["features"]][:2] == [
        "<b>Ouest</b>",
        "abeille",
    ]
    held = {"If-None-Match": answer.headers["etag"]}
    assert desk.browser().get("place/communes.geojson", **held).status_code == 304


def test_the_commune_is_that_of_the_point_whatever_was_chosen(
    desk: Desk, workshop: Workshop
) -> None:
    request: Any = Asking(desk, workshop)
    typed = {"latitude": "47.35", "longitude": "5,15", "commune": "21001", "place": " rue  X "}
    found = place_of(request, typed)
    assert (found.commune, found.words) == ("21002", "rue X")
    assert place_of(request, {"commune": "21003"}).commune == "21003"
    assert not place_of(request, {}).given


@pytest.mark.parametrize(
    "typed",
    [
        {"latitude": "48.85", "longitude": "2.35"},
        {"latitude": "47.35"},
        {"latitude": "nan", "longitude": "5"},
        {"latitude": "1e999", "longitude": "5"},
        {"latitude": "x", "longitude": "5"},
        {"commune": "75056"},
    ],
)
def test_what_is_no_place_of_the_metropole_is_refused(
    desk: Desk, workshop: Workshop, typed: dict[str, str]
) -> None:
    request: Any = Asking(desk, workshop)
    with pytest.raises(PlaceRefused):
        place_of(request, typed)


def test_without_a_lake_words_have_to_do(desk: Desk) -> None:
    request: Any = type("Asking", (), {"app": desk.app})()
    assert place_of(request, {"place": "devant la gare"}).words == "devant la gare"
    assert desk.browser().get("place/communes.geojson").status_code == 404
