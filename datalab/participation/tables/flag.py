"""What readers flag in a dataset: a column, a row or a value that looks wrong to them."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from datalab.participation.tables.metadata import METADATA, Document, key, moment, version

# ``state``: open, answered, fixed, refused. ``way``: page, notebook. ``said`` is the text screened;
# everybody reads it with the answer, once a steward gave one. ``place`` is the row: {column: value}
# of its key, or {"row": number}.
FLAG = Table(
    "flag",
    METADATA,
    key(),
    Column("receipt", Text, nullable=False, unique=True),
    Column("dataset", Text, nullable=False),
    Column("snapshot", Integer),
    Column("column_name", Text, nullable=False, server_default=""),
    Column("place", Document, nullable=False),
    Column("text", Text, nullable=False),
    Column("said", Text, nullable=False),
    Column("concerns", Document, nullable=False),
    Column("author_id", Text, ForeignKey("author.id", ondelete="SET NULL")),
    Column("account", Text),
    Column("way", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("answer", Text, nullable=False, server_default=""),
    Column("answered_by", Text),
    Column("expectation", Document),  # the test that it became
    moment("flagged_at", nullable=False),
    moment("answered_at"),
    version(),
    Index("ix_flag_dataset_state", "dataset", "state"),
    Index("ix_flag_author_id", "author_id"),
    Index("ix_flag_account", "account"),
)
