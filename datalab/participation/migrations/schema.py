"""The migrations of the database of participation."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from datalab.database import schema
from datalab.participation.tables import METADATA

FOLDER = Path(__file__).parent
LOCK = 0x64617461  # of PostgreSQL's advisory locks: "data"


def bring_up_to_date(engine: Engine) -> None:
    """Run the migrations that are missing."""
    schema.bring_up_to_date(engine, FOLDER, LOCK)


def include(thing: object, name: str | None, kind: str, reflected: bool, other: object) -> bool:
    """Views are no tables."""
    return not (kind == "table" and reflected and name not in METADATA.tables)
