"""Lists of requests go by their indexes: years of reports are not looked through for a day."""

from __future__ import annotations

from sqlalchemy import insert, text

from datalab.participation.request_list import Filter, query
from datalab.participation.request_state import DAY
from datalab.participation.store import Store
from datalab.participation.tables.request import REQUEST

NOW = 1_800_000_000.0
CODES = ("lighting", "road", "waste", "graffiti")


def fill(store: Store, count: int = 6_000) -> None:
    """Reports of three years, as many open as closed."""
    rows: list[dict[str, object]] = [
        {
            "id": f"r{number}",
            "token": f"t{number}",
            "receipt": f"k{number}",
            "service_code": CODES[number % len(CODES)],
            "state": "received",
            "status": "open" if number % 2 else "closed",
            "moderation": "accepted",
            "concerns": [],
            "latitude": 47.25 + number % 100 / 1000,
            "longitude": 4.95 + number % 97 / 500,
            "attributes": {},
            "channel": "web",
            "requested_at": NOW - number * DAY / 6,
            "updated_at": NOW - number * DAY / 6,
            "version": 1,
        }
        for number in range(count)
    ]
    with store.writing() as connection:
        connection.execute(insert(REQUEST), rows)
        connection.execute(text("ANALYZE"))


def test_every_list_goes_by_an_index(store: Store) -> None:
    asked = [
        Filter(since=NOW - 90 * DAY, until=NOW, limit=50),
        Filter(since=NOW - DAY, until=NOW, services=("road",)),
        Filter(since=NOW - 5 * DAY, until=NOW, statuses=("open",)),
        Filter(updated_since=NOW - DAY),
        Filter(ids=("r1", "r2")),
    ]
    fill(store)
    explain = "EXPLAIN QUERY PLAN " if store.engine.dialect.name == "sqlite" else "EXPLAIN "
    for one in asked:
        with store.reading() as connection:
            statement = query(one).compile(
                connection.engine, compile_kwargs={"literal_binds": True}
            )
            rows = connection.exec_driver_sql(explain + str(statement).replace("%", "%%"))
            plan = "\n".join(str(row) for row in rows)
        assert "INDEX" in plan.upper(), plan
        assert "Seq Scan on request" not in plan, plan
        assert "USE TEMP B-TREE FOR ORDER BY" not in plan or one.ids or one.updated_since, plan
