"""The tables. Times are seconds since the epoch (UTC), ids short random words.

What a home is called, and what its meter says, is encrypted (:mod:`datalab.households.vault`). The
ledger knows accounts and whole points; a voucher and its entries name no action.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from datalab.database.naming import CONVENTION

METADATA = MetaData(naming_convention=CONVENTION)


def _key() -> Column[str]:
    return Column("id", Text, primary_key=True)


def _at(name: str, *, nullable: bool = False) -> Column[float]:
    return Column(name, Float, nullable=nullable)


def _of(table: str, name: str = "household_id", *, on: str = "CASCADE") -> Column[str]:
    key = ForeignKey(f"{table}.id", ondelete=on)
    return Column(name, Text, key, nullable=on == "SET NULL", index=True)


TEAM = Table(
    "team",
    METADATA,
    _key(),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    _at("created_at"),
)
HOUSEHOLD = Table(
    "household",
    METADATA,
    _key(),
    Column("digest", Text, nullable=False, unique=True),  # of the secret of its private link
    Column("cipher", LargeBinary, nullable=False),  # what it calls itself
    Column("quarter", Text, nullable=False),
    Column("dwelling", Text, nullable=False),
    _of("team", "team_id", on="SET NULL"),
    _at("joined_at"),
)
# One row per consent that was given; withdrawn ones stay as proof, without what they allowed.
CONSENT = Table(
    "consent",
    METADATA,
    _key(),
    _of("household"),
    Column("domain", Text, nullable=False),
    Column("use", Text, nullable=False),
    Column("wording", Text, nullable=False),
    _at("given_at"),
    _at("withdrawn_at", nullable=True),
    Index(
        "uq_consent_open",
        "household_id",
        "domain",
        "use",
        unique=True,
        sqlite_where=text("withdrawn_at IS NULL"),
        postgresql_where=text("withdrawn_at IS NULL"),
    ),
)
PLEDGE = Table(
    "pledge",
    METADATA,
    _key(),
    _of("household"),
    Column("action", Text, nullable=False),
    Column("domain", Text, nullable=False),
    Column("commitment", Text, nullable=False),
    Column("points", Integer, nullable=False),
    _at("pledged_at"),
)
# ``month`` is 2026-11; the cipher holds {day: value}. ``kind``: index (what the meter shows) or
# daily (what was used).
READING = Table(
    "reading",
    METADATA,
    _key(),
    _of("household"),
    Column("domain", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("month", Text, nullable=False),
    Column("cipher", LargeBinary, nullable=False),
    _at("changed_at"),
    UniqueConstraint("household_id", "domain", "kind", "month"),
)
# ``state``: submitted, accepted, rejected.
TIP = Table(
    "tip",
    METADATA,
    _key(),
    _of("household", on="SET NULL"),  # an accepted one outlives its author, without them
    Column("domain", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    _at("written_at"),
    _at("decided_at", nullable=True),
)
MERCHANT = Table(
    "merchant",
    METADATA,
    _key(),
    Column("name", Text, nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    _at("created_at"),
)
# ``kind``: issued (where points come from; the only one below zero), household, held (in vouchers),
# merchant, settled (paid to merchants).
ACCOUNT = Table(
    "account",
    METADATA,
    _key(),
    Column("kind", Text, nullable=False),
    _of("household", on="SET NULL"),
    _of("merchant", "merchant_id", on="SET NULL"),
    Column("balance", BigInteger, nullable=False, server_default="0"),
    CheckConstraint("kind = 'issued' OR balance >= 0", name="no_debt"),
    UniqueConstraint("household_id"),
    UniqueConstraint("merchant_id"),
)
# ``purpose`` names the one thing it was made for: twice the same is refused.
TRANSFER = Table(
    "transfer",
    METADATA,
    _key(),
    Column("purpose", Text, nullable=False, unique=True),
    _at("made_at"),
)
ENTRY = Table(
    "entry",
    METADATA,
    Column("transfer_id", Text, ForeignKey("transfer.id"), primary_key=True),
    Column("account_id", Text, ForeignKey("account.id"), primary_key=True),
    Column("amount", BigInteger, nullable=False),
    CheckConstraint("amount <> 0", name="moves"),
    Index("ix_entry_account_id", "account_id"),
)
# ``state``: issued, redeemed, cancelled.
VOUCHER = Table(
    "voucher",
    METADATA,
    _key(),
    Column("digest", Text, nullable=False, unique=True),  # of its code
    Column("cipher", LargeBinary, nullable=False),  # its code, for the home that holds it
    _of("household", on="SET NULL"),
    _of("merchant", "merchant_id", on="SET NULL"),
    Column("points", Integer, nullable=False),
    Column("state", Text, nullable=False),
    _at("issued_at"),
    _at("expires_at"),
    _at("ended_at", nullable=True),
)
# What agents see, once a month, kept: looking twice tells no more than looking once.
EDITION = Table(
    "edition",
    METADATA,
    Column("month", Text, primary_key=True),
    Column("document", JSON, nullable=False),
    _at("made_at"),
)
# A neighbour with a role, opened by a private link of their own; the cipher holds their name.
AMBASSADOR = Table(
    "ambassador",
    METADATA,
    _key(),
    Column("digest", Text, nullable=False, unique=True),
    Column("cipher", LargeBinary, nullable=False),
    Column("allowance", Integer, nullable=False),  # codes that may be made in all
    Column("made", Integer, nullable=False, server_default="0"),  # codes made, whatever became
    _at("appointed_at"),
)
# A code for one real home. A used one stays used when its home is erased.
INVITATION = Table(
    "invitation",
    METADATA,
    _key(),
    Column("digest", Text, nullable=False, unique=True),
    _of("ambassador", "ambassador_id", on="SET NULL"),
    _of("household", on="SET NULL"),
    _at("made_at"),
    _at("expires_at"),
    _at("used_at", nullable=True),
    UniqueConstraint("household_id"),
)
# One row at most; without it joining needs a code.
CAMPAIGN = Table(
    "campaign",
    METADATA,
    _key(),
    Column("needs_code", Boolean, nullable=False),
)
