"""What a snapshot said of its table when it was published: the description in its commit."""

from __future__ import annotations

import json
from typing import Any

import duckdb

from datalab.lake.connection import identifier


def described_at(
    connection: duckdb.DuckDBPyConnection, lake: str, dataset: str, snapshot: int
) -> dict[str, Any] | None:
    """``Dataset.as_json()`` of then; None where the commit says nothing (any more).

    ``connection`` has the lake attached under its name.
    """
    metadata = identifier(f"__ducklake_metadata_{lake}")
    found = connection.execute(
        "SELECT commit_extra_info FROM "  # noqa: S608
        f"{metadata}.main.ducklake_snapshot_changes WHERE snapshot_id = ?",
        [snapshot],
    ).fetchone()
    facts = json.loads(found[0]) if found and found[0] else {}
    said = facts.get("description") if facts.get("dataset") == dataset else None
    return dict(said) if isinstance(said, dict) else None
