"""What is wrong with a GTFS feed, row by row: values, keys, references, times, shapes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from datalab.lake.connection import identifier, literal
from datalab.lake.feed import Feed
from datalab.lake.gtfs_tables import DAYS, TABLES

TIME = r"\d{1,3}:[0-5]\d:[0-5]\d"
EMPTY = "a value is required here by GTFS"
KIND = {
    "time": "not a time written hours:minutes:seconds (it may pass 24:00:00)",
    "date": "not a date written YYYYMMDD",
    "whole": "not a whole number",
    "number": "not a number",
    "longitude": "not a longitude between -180 and 180",
    "latitude": "not a latitude between -90 and 90",
    "colour": "not a colour of six hexadecimal digits",
}
RANGE = "not one of the codes {first} to {last} of GTFS"
TWICE = "the same key ({columns}) stands in an earlier row"
NOWHERE = "leads to nothing: {there} has no such value"
NO_DAY = "its service runs on no day: see calendar.txt and calendar_dates.txt"
BACKWARD_DATES = "the service ends before it begins"
BACKWARD = "earlier than the stop before it on the same trip"
LEAVES_BEFORE = "leaves before it arrives"
NO_TIME = "the first and the last stop of a trip need a time"
NO_PLACE = "a stop, station or entrance needs its longitude and latitude"
NO_PARENT = "an entrance or boarding area names the station it belongs to"
WRONG_PARENT = "its parent has another location_type than GTFS asks for"
STATION = "a vehicle stops at a stop (location_type 0), not at a station or entrance"
ONE_POINT = "the shape has a single point: that draws no line"
SHORTER = "a shorter distance than the point before it"
ALONE = "a trip has a single stop: nobody can travel"
AGENCY = "with several agencies, each route names its own"
NAMELESS = "a route needs a short or a long name"


@dataclass(frozen=True)
class Rule:
    """``where`` is true of the rows of ``table`` at fault; ``t`` stands for the row."""

    table: str
    column: str
    where: str
    reason: str
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Fault:
    table: str
    line: int
    column: str
    value: str
    reason: str
    facts: dict[str, str]


def faults(feed: Feed, table: str | None = None) -> Iterator[Fault]:
    """Every fault of ``table``, or of the whole feed, in the order of the rules."""
    for rule in rules(feed):
        if table is not None and rule.table != table:
            continue
        shown = f"t.{identifier(rule.column)}" if rule.column in feed.columns[rule.table] else "''"
        found = feed.connection.execute(
            f"SELECT __line, {shown} FROM gtfs_{rule.table} t WHERE {rule.where} "  # noqa: S608
            "ORDER BY __line"
        ).fetchall()
        for line, value in found:
            yield Fault(rule.table, line, rule.column, value or "", rule.reason, dict(rule.facts))


def rules(feed: Feed) -> Iterator[Rule]:
    """The rules that this feed has the tables and columns for."""
    for table, columns in feed.columns.items():
        described = TABLES[table]
        for column in columns:
            yield from _of_value(table, column, described.columns.get(column, "text"))
        key = [column for column in described.key if column in columns]
        if key:
            yield _unique(table, key, described.key)
        for column, there in described.leads.items():
            if column in columns:
                yield from _reference(feed, table, column, there)
    yield from _calendar(feed)
    yield from _stops(feed)
    yield from _trips(feed)
    yield from _shapes(feed)
    yield from _routes(feed)


def seconds(text: str) -> str:
    """SQL: seconds since the beginning of the service day, of a time such as 25:10:00.

    That is noon minus twelve hours, which is midnight but on days when clocks change.
    """
    parts = f"string_split({text}, ':')"
    return (
        f"CASE WHEN regexp_full_match({text}, {literal(TIME)}) THEN {parts}[1]::INTEGER * 3600 "
        f"+ {parts}[2]::INTEGER * 60 + {parts}[3]::INTEGER END"
    )


def _of_value(table: str, column: str, kind: str) -> Iterator[Rule]:
    text = f"t.{identifier(column)}"
    if kind.startswith("!"):
        yield Rule(table, column, f"{text} IS NULL", EMPTY)
        kind = kind[1:]
    number = f"TRY_CAST({text} AS DOUBLE)"
    plain = rf"regexp_full_match({text}, '-?\d+(\.\d+)?')"
    holds = {
        "time": f"regexp_full_match({text}, {literal(TIME)})",
        "date": rf"regexp_full_match({text}, '\d{{8}}') "
        f"AND try_strptime({text}, '%Y%m%d') IS NOT NULL",
        "whole": rf"regexp_full_match({text}, '-?\d{{1,18}}')",
        "number": plain,
        "longitude": f"{plain} AND abs({number}) <= 180",
        "latitude": f"{plain} AND abs({number}) <= 90",
        "colour": f"regexp_full_match({text}, '[0-9A-Fa-f]{{6}}')",
    }.get(kind)
    if holds is not None:
        yield Rule(table, column, f"{text} IS NOT NULL AND NOT ({holds})", KIND[kind])
    elif kind[0].isdigit():
        first, last = kind.split("-")
        where = f"{text} IS NOT NULL AND NOT regexp_full_match({text}, '[{first}-{last}]')"
        yield Rule(table, column, where, RANGE, (("first", first), ("last", last)))


def _unique(table: str, key: list[str], whole: tuple[str, ...]) -> Rule:
    columns = ", ".join(identifier(column) for column in key)
    # An optional key (the id of an only agency) may be empty in one row.
    where = f"t.__line NOT IN (SELECT min(__line) FROM gtfs_{table} GROUP BY {columns})"  # noqa: S608
    return Rule(table, key[0], where, TWICE, (("columns", ", ".join(whole)),))


def _reference(feed: Feed, table: str, column: str, there: tuple[str, ...]) -> Iterator[Rule]:
    known = [place.split(".") for place in there]
    selects = [
        f"SELECT {identifier(other)} FROM gtfs_{name} WHERE {identifier(other)} IS NOT NULL"  # noqa: S608
        for name, other in known
        if feed.has(name, other)
    ]
    text = f"t.{identifier(column)}"
    where = f"{text} IS NOT NULL"
    if selects:
        where += f" AND {text} NOT IN ({' UNION '.join(selects)})"
    files = " / ".join(f"{name}.txt" for name, _ in known)
    yield Rule(table, column, where, NOWHERE, (("there", files),))


def _calendar(feed: Feed) -> Iterator[Rule]:
    days = []
    if feed.has("calendar", "service_id", "start_date", "end_date", *DAYS):
        from_, to = (f"try_strptime({c}, '%Y%m%d')::DATE" for c in ("start_date", "end_date"))
        yield Rule("calendar", "end_date", f"{_of(from_)} > {_of(to)}", BACKWARD_DATES)
        runs = ", ".join(f"{day} = '1'" for day in DAYS)
        # A span of decades would make as many rows: what runs in a week runs at all.
        days.append(
            f"SELECT service_id, unnest(generate_series({from_}, "  # noqa: S608
            f"least({to}, {from_} + 3660), INTERVAL 1 DAY))::DATE AS day, [{runs}] AS runs "
            "FROM gtfs_calendar"
        )
    weekly = f"SELECT service_id, day FROM ({days[0]}) WHERE runs[isodow(day)]" if days else ""  # noqa: S608
    exceptions = feed.has("calendar_dates", "service_id", "date", "exception_type")
    date = "try_strptime(date, '%Y%m%d')::DATE"
    if exceptions:
        of_kind = f"SELECT service_id, {date} FROM gtfs_calendar_dates WHERE exception_type = "  # noqa: S608
        active = f"({weekly} EXCEPT {of_kind} '2')" if weekly else ""
        active = " UNION ".join(part for part in (active, f"{of_kind} '1'") if part)
    else:
        active = weekly
    if not active or not feed.has("trips", "service_id"):
        return
    feed.connection.execute(
        "CREATE OR REPLACE TEMP TABLE gtfs_running AS "  # noqa: S608
        f"SELECT DISTINCT service_id FROM ({active}) WHERE service_id IS NOT NULL"
    )
    known = [name for name in ("calendar", "calendar_dates") if feed.has(name, "service_id")]
    named = " UNION ".join(f"SELECT service_id FROM gtfs_{name}" for name in known)  # noqa: S608
    yield Rule(
        "trips",
        "service_id",
        f"t.service_id IN ({named}) AND t.service_id NOT IN (FROM gtfs_running)",
        NO_DAY,
    )


def _of(expression: str) -> str:
    return expression.replace("(start_date", "(t.start_date").replace("(end_date", "(t.end_date")


def _stops(feed: Feed) -> Iterator[Rule]:
    kind = "coalesce(t.location_type, '0')" if feed.has("stops", "location_type") else "'0'"
    if feed.has("stops", "stop_lat", "stop_lon"):
        missing = "(t.stop_lat IS NULL OR t.stop_lon IS NULL)"
        yield Rule("stops", "stop_lat", f"{kind} IN ('0', '1', '2') AND {missing}", NO_PLACE)
    if feed.has("stops", "location_type", "parent_station"):
        yield Rule(
            "stops",
            "parent_station",
            f"{kind} IN ('2', '3', '4') AND t.parent_station IS NULL",
            NO_PARENT,
        )
        wanted = f"CASE {kind} WHEN '4' THEN '0' ELSE '1' END"
        parent = f"p.stop_id = t.parent_station AND coalesce(p.location_type, '0') <> {wanted}"
        where = f"EXISTS (SELECT 1 FROM gtfs_stops p WHERE {parent})"  # noqa: S608
        yield Rule("stops", "parent_station", where, WRONG_PARENT)
        if feed.has("stop_times", "stop_id"):
            yield Rule(
                "stop_times",
                "stop_id",
                "t.stop_id IN (SELECT stop_id FROM gtfs_stops "
                "WHERE location_type NOT IN ('0') AND location_type IS NOT NULL)",
                STATION,
            )


def _trips(feed: Feed) -> Iterator[Rule]:
    if not feed.has("stop_times", "trip_id", "arrival_time", "departure_time"):
        return
    feed.connection.execute(
        "CREATE OR REPLACE TEMP TABLE gtfs_order AS SELECT __line, trip_id, "  # noqa: S608
        f"{seconds('arrival_time')} AS arrives, {seconds('departure_time')} AS leaves, "
        "row_number() OVER (PARTITION BY trip_id ORDER BY TRY_CAST(stop_sequence AS BIGINT)) AS "
        "place, count(*) OVER (PARTITION BY trip_id) AS stops FROM gtfs_stop_times"
    )
    flexible = feed.has("stop_times", "start_pickup_drop_off_window")
    windowless = " AND t.start_pickup_drop_off_window IS NULL" if flexible else ""
    yield _lines("departure_time", "FROM gtfs_order WHERE leaves < arrives", LEAVES_BEFORE)
    yield _lines("trip_id", "FROM gtfs_order WHERE stops = 1", ALONE)
    first_or_last = (
        "FROM gtfs_order WHERE place IN (1, stops) AND coalesce(arrives, leaves) IS NULL"
    )
    yield _lines("arrival_time", first_or_last, NO_TIME, windowless)
    # Between two timed stops others may have none: the last known time is the one to compare.
    before = (
        "FROM (SELECT __line, coalesce(arrives, leaves) AS here, "
        "max(coalesce(leaves, arrives)) OVER (PARTITION BY trip_id ORDER BY place "
        "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM gtfs_order) "
        "WHERE here < before"
    )
    yield _lines("arrival_time", before, BACKWARD)


def _lines(column: str, from_: str, reason: str, more: str = "") -> Rule:
    where = f"t.__line IN (SELECT __line {from_}){more}"
    return Rule("stop_times", column, where, reason)


def _shapes(feed: Feed) -> Iterator[Rule]:
    if not feed.has("shapes"):
        return
    yield Rule(
        "shapes",
        "shape_id",
        "t.shape_id IN (SELECT shape_id FROM gtfs_shapes GROUP BY shape_id HAVING count(*) < 2)",
        ONE_POINT,
    )
    if feed.has("shapes", "shape_dist_traveled"):
        yield Rule(
            "shapes",
            "shape_dist_traveled",
            "t.__line IN (SELECT __line FROM (SELECT __line, d, lag(d) OVER (PARTITION BY shape_id "
            "ORDER BY TRY_CAST(shape_pt_sequence AS BIGINT)) AS before FROM (SELECT *, "
            "TRY_CAST(shape_dist_traveled AS DOUBLE) AS d FROM gtfs_shapes)) WHERE d < before)",
            SHORTER,
        )


def _routes(feed: Feed) -> Iterator[Rule]:
    names = [n for n in ("route_short_name", "route_long_name") if feed.has("routes", n)]
    empty = " AND ".join(f"t.{name} IS NULL" for name in names) or "true"
    yield Rule("routes", names[0] if names else "route_short_name", empty, NAMELESS)
    if feed.rows("agency") > 1:
        own = "t.agency_id IS NULL" if feed.has("routes", "agency_id") else "true"
        yield Rule("routes", "agency_id", own, AGENCY)
