"""Questionnaires, the campaigns that carry them to a group of people, and what came back."""

from __future__ import annotations

from sqlalchemy import (
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

# ``state``: draft, open, closed. ``definition`` is the checked Questionnaire as JSON.
SURVEY = Table(
    "survey",
    METADATA,
    key(),
    Column("slug", Text, nullable=False, unique=True),
    Column("project", Text),
    Column("title", Document, nullable=False),  # by language
    Column("definition", Document, nullable=False),
    Column("edition", Integer, nullable=False, server_default="1"),  # of the definition
    Column("state", Text, nullable=False),
    Column("smallest_cell", Integer, nullable=False, server_default="5"),
    Column("created_by", Text, nullable=False),
    moment("created_at", nullable=False),
    moment("opened_at"),
    moment("closed_at"),
    version(),
)
# ``margins``: {"variable": {"category": count}}, with ``margins_source``; ``invited`` people.
CAMPAIGN = Table(
    "campaign",
    METADATA,
    key(),
    Column("survey_id", Text, ForeignKey("survey.id", ondelete="CASCADE"), nullable=False),
    Column("code", Text, nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("audience", Text, nullable=False),
    Column("invited", Integer),
    Column("margins", Document),
    Column("margins_source", Text, nullable=False, server_default=""),
    moment("opens_at"),
    moment("closes_at"),
    version(),
)
# ``state``: started, submitted, accepted, rejected. ``receipt`` as for a contribution.
RESPONSE = Table(
    "response",
    METADATA,
    key(),
    Column("survey_id", Text, ForeignKey("survey.id", ondelete="CASCADE"), nullable=False),
    Column("campaign_id", Text, ForeignKey("campaign.id", ondelete="SET NULL")),
    Column("author_id", Text, ForeignKey("author.id", ondelete="SET NULL")),
    Column("receipt", Text, nullable=False, unique=True),
    Column("edition", Integer, nullable=False),
    Column("language", Text, nullable=False),
    Column("answers", Document, nullable=False),
    Column("state", Text, nullable=False),
    Column("way", Text, nullable=False, server_default="phone"),
    Column("concerns", Document, nullable=False),
    moment("started_at", nullable=False),
    moment("submitted_at"),
    version(),
    Index("ix_response_survey_id_state", "survey_id", "state"),
    UniqueConstraint("survey_id", "author_id"),
)
# What of a response may leave, one row per answer: recoded, rounded, small cells suppressed.
RELEASED_ANSWER = Table(
    "released_answer",
    METADATA,
    Column("survey_slug", Text, primary_key=True),
    Column("respondent", Text, primary_key=True),  # a number drawn anew at each release
    Column("question", Text, primary_key=True),
    Column("answer", Text),
    Column("number", Float),
)
