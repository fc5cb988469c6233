"""A table of a GTFS feed, held against the others of the feed."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from datalab.catalog.dataset import Dataset
from datalab.errors import TooManyRejects, UnreadableFile
from datalab.i18n import LANGUAGES, Phrase
from datalab.lake.connection import connect
from datalab.lake.feed import open_feed
from datalab.lake.feed_faults import faults
from datalab.lake.feed_report import in_words
from datalab.lake.gtfs_tables import TABLES
from tests.lake.datasets import dataset, rows, staged

FEED = {
    "agency": "agency_id,agency_name,agency_url,agency_timezone\nD,Divia,https://d.fr,Europe/Paris",
    "stops": "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station\n"
    "S,Gare,47.32,5.02,1,\nA,Gare quai A,47.32,5.02,0,S\nB,Darcy,47.323,5.033,,",
    "routes": "route_id,agency_id,route_short_name,route_type,route_color\nT1,D,T1,0,C6007E",
    "calendar": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,"
    "end_date\nWEEK,1,1,1,1,1,0,0,20260901,20270630",
    "calendar_dates": "service_id,date,exception_type\nWEEK,20261111,2\nFETE,20261111,1",
    "trips": "route_id,service_id,trip_id,shape_id\nT1,WEEK,t1,s1\nT1,FETE,t2,",
    "stop_times": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
    "t1,23:55:00,23:56:00,A,1\nt1,24:10:30,24:10:30,B,2\nt2,8:00:00,8:00:00,A,1\n"
    "t2,8:10:00,8:10:00,B,2",
    "shapes": "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\n"
    "s1,47.32,5.02,1\ns1,47.323,5.033,2",
}


def zipped(changes: dict[str, str | None] | None = None, folder: str = "") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in {**FEED, **(changes or {})}.items():
            if text is not None:
                archive.writestr(f"{folder}{name}.txt", text + "\n")
    return packed.getvalue()


def told(changes: dict[str, str | None], folder: Path) -> list[tuple[str, int, str]]:
    """Table, line and column of each fault of the feed."""
    file = folder / "feed.zip"
    file.write_bytes(zipped(changes))
    with connect(extensions=()) as connection:
        feed = open_feed(_table("stops", {"stop_id": "varchar"}), file, folder, connection)
        found = list(faults(feed))
    for fault in found:
        assert all("{" not in Phrase(fault.reason, **fault.facts).in_(lang) for lang in LANGUAGES)
    return [(fault.table, fault.line, fault.column) for fault in found]


def changed(table: str, old: str, new: str) -> dict[str, str | None]:
    assert old in FEED[table]
    return {table: FEED[table].replace(old, new)}


def _table(name: str, columns: dict[str, Any], **facts: Any) -> Dataset:
    source = {"connector": "gtfs", "format": "gtfs", "table": name, "path": "feed.zip"}
    return dataset(columns, source=source, **facts)


def test_a_sound_feed_has_no_fault(tmp_path: Path) -> None:
    assert told({}, tmp_path) == []


STOP_TIMES = {
    "trip_id": "varchar",
    "arrival_time": "varchar",
    "arrival_time_seconds": "integer",
    "stop_headsign": "varchar",
    "stop_sequence": "integer",
}


def test_times_after_midnight_belong_to_their_service_day(tmp_path: Path) -> None:
    result = staged(_table("stop_times", STOP_TIMES), zipped(folder="gtfs/"), tmp_path)
    assert rows(result)[:3] == [
        ("t1", "23:55:00", 86_100, None, 1),
        ("t1", "24:10:30", 87_030, None, 2),
        ("t2", "08:00:00", 28_800, None, 1),
    ]


def test_dates_are_dates(tmp_path: Path) -> None:
    described = _table("calendar", {"service_id": "varchar", "start_date": "date"})
    assert str(rows(staged(described, zipped(), tmp_path))[0][1]) == "2026-09-01"


def test_rows_that_lead_nowhere_are_rejected_with_their_line(tmp_path: Path) -> None:
    changes = changed("stop_times", "24:10:30,B,2", "24:10:30,Z,2")
    with pytest.raises(TooManyRejects, match=r"ligne 3, colonne stop_id, valeur «\u00a0Z"):
        staged(_table("stop_times", STOP_TIMES), zipped(changes), tmp_path)
    described = _table("stop_times", STOP_TIMES, max_reject_ratio=0.5)
    result = staged(described, zipped(changes), tmp_path)
    assert (result.rows, result.rejected) == (3, 1)
    assert result.rejects[0].facts == {"there": "stops.txt"}


TIMES = "stop_times"


@pytest.mark.parametrize(
    ("table", "old", "new", "fault"),
    [
        ("trips", "T1,WEEK", "T9,WEEK", ("trips", 2, "route_id")),
        ("trips", "WEEK,t1", "NOEL,t1", ("trips", 2, "service_id")),
        ("trips", "t1,s1", "t1,s9", ("trips", 2, "shape_id")),
        ("trips", "FETE,t2", "FETE,t1", ("trips", 3, "trip_id")),
        ("routes", "T1,D", "T1,X", ("routes", 2, "agency_id")),
        ("routes", "C6007E", "pink", ("routes", 2, "route_color")),
        ("stops", "0,S", "0,B", ("stops", 3, "parent_station")),
        ("stops", "0,S", "0,ailleurs", ("stops", 3, "parent_station")),
        ("stops", "47.323,5.033", "97.3,5.033", ("stops", 4, "stop_lat")),
        ("stops", "47.323,5.033", ",5.033", ("stops", 4, "stop_lat")),
        ("stops", "5.02,1,", "5.02,7,", ("stops", 2, "location_type")),
        ("calendar", "20260901,20270630", "20270630,20260901", ("calendar", 2, "end_date")),
        ("calendar", "1,1,1,1,1,0", "0,0,0,0,0,0", ("trips", 2, "service_id")),
        ("calendar_dates", "FETE,20261111,1", "FETE,20261111,2", ("trips", 3, "service_id")),
        ("calendar_dates", "20261111,1", "20261311,1", ("calendar_dates", 3, "date")),
        (TIMES, "24:10:30,24:10:30", "23:50:00,23:50:00", (TIMES, 3, "arrival_time")),
        (TIMES, "23:55:00,23:56:00", "23:55:00,23:54:00", (TIMES, 2, "departure_time")),
        (TIMES, "23:55:00,23:56:00", ",", (TIMES, 2, "arrival_time")),
        (TIMES, "24:10:30,24:10:30", "24:70:30,24:10:30", (TIMES, 3, "arrival_time")),
        (TIMES, "23:56:00,A", "23:56:00,S", (TIMES, 2, "stop_id")),
        ("stop_times", "\nt2,8:10:00,8:10:00,B,2", "", ("stop_times", 4, "trip_id")),
        ("shapes", "\ns1,47.323,5.033,2", "", ("shapes", 2, "shape_id")),
    ],
)  # fmt: skip
def test_each_defect_is_told_where_it_is(
    tmp_path: Path, table: str, old: str, new: str, fault: tuple[str, int, str]
) -> None:
    assert fault in told(changed(table, old, new), tmp_path)


def test_what_gtfs_requires_is_named_where_it_is_missing(tmp_path: Path) -> None:
    described = _table("stops", {"stop_id": "varchar"})
    for changes, said in (
        ({"routes": None}, "routes.txt"),
        ({"calendar": None, "calendar_dates": None}, "calendar.txt"),
        (changed("trips", "trip_id", "id"), "trip_id"),
        (changed("trips", "t1,s1", "t1,s1,extra"), "ligne 2 de trips.txt"),
    ):
        with pytest.raises(UnreadableFile, match=said):
            staged(described, zipped(changes), tmp_path)  # type: ignore[arg-type]
    with pytest.raises(UnreadableFile, match=r"pathways\.txt"):
        staged(_table("pathways", {"pathway_id": "varchar"}), zipped(), tmp_path)
    with pytest.raises(UnreadableFile, match="stops"):
        staged(_table("stop", {"stop_id": "varchar"}), zipped(), tmp_path)


def test_every_table_of_the_specification_leads_to_one_that_is_there() -> None:
    for name, table in TABLES.items():
        assert set(table.key) | set(table.leads) <= set(table.columns), name
        for places in table.leads.values():
            for place in places:
                other, column = place.split(".")
                assert column in TABLES[other].columns, place


def test_every_table_of_the_specification_can_be_loaded_and_held(tmp_path: Path) -> None:
    heads = {name: list(t.columns) for name, t in TABLES.items() if name not in FEED}
    empty: dict[str, str | None] = {name: ",".join(head) for name, head in heads.items()}
    assert told(empty, tmp_path) == []
    odd = {name: f"{empty[name]}\n{','.join('?' for _ in head)}" for name, head in heads.items()}
    assert {table for table, _, _ in told({**empty, **odd}, tmp_path)} > {"pathways", "fare_rules"}


def test_the_whole_feed_is_told_with_the_table(tmp_path: Path) -> None:
    """Faults of other tables count too, without a value of a row, and come back from the child."""
    broken = {**changed("trips", "t2,", "t2,nowhere"), "stops": FEED["stops"], "own_notes": "a\nb"}
    columns = {"stop_id": "varchar", "stop_name": "varchar"}
    result = staged(_table("stops", columns), zipped(broken), tmp_path)
    assert result.rejected == 0, "nothing is wrong with the stops themselves"
    assert result.feed is not None
    assert result.feed["tables"]["stop_times"] == 4
    assert result.feed["unknown"] == ["own_notes"]
    (fault,) = result.feed["faults"]
    assert (fault["table"], fault["column"], fault["rows"], fault["line"]) == (
        "trips",
        "shape_id",
        1,
        3,
    )
    assert "nowhere" not in str(result.feed)
    for language in LANGUAGES:
        said = in_words(result.feed, language)
        assert said["rows_at_fault"] == 1
        assert "{" not in said["faults"][0]["words"]
