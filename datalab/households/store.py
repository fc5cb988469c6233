"""The database of households: SQLite in its own folder, or its own PostgreSQL by one setting.

Its address, its folder, its key and, on PostgreSQL, its role are its own: nothing that serves the
municipality opens it.
"""

from __future__ import annotations

from sqlalchemy import Engine

from datalab.database.store import Database
from datalab.errors import HouseholdsUnavailable
from datalab.households.migrations.schema import bring_up_to_date


class Store(Database):
    """The homes that take part."""

    unavailable = HouseholdsUnavailable

    def prepare(self, engine: Engine) -> None:
        bring_up_to_date(engine)
