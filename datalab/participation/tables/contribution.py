"""Contributions to a session and the votes they get."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from datalab.participation.tables.metadata import METADATA, Document, key, moment, version

# ``state``: submitted, accepted, rejected, merged, withdrawn. ``kind``: idea, comment.
# ``receipt`` is the Idempotency-Key of the browser: what comes twice is kept once.
# ``said`` is what everybody may read: screened, and agreed to by whoever accepted it.
CONTRIBUTION = Table(
    "contribution",
    METADATA,
    key(),
    Column("session_id", Text, ForeignKey("session.id", ondelete="CASCADE"), nullable=False),
    Column("phase_id", Text),
    Column("author_id", Text, ForeignKey("author.id", ondelete="SET NULL")),
    Column("receipt", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("parent_id", Text),
    Column("text", Text, nullable=False),
    Column("said", Text, nullable=False, server_default=""),
    Column("latitude", Float),
    Column("longitude", Float),
    Column("commune", Text),  # INSEE code
    Column("place", Text, nullable=False, server_default=""),
    Column("picture_id", Text, ForeignKey("picture.id", ondelete="SET NULL")),
    Column("evidence", Document),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("concerns", Document, nullable=False),  # what screening found, for the moderator
    Column("cluster_id", Text, ForeignKey("cluster.id", ondelete="SET NULL")),
    Column("position", Float, nullable=False, server_default="0"),
    Column("merged_into", Text),
    Column("way", Text, nullable=False, server_default="phone"),
    Column("entered_by", Text),
    Column("decided_by", Text),
    moment("submitted_at", nullable=False),
    moment("decided_at"),
    version(),
    Index("ix_contribution_session_id_state", "session_id", "state"),
    Index("ix_contribution_author_id", "author_id"),
)
VOTE = Table(
    "vote",
    METADATA,
    key(),
    Column("session_id", Text, ForeignKey("session.id", ondelete="CASCADE"), nullable=False),
    Column(
        "contribution_id", Text, ForeignKey("contribution.id", ondelete="CASCADE"), nullable=False
    ),
    Column("author_id", Text, ForeignKey("author.id", ondelete="CASCADE"), nullable=False),
    Column("dots", Integer, nullable=False),
    moment("at", nullable=False),
    UniqueConstraint("contribution_id", "author_id"),
    CheckConstraint("dots >= 0", name="dots"),
    Index("ix_vote_session_id_author_id", "session_id", "author_id"),
)
