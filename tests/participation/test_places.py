"""What a person reported is as exact to everybody as the pages say, whichever door they ask."""

from __future__ import annotations

import time

import pytest

from datalab.participation import case_list, request, request_list, service
from datalab.participation.report import Report, review
from datalab.participation.store import Store
from tests.participation.georeport import REQUESTS, Client
from tests.portal.desk import Desk

NORTH, EAST = 47.3224187, 5.0414793
ADDRESS = "8 bis, rue de la Liberté"


def reported(store: Store, channel: str) -> str:
    sent = Report("lighting", f"r-{channel}", channel, "Éteint", NORTH, EAST, "21231", ADDRESS)  # type: ignore[arg-type]
    with store.writing() as connection:
        return request.submit(connection, review(sent), time.time()).key


@pytest.mark.parametrize("channel", ["web", "phone", "paper"])
def test_a_person_s_report_is_rounded_for_programs_too(desk: Desk, channel: str) -> None:
    client = Client(desk)
    id = reported(desk.app.state.participation, channel)
    (found,) = client.read(f"v2/requests/{id}", REQUESTS)
    assert (found["lat"], found["long"], found["address"]) == (47.322, 5.041, "rue de la Liberté")
    assert client.read("v2/requests", REQUESTS) == [found]
    shown = desk.browser().get(f"cases/{id}").text
    for answer in (str(found), shown):
        assert str(NORTH)[:8] not in answer
        assert "8 bis" not in answer


def test_a_program_reads_back_what_it_sent(desk: Desk) -> None:
    id = reported(desk.app.state.participation, "open311")
    (found,) = Client(desk).read(f"v2/requests/{id}", REQUESTS)
    assert (found["lat"], found["long"], found["address"]) == (47.322419, 5.041479, ADDRESS)


def test_no_questions_around_it_tell_where_exactly_it_is(store: Store) -> None:
    """Whoever moves a point step by step finds where the report is shown, not where it is."""
    reported(store, "web")
    shown = 47.322, 5.041
    with store.reading() as connection:
        for step in range(-40, 41):
            at = NORTH + step / 10_000, EAST
            far = request_list.distance(*at, *shown)
            found = case_list.near(connection, "lighting", *at)
            assert bool(found) == (far <= request_list.NEAR_METRES)
            assert [round(one.metres or 0.0) for one in found] == [round(far)] * len(found)


def test_agents_measure_from_where_it_is(store: Store) -> None:
    id = reported(store, "web")
    with store.reading() as connection:
        found = request_list.near(connection, "lighting", NORTH, EAST, inside=True)
        assert [(one.id, round(metres)) for one, metres in found] == [(id, 0)]
        assert service.get(connection, "lighting").decimals == 3
