"""Sample cases: drawn by a seed, labelled, never among real ones, taken away whole."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, text

from datalab.errors import ControlRefused
from datalab.participation import docket, request, sample_cases
from datalab.participation.docket import Asked
from datalab.participation.report import Report, review
from datalab.participation.store import Store
from datalab.participation.tables.journal import CHANGE
from datalab.participation.tables.request import NOTE, REQUEST

NOW = 1_800_000_000.0


def fill(store: Store, seed: int = 1) -> None:
    with store.writing() as connection:
        sample_cases.fill(
            connection, count=80, days=60, seed=seed, now=NOW, commune=lambda *place: "21231"
        )


def written(store: Store) -> list[tuple[str, str, float]]:
    with store.reading() as connection:
        asked = select(REQUEST.c.receipt, REQUEST.c.said, REQUEST.c.requested_at)
        return [tuple(row) for row in connection.execute(asked.order_by(REQUEST.c.receipt))]


def test_each_says_that_it_is_synthetic_and_a_seed_gives_the_same_ones(store: Store) -> None:
    fill(store)
    first = written(store)
    assert len(first) == 80
    assert all(said.startswith("[Exemple synthétique]") for _, said, _ in first)
    with store.writing() as connection:
        assert docket.totals(connection, "x", NOW).closed > 10
        assert sample_cases.present(connection)
        sample_cases.clear(connection, NOW)
    fill(store)
    assert written(store) == first


def test_they_are_never_mixed_with_real_ones(store: Store) -> None:
    fill(store)
    with store.writing() as connection:
        told = Report("lighting", "a-real-receipt", "web", "Lampe", 47.32, 5.04, "21231")
        real = request.submit(connection, review(told), NOW).key
    with pytest.raises(ControlRefused):
        fill(store)
    with store.writing() as connection:
        assert sample_cases.clear(connection, NOW) == 80
        assert [line.id for line in docket.listed(connection, Asked(show="all"), NOW)] == [real]
        assert connection.execute(select(func.count()).select_from(NOTE)).scalar() == 0
        assert connection.execute(select(func.count()).select_from(CHANGE)).scalar() == 1
        assert not sample_cases.present(connection)
    with pytest.raises(ControlRefused):
        fill(store)


def test_none_of_them_is_in_a_dataset(store: Store) -> None:
    fill(store)
    with store.reading() as connection:
        asked = text("SELECT count(*) FROM released_service_request")
        assert connection.execute(asked).scalar() == 0
