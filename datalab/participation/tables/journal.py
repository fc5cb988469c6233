"""Every change by anybody, in order: the feed of live pages, the history, what undo goes by."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, Table, Text

from datalab.participation.tables.metadata import METADATA, Document, Number

# ``scope`` is "session:<id>", "request:<id>", "survey:<id>"; ``actor`` an account, "author:<id>",
# "lab" or "key:<id>"; ``rows`` is [{"table", "id", "before", "after"}], None standing for no row.
CHANGE = Table(
    "change",
    METADATA,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("scope", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("actor", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("rows", Document, nullable=False),
    Column("undoes", Number, unique=True),
    Index("ix_change_scope_id", "scope", "id"),
    sqlite_autoincrement=True,
)
# One row per dataset that reads participation: its number grows when what it would show changed.
MARK = Table(
    "mark",
    METADATA,
    Column("dataset", Text, primary_key=True),
    Column("number", Number, nullable=False),
    Column("at", Float, nullable=False),
)
# How often something was used, and nothing about who: (day, what) and a count.
USE = Table(
    "use_count",
    METADATA,
    Column("day", Text, primary_key=True),
    Column("what", Text, primary_key=True),
    Column("count", Integer, nullable=False),
)
# How far a reader of the journal came, so that it goes on there and tells nothing twice.
POSITION = Table(
    "position",
    METADATA,
    Column("reader", Text, primary_key=True),
    Column("number", Number, nullable=False),
)
