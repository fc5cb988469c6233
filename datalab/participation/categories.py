"""The services that a new lab offers: eleven kinds of problem in the street, and a question.

Read from ``categories.yaml`` and put in once; what agents change afterwards stays.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from datalab.participation.tables.request import SERVICE

FILE = Path(__file__).with_suffix(".yaml")
DECIMALS = 3  # of degrees: about a hundred metres
WRITTEN = "2026-11-22T00:00:00Z"  # when the file was last changed


def seed(connection: Connection) -> int:
    """Add the services that are missing; how many."""
    known = set(connection.execute(select(SERVICE.c.code)).scalars())
    missing = [row for row in rows() if row["code"] not in known]
    if missing:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        connection.execute(dialect.insert(SERVICE).on_conflict_do_nothing(), missing)
    return len(missing)


def rows() -> list[dict[str, Any]]:
    """The services of the file as rows of the table."""
    read = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    rest: dict[str, Any] = {"grouping": "", "decimals": DECIMALS, "attributes": []}
    return [{**rest, "position": place, "version": 1, **row} for place, row in enumerate(read, 1)]
