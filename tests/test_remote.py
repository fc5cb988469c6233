"""Route 1 where the source lies on the web: it may be slow or away, or say more each time."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from datalab.catalog.catalog import Catalog
from datalab.catalog.dataset import Dataset
from datalab.connectors.fetched import Fetched
from datalab.connectors.registry import is_remote, source_models
from datalab.errands import Errands, fetched_ahead
from datalab.errors import SourceUnreachable, UnknownDataset
from datalab.lake.index import read_index
from datalab.lake.layout import folder
from datalab.lake.metadata import files
from datalab.lake.reader import open_lakes
from datalab.lake.record import RunRecord
from datalab.refresh import refresh
from tests.connectors.conftest import Answer, Recorded, server
from tests.test_refresh import CSV, Place, until

__all__ = ["server"]
AWAY = "http://127.0.0.1:9/trees.csv"
KILLS = 8


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def remote(place: Place, url: str, name: str = "trees", **more: Any) -> None:
    (place.catalog / "environment" / f"{name}.csv").unlink(missing_ok=True)
    place.write(name, source={"connector": "http", "url": url, "allow_private": True}, **more)


def at(place: Place, moment: str, *ids: str) -> dict[str, RunRecord]:
    clock = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    records = refresh(list(ids) or None, place.settings, "Camille", clock=lambda: clock)
    return {record.dataset: record for record in records}


def test_a_source_that_is_away_is_said_with_the_day_it_went(place: Place, server: Recorded) -> None:
    url = server.says("/trees.csv", Answer(body=CSV.encode()))
    remote(place, url)
    assert at(place, "2026-11-01", "trees")["trees"].state == "published"
    remote(place, AWAY)
    first = at(place, "2026-11-03T10:00", "trees")["trees"]
    later = at(place, "2026-11-09T10:00", "trees")["trees"]
    assert (first.state, later.state) == ("failed", "failed")
    assert first.failing_since == later.failing_since == "2026-11-03T10:00:00.000Z"
    assert place.rows() == [("tilleul", 12), ("érable", 3)]
    remote(place, url)
    assert at(place, "2026-11-10", "trees")["trees"].failing_since is None
    remote(place, AWAY)
    assert at(place, "2026-11-12", "trees")["trees"].failing_since == "2026-11-12T00:00:00.000Z"


def test_the_first_build_asks_nothing_of_the_web(place: Place, server: Recorded) -> None:
    remote(place, server.says("/trees.csv", Answer(body=CSV.encode())))
    code, out, err = place.run("refresh", "--all", "--local")
    assert (code, err) == (0, "")
    assert "trees" not in out
    assert server.asked == []
    entry = read_index(place.settings.lake)["trees"]
    assert (entry.record, entry.good) == (None, None)
    assert read_index(place.settings.lake)["benches"].good is not None


def test_a_whole_refresh_does_not_fail_for_a_source_that_is_away(place: Place) -> None:
    remote(place, AWAY)
    code, out, err = place.run("refresh", "--all")
    assert (code, err) == (0, "")
    assert "source injoignable depuis" in out
    assert place.run("refresh", "trees")[0] == 1
    code, out, _ = place.run("list", "--json")
    shown = {one["id"]: one for one in json.loads(out)}
    assert shown["trees"]["unreachable_since"] is not None
    assert shown["benches"]["unreachable_since"] is None
    assert "injoignable depuis" in place.run("list")[1]


def test_nobody_waits_for_a_slow_server(place: Place, server: Recorded) -> None:
    """While a server thinks, another process writes: the lake is held only to publish."""
    thinking = threading.Event()
    remote(place, server.says("/trees.csv", Answer(body=CSV.encode(), held=thinking)))
    records: list[RunRecord] = []

    def ask() -> None:
        records.extend(refresh(["trees"], place.settings, "Camille"))

    asking = threading.Thread(target=ask)
    asking.start()
    until(lambda: server.asked)
    code, out, err = place.run("refresh", "--wait", "0", "benches")
    assert (code, err) == (0, "")
    assert "benches" in out
    assert records == []
    thinking.set()
    asking.join()
    assert records[0].state == "published"


def test_the_refresher_fetches_from_the_web_beside_what_is_near(
    place: Place, server: Recorded
) -> None:
    thinking = threading.Event()
    remote(place, server.says("/trees.csv", Answer(body=CSV.encode(), held=thinking)))
    process = place.command("refresher")
    try:
        until(lambda: place.rows("benches") != [])
        assert read_index(place.settings.lake)["trees"].good is None
        thinking.set()
        until(lambda: place.rows("trees") != [])
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 0


def test_a_server_that_does_not_answer_holds_up_no_other_and_is_not_asked_twice_at_once(
    place: Place, server: Recorded
) -> None:
    """``localhost`` and ``127.0.0.1`` are two servers here."""
    thinking = threading.Event()
    held = Answer(body=CSV.encode(), held=thinking)
    remote(place, server.says("/trees.csv", held))
    remote(place, server.says("/shrubs.csv", held), "shrubs")
    other = server.says("/hedges.csv", Answer(body=CSV.encode()))
    remote(place, other.replace("127.0.0.1", "localhost"), "hedges")
    process = place.command("refresher")
    try:
        until(lambda: place.rows("hedges") != [])
        until(lambda: server.times("/trees.csv") + server.times("/shrubs.csv") > 0)
        assert server.times("/trees.csv") + server.times("/shrubs.csv") == 1
        thinking.set()
        until(lambda: place.rows("trees") != [] and place.rows("shrubs") != [])
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 0


def test_a_whole_refresh_asks_servers_side_by_side(place: Place, server: Recorded) -> None:
    """Each answers only once the other was asked: one after the other would never end."""
    met = threading.Barrier(2)

    def fetch(dataset: Dataset) -> Fetched:
        if dataset.id == "bushes":
            raise SourceUnreachable(url="bushes", reason="away")
        if dataset.id != "shrubs":
            met.wait(60)
        return Fetched(Path(dataset.id), dataset.id, "", 0, datetime.now(UTC))

    remote(place, server.url("/trees.csv"))
    remote(place, server.url("/shrubs.csv"), "shrubs")
    remote(place, "http://localhost/hedges.csv", "hedges")
    remote(place, "http://bushes.example/bushes.csv", "bushes")
    catalog = Catalog.load(place.settings.catalog, source_models())
    far = [one for one in catalog if is_remote(one)]
    found = fetched_ahead(far, fetch)
    assert {name for name, future in found.items() if future.exception()} == {"bushes"}
    assert found["hedges"].result().url == "hedges"
    assert found["shrubs"].result().url == "shrubs"


def test_what_lies_on_one_server_is_fetched_in_the_order_it_was_asked_for() -> None:
    errands = Errands()
    for host, name in (("a", "1"), ("a", "2"), ("a", "1"), ("b", "3"), ("a", "4")):
        errands.put(host, name)
    assert [errands.take(), errands.take()] == ["1", "3"]
    errands.put("a", "1")  # under way already
    errands.done("3")
    errands.done("1")
    assert errands.take() == "2"
    errands.done("2")
    assert errands.take() == "4"
    errands.end()
    assert errands.take() is None


def test_a_refresher_that_waits_for_a_server_stops_when_told(
    place: Place, server: Recorded
) -> None:
    thinking = threading.Event()
    remote(place, server.says("/trees.csv", Answer(body=CSV.encode(), held=thinking)))
    process = place.command("refresher")
    try:
        until(lambda: server.asked)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        thinking.set()
    assert process.returncode == 0


# -- a feed ------------------------------------------------------------------------------------


def feed(place: Place, url: str, **more: Any) -> None:
    """Stations with the moment they were counted, of which every look is kept."""
    words = {"fr": "Colonne", "en": "Column"}
    place.write(
        "bikes",
        source={"connector": "http", "url": url, "allow_private": True},
        key=["station", "seen_at"],
        accumulate={"by": ["station", "seen_at"], "keep": "P30D"},
        columns={
            "station": {"type": "varchar", "description": words},
            "seen_at": {"type": "timestamptz", "description": words},
            "bikes": {"type": "integer", "unit": "bikes", "description": words},
        },
        **{
            "expectations": [
                {"type": "expect_table_row_count_to_equal", "value": 2},
                {
                    "type": "expect_table_row_count_to_be_between",
                    "max_value": 6,
                    "scope": "whole",
                },
            ],
            **more,
        },
    )


def look(hour: int, bikes: int = 1) -> bytes:
    rows = "".join(f"{station},2026-11-22T{hour:02}:00:00Z,{bikes}\n" for station in "AB")
    return f"station,seen_at,bikes\n{rows}".encode()


def hours(place: Place) -> list[tuple[Any, ...]]:
    with open_lakes(place.settings.lake, threads=1) as connection:
        return connection.execute(
            "SELECT station, hour(seen_at) FROM bikes ORDER BY ALL"
        ).fetchall()


def test_a_feed_grows_look_by_look_and_says_how(place: Place, server: Recorded) -> None:
    url = server.says("/bikes.csv", Answer(body=look(8)))
    feed(place, url)
    first = place.refresh("bikes")["bikes"]
    assert (first.state, first.rows, first.added) == ("published", 2, 2)
    server.says("/bikes.csv", Answer(body=look(9)))
    second = place.refresh("bikes")["bikes"]
    assert (second.state, second.rows, second.added) == ("published", 4, 2)
    assert place.refresh("bikes")["bikes"].state == "unchanged"
    server.says("/bikes.csv", Answer(body=look(8) + b"\n"))
    again = place.refresh("bikes")["bikes"]
    assert (again.state, again.snapshot, again.rows) == ("unchanged", second.snapshot, 4)
    assert hours(place) == [("A", 8), ("A", 9), ("B", 8), ("B", 9)]


def test_expectations_look_at_the_new_rows_or_at_all_of_them(
    place: Place, server: Recorded
) -> None:
    url = server.says("/bikes.csv", Answer(body=look(1)))
    feed(place, url)
    place.refresh("bikes")
    server.says("/bikes.csv", Answer(body=look(2) + b"C,2026-11-22T02:00:00Z,1\n"))
    kept = place.refresh("bikes")["bikes"]
    assert kept.state == "kept"
    assert kept.validation is not None
    assert [one.observed_value for one in kept.validation.results] == [3, 5]
    assert [one.success for one in kept.validation.results] == [False, True]
    for hour in (2, 3):
        server.says("/bikes.csv", Answer(body=look(hour)))
        assert place.refresh("bikes")["bikes"].state == "published"
    server.says("/bikes.csv", Answer(body=look(4)))
    kept = place.refresh("bikes")["bikes"]
    assert kept.validation is not None
    assert [one.success for one in kept.validation.results] == [True, False]
    assert kept.validation.results[1].observed_value == 8
    assert len(hours(place)) == 6


@pytest.mark.timeout(600)
def test_a_feed_whose_refresh_is_killed_loses_and_doubles_nothing(
    place: Place, server: Recorded
) -> None:
    seed = int(os.environ.get("DATALAB_TEST_SEED", random.SystemRandom().randrange(10**6)))
    print(f"DATALAB_TEST_SEED={seed}")
    chance = random.Random(seed)  # noqa: S311 - moments to kill at, not secrets
    feed(place, server.says("/bikes.csv", Answer(body=look(0))), expectations=[])
    begin = time.monotonic()
    assert place.run("refresh", "bikes")[0] == 0
    whole = time.monotonic() - begin
    seen = len(hours(place))
    for number in range(1, KILLS + 1):
        server.says("/bikes.csv", Answer(body=look(number)))
        process = place.command("refresh", "bikes")
        time.sleep(whole * chance.uniform(0.3, 1.1))
        process.kill()
        process.communicate()
        found = hours(place)
        assert len(set(found)) == len(found), f"seed {seed}, kill {number}"
        assert len(found) >= seen
        seen = len(found)
        code, out, err = place.run("refresh", "bikes")
        assert code == 0, out + err
        assert ("A", number) in hours(place)
    assert len(hours(place)) == 2 * (KILLS + 1)
    open_lake = folder(place.settings.lake, "open")
    on_disk = {str(p.relative_to(open_lake.data)) for p in open_lake.data.rglob("*.parquet")}
    assert on_disk == files(open_lake.catalog)


def test_a_name_that_nobody_knows_is_still_told(place: Place) -> None:
    with pytest.raises(UnknownDataset):
        place.refresh("bike")
