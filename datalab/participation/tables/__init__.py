"""The tables of participation. Times are seconds since the epoch (UTC), ids short random words.

A change of a table goes with a migration; a test compares the two on both databases.
"""

from __future__ import annotations

from datalab.participation.tables import (
    author,
    contribution,
    exchange,
    finding,
    flag,
    journal,
    maturity,
    request,
    session,
    survey,
)
from datalab.participation.tables.metadata import METADATA

__all__ = [
    "METADATA",
    "author",
    "contribution",
    "exchange",
    "finding",
    "flag",
    "journal",
    "maturity",
    "request",
    "session",
    "survey",
]
