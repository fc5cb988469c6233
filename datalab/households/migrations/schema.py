"""The migrations of the database of households."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from datalab.database import schema

FOLDER = Path(__file__).parent
LOCK = 0x686F6D65  # of PostgreSQL's advisory locks: "home"


def bring_up_to_date(engine: Engine) -> None:
    """Run the migrations that are missing."""
    schema.bring_up_to_date(engine, FOLDER, LOCK)
