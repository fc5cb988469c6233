"""Where the tables are listed, and columns that many of them share."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Float, Integer, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB

from datalab.database.naming import CONVENTION

METADATA = MetaData(naming_convention=CONVENTION)
Number = BigInteger().with_variant(Integer, "sqlite")
Document = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def key() -> Column[str]:
    return Column("id", Text, primary_key=True)


def version() -> Column[int]:
    """Counts the changes of a row: who changes it says which one they saw."""
    return Column("version", Integer, nullable=False, server_default="1")


def moment(name: str, *, nullable: bool = True) -> Column[float]:
    return Column(name, Float, nullable=nullable)
