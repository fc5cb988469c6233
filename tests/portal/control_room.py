"""Cases in the control room of a desk, for tests."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, update

from datalab.connectors.street_lights import COLUMNS, Area, generate
from datalab.participation import request
from datalab.participation.author import make
from datalab.participation.categories import seed
from datalab.participation.report import Report, review
from datalab.participation.request import Request
from datalab.participation.store import Store
from datalab.participation.tables.request import REQUEST
from tests.portal.conftest import Workshop, described, square
from tests.portal.desk import Desk, now

DAY = 86_400.0
CALL = {
    "category": "road",
    "receipt": "r" * 20,
    "channel": "phone",
    "place": "12 rue Monge",
    "latitude": "47.32",
    "longitude": "5.04",
    "description": "Un trou",
}  # to the control room, as an agent types it; whether the caller agrees is missing


def reported(desk: Desk, what: str = "Lampe éteinte", days: float = 0.01, **more: Any) -> str:
    """The number of a new case, reported some days ago; ``more`` are columns as they are now."""
    store: Store = desk.app.state.participation
    with store.writing() as connection:
        return record(connection, what, days, **more)


def record(connection: Connection, what: str, days: float, **more: Any) -> str:
    seed(connection)
    author = make(connection, kind="reporter", now=now(), expires_at=now() + DAY, consent="")
    told = Report(
        service_code=more.pop("service_code", "lighting"),
        receipt=f"{author.id}-receipt",
        channel="web",
        description=what,
        latitude=47.32,
        longitude=5.04,
        commune="21231",
        author_id=author.id,
    )
    id = request.submit(connection, review(told), now() - days * DAY).key
    if more:
        connection.execute(update(REQUEST).where(REQUEST.c.id == id).values(**more))
    return id


def case(desk: Desk, id: str) -> Request:
    with desk.app.state.participation.reading() as connection:
        return request.get(connection, id)


def listed(page: Any) -> list[str]:
    """Numbers of the cases on a page, in their order."""
    return re.findall(r'data-case="([^"]+)"', page.text)


def equipped(root: Path) -> Workshop:
    """A lake with communes, 34,000 street lights, and other equipment that has a geometry."""
    made = Workshop(root)
    features = [
        {
            "type": "Feature",
            "properties": {"insee_code": code, "name": name},
            "geometry": square(west, 47.3),
        }
        for code, name, west in (("21231", "Dijon", 5.0), ("21003", "Ahuy", 5.1))
    ]
    outlines = described(
        "commune-boundaries",
        {"insee_code": "varchar", "name": "varchar", "geometry": "geometry"},
        key=["insee_code"],
        map={"geometry": "geometry", "label": "name"},
        source={"connector": "file", "path": "commune-boundaries.geojson", "format": "geojson"},
    )
    collection = {"type": "FeatureCollection", "features": features}
    made.write(outlines, json.dumps(collection), "geojson")
    numbers = {"population": "integer", "area_km2": "double"}
    made.write(
        described(
            "communes",
            {"insee_code": "varchar", "name": "varchar", **numbers},
            key=["insee_code"],
            map={
                "boundaries": "commune-boundaries",
                "key": "insee_code",
                "on": "insee_code",
                "value": "population",
                "label": "name",
            },
        ),
        "insee_code,name,population,area_km2\n21231,Dijon,159941,40.41\n21003,Ahuy,1695,6.4\n",
    )
    ring = [[(x, y) for x, y in f["geometry"]["coordinates"][0]] for f in features]  # type: ignore[index]
    areas = [
        Area("21231", "Dijon", ring[:1], (5.05, 47.35), 159_941, 40.41),
        Area("21003", "Ahuy", ring[1:], (5.15, 47.35), 1_695, 6.4),
    ]
    rows = generate(areas, count=34_000, seed=1, day=date(2026, 11, 22), anchor=("21231", 30_000))
    lights = "".join(
        f"{light['id']},{light['longitude']},{light['latitude']},{light['state']}\n"
        for light in (dict(zip(COLUMNS, row, strict=True)) for row in rows)
    )
    words = {s: {"fr": f"{s} (fr)", "en": f"{s} (en)"} for s in ("ok", "out", "flickering")}
    made.write(
        described(
            "street-lights",
            {
                "id": "varchar",
                "longitude": "double",
                "latitude": "double",
                "state": {"type": "varchar", "values": words},
            },
            role="equipment",
            provenance="synthetic",
            calibration={"fr": "Essai", "en": "Test"},
        ),
        f"id,longitude,latitude,state\n{lights}",
    )
    shelter = {
        "type": "Feature",
        "properties": {"id": "AB-1", "state": "broken glass"},
        "geometry": {"type": "Point", "coordinates": [5.0401, 47.3201]},
    }
    made.write(
        described(
            "bus-shelters",
            {"id": "varchar", "state": "varchar", "geometry": "geometry"},
            role="equipment",
            source={"connector": "file", "path": "bus-shelters.geojson", "format": "geojson"},
        ),
        json.dumps({"type": "FeatureCollection", "features": [shelter]}),
        "geojson",
    )
    states = made.refresh()
    assert set(states.values()) == {"published"}, states
    return made
