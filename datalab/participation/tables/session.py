"""Co-design sessions: agenda, materials, who takes part, decisions."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from datalab.participation.tables.metadata import METADATA, Document, key, moment, version

# ``state``: draft, open, closed. ``moderation``: before, after (what waits for whom).
SESSION = Table(
    "session",
    METADATA,
    key(),
    Column("code", Text, nullable=False, unique=True),  # six letters, said aloud and scanned
    Column("project", Text),
    Column("title", Text, nullable=False),
    Column("question", Text, nullable=False),
    Column("place", Text, nullable=False, server_default=""),
    Column("template", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("moderation", Text, nullable=False, server_default="before"),
    Column("capacity", Integer, nullable=False),
    Column("dots", Integer, nullable=False, server_default="3"),  # votes of each participant
    Column("place_decimals", Integer, nullable=False, server_default="3"),
    Column("facilitators", Document, nullable=False),  # accounts
    Column("phase_id", Text),  # the one that runs
    Column("voting", Boolean, nullable=False, server_default="0"),
    Column("counts_hidden", Boolean, nullable=False, server_default="1"),  # while people vote
    Column("demonstration", Boolean, nullable=False, server_default="0"),
    Column("created_by", Text, nullable=False),
    moment("starts_at"),
    moment("ends_at"),
    moment("created_at", nullable=False),
    moment("opened_at"),
    moment("closed_at"),
    version(),
)
# ``kind``: inform, diverge, cluster, converge, decide. ``seconds`` is planned, extensions included.
PHASE = Table(
    "phase",
    METADATA,
    key(),
    Column("session_id", Text, ForeignKey("session.id", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("instruction", Text, nullable=False, server_default=""),
    Column("seconds", Integer, nullable=False),
    moment("started_at"),
    moment("ended_at"),
    version(),
    Index("ix_phase_session_id", "session_id", "position"),
)
# ``kind``: dataset, page, map, link, text; ``reference`` its id or address inside the lab.
MATERIAL = Table(
    "material",
    METADATA,
    key(),
    Column("session_id", Text, ForeignKey("session.id", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("reference", Text, nullable=False),
    version(),
    Index("ix_material_session_id", "session_id", "position"),
)
# ``way``: phone, paper, account, facilitator.
PARTICIPANT = Table(
    "participant",
    METADATA,
    Column("author_id", Text, ForeignKey("author.id", ondelete="CASCADE"), primary_key=True),
    Column("session_id", Text, ForeignKey("session.id", ondelete="CASCADE"), nullable=False),
    Column("pseudonym", Text, nullable=False),
    Column("way", Text, nullable=False),
    moment("joined_at", nullable=False),
    moment("left_at"),
    UniqueConstraint("session_id", "pseudonym"),
)
CLUSTER = Table(
    "cluster",
    METADATA,
    key(),
    Column("session_id", Text, ForeignKey("session.id", ondelete="CASCADE"), nullable=False),
    Column("title", Text, nullable=False),
    Column("position", Integer, nullable=False),
    version(),
    Index("ix_cluster_session_id", "session_id", "position"),
)
# ``state``: planned, started, done, dropped. ``answers`` are ids of contributions it answers.
DECISION = Table(
    "decision",
    METADATA,
    key(),
    Column("session_id", Text, ForeignKey("session.id", ondelete="CASCADE"), nullable=False),
    Column("text", Text, nullable=False),
    Column("owner", Text, nullable=False),  # as shown: a service or a role
    Column("due", Text),  # ISO date
    Column("state", Text, nullable=False),
    Column("news", Text, nullable=False, server_default=""),  # what is said of its state
    Column("objections", Document, nullable=False),
    Column("answers", Document, nullable=False),
    moment("created_at", nullable=False),
    moment("updated_at", nullable=False),
    version(),
    Index("ix_decision_session_id", "session_id"),
)
# What those who ran it say before the minutes.
FOREWORD = Table(
    "foreword",
    METADATA,
    Column("session_id", Text, ForeignKey("session.id", ondelete="CASCADE"), primary_key=True),
    Column("text", Text, nullable=False),
    version(),
)
