"""The names of constraints, so that migrations find them, and columns that many tables share."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Float, Integer, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
Number = BigInteger().with_variant(Integer, "sqlite")
Document = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def key() -> Column[str]:
    return Column("id", Text, primary_key=True)


def version() -> Column[int]:
    """Counts the changes of a row: who changes it says which one they saw."""
    return Column("version", Integer, nullable=False, server_default="1")


def moment(name: str, *, nullable: bool = True) -> Column[float]:
    return Column(name, Float, nullable=nullable)
