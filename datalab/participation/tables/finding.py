"""What stands behind a finding of a territorial diagnosis: a decision, or answers to a question."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Table, Text

from datalab.participation.tables.metadata import METADATA, key, moment, version

# ``commune`` is its INSEE code, ``finding`` the indicator, which stays the same when the order of
# findings changes. Either ``decision_id``, or ``campaign_id`` with the name of a ``question``.
FINDING_LINK = Table(
    "finding_link",
    METADATA,
    key(),
    Column("commune", Text, nullable=False),
    Column("finding", Text, nullable=False),
    Column("decision_id", Text, ForeignKey("decision.id", ondelete="CASCADE")),
    Column("campaign_id", Text, ForeignKey("campaign.id", ondelete="CASCADE")),
    Column("question", Text, nullable=False, server_default=""),
    moment("linked_at", nullable=False),
    version(),
    Index("ix_finding_link_commune", "commune", "finding"),
)
