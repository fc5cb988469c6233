"""Service requests (Open311) as the control room works on them."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
)

from datalab.participation.tables.metadata import METADATA, Document, key, moment, version

# ``attributes`` as GeoReport v2 defines them; ``answer_hours`` and ``closure_hours`` are the
# service level; ``decimals`` is how exactly its places are released.
SERVICE = Table(
    "service",
    METADATA,
    Column("code", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("name", Document, nullable=False),  # by language
    Column("description", Document, nullable=False),
    Column("keywords", Document, nullable=False),
    Column("grouping", Text, nullable=False, server_default=""),
    Column("attributes", Document, nullable=False),
    Column("answer_hours", Float, nullable=False),
    Column("closure_hours", Float, nullable=False),
    Column("decimals", Integer, nullable=False, server_default="3"),
    Column("active", Boolean, nullable=False, server_default="1"),
    version(),
)
# ``state``, ours: received, acknowledged, assigned, scheduled, in-progress, fixed, not-ours,
# unable, duplicate, answered; the second five are closed to Open311. ``moderation``: waiting,
# accepted, rejected. ``token`` stands for the id while it waits.
REQUEST = Table(
    "request",
    METADATA,
    key(),  # service_request_id
    Column("token", Text, nullable=False, unique=True),
    Column("receipt", Text, nullable=False, unique=True),
    Column("digest", Text),  # of what came under the receipt; none of before version 0006
    Column("service_code", Text, ForeignKey("service.code"), nullable=False),
    Column("state", Text, nullable=False),
    Column("status", Text, nullable=False),  # open, closed
    Column("status_notes", Text, nullable=False, server_default=""),
    Column("moderation", Text, nullable=False),
    Column("concerns", Document, nullable=False),
    Column("description", Text, nullable=False, server_default=""),
    Column("said", Text, nullable=False, server_default=""),  # screened: what everybody may read
    Column("latitude", Float),
    Column("longitude", Float),
    Column("address", Text, nullable=False, server_default=""),
    Column("address_id", Text, nullable=False, server_default=""),
    Column("zipcode", Text, nullable=False, server_default=""),
    Column("commune", Text),
    Column("attributes", Document, nullable=False),
    Column("picture_id", Text, ForeignKey("picture.id", ondelete="SET NULL")),
    Column("equipment", Document),  # {"dataset", "id"}: the state of what it is about
    Column("author_id", Text, ForeignKey("author.id", ondelete="SET NULL")),
    Column("api_key_id", Text),
    Column("channel", Text, nullable=False),  # web, open311, paper, phone
    Column("agency", Text, nullable=False, server_default=""),
    Column("team", Text, nullable=False, server_default=""),
    Column("assignee", Text),
    Column("priority", Integer, nullable=False, server_default="0"),
    Column("duplicate_of", Text),
    Column("reopened", Integer, nullable=False, server_default="0"),
    Column("satisfaction", Integer),  # 1 to 5, of whoever reported
    Column("satisfaction_words", Text, nullable=False, server_default=""),  # for the agents only
    moment("requested_at", nullable=False),
    moment("updated_at", nullable=False),
    moment("answered_at"),  # the first act of an agent that the reporter sees
    moment("expected_at"),
    moment("closed_at"),
    moment("escalated_at"),
    version(),
    Index("ix_request_status_requested_at", "status", "requested_at"),
    Index("ix_request_service_code_requested_at", "service_code", "requested_at"),
    Index("ix_request_requested_at", "requested_at"),
    Index("ix_request_updated_at", "updated_at"),
    Index("ix_request_author_id", "author_id"),
    Index("ix_request_latitude_longitude", "latitude", "longitude"),
)
# ``public`` notes are answers to the reporter; the others stay in the control room.
NOTE = Table(
    "note",
    METADATA,
    key(),
    Column("request_id", Text, ForeignKey("request.id", ondelete="CASCADE"), nullable=False),
    Column("actor", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("public", Boolean, nullable=False),
    moment("at", nullable=False),
    version(),
    Index("ix_note_request_id_at", "request_id", "at"),
)
FOLLOWER = Table(
    "follower",
    METADATA,
    Column("request_id", Text, ForeignKey("request.id", ondelete="CASCADE"), primary_key=True),
    Column("author_id", Text, ForeignKey("author.id", ondelete="CASCADE"), primary_key=True),
    moment("at", nullable=False),
)
API_KEY = Table(
    "api_key",
    METADATA,
    key(),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("contact", Text, nullable=False, server_default=""),
    Column("created_by", Text, nullable=False),
    moment("created_at", nullable=False),
    moment("disabled_at"),
    version(),
)
# What an agent often answers; ``service_code`` None for any service.
CANNED_ANSWER = Table(
    "canned_answer",
    METADATA,
    key(),
    Column("service_code", Text, ForeignKey("service.code", ondelete="CASCADE")),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    version(),
)
# Which team a request goes to: the most exact line wins; None stands for all.
ROUTE = Table(
    "route",
    METADATA,
    key(),
    Column("service_code", Text, ForeignKey("service.code", ondelete="CASCADE")),
    Column("commune", Text),
    Column("team", Text, nullable=False),
    version(),
)
