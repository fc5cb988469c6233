"""The temperatures of Dijon-Longvic by day, from the lake, where it has them."""

from __future__ import annotations

from datetime import date

import duckdb

from datalab.errors import DatalabError
from datalab.portal.library import Shelf
from datalab.portal.rows import open_table

DATASET, POST = "weather-stations", "DIJON-LONGVIC"


def temperatures(shelf: Shelf) -> dict[date, float]:
    """Mean temperature (°C) by day; nothing where the dataset is not published, or not readable."""
    holding = shelf.holdings.get(DATASET)
    if holding is None:
        return {}
    try:
        opened = open_table(shelf, holding, "fr")
        known = ("temperatures", opened.snapshot)
        if known not in shelf.remembered:
            asked = (
                f"SELECT day, mean_temperature FROM {opened.sql} "  # noqa: S608 (our own words)
                "WHERE name = ? AND mean_temperature IS NOT NULL"
            )
            with shelf.reading() as cursor:
                shelf.remembered[known] = dict(cursor.execute(asked, [POST]).fetchall())
        found: dict[date, float] = shelf.remembered[known]
        return found
    except (DatalabError, duckdb.Error):
        return {}
