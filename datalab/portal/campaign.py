"""What was published of the campaign of 2019: homes of the town and homes aimed at."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from datalab.errors import DatalabError
from datalab.portal.library import Shelf
from datalab.portal.rows import open_table

DATASET = "published-figures"
FIGURES = {"households": "genlis-households", "aim": "genlis-aim"}


@dataclass(frozen=True)
class Figure:
    """A published number of homes; ``status`` as in the dataset: announced, target."""

    value: int
    date: str
    status: str
    source: str


def town(shelf: Shelf) -> dict[str, Figure]:
    """The figures by their names in :data:`FIGURES`; nothing where they are not published here."""
    holding = shelf.holdings.get(DATASET)
    if holding is None:
        return {}
    try:
        opened = open_table(shelf, holding, "fr")
        asked = (
            f"SELECT value, date, status, source FROM {opened.sql} "  # noqa: S608 (our own words)
            "WHERE figure = ?"
        )
        found: dict[str, Figure] = {}
        with shelf.reading() as cursor:
            for name, figure in FIGURES.items():
                row = cursor.execute(asked, [figure]).fetchone()
                if row is not None:
                    found[name] = Figure(round(row[0]), str(row[1] or ""), row[2], row[3])
        return found
    except (DatalabError, duckdb.Error):
        return {}
