"""Self-assessments of municipalities: who is in the team, what was answered to which statement."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text

from datalab.participation.tables.metadata import METADATA, key, moment, version

# A municipality is assessed again and again: one row each time. ``state``: open, closed. ``grid``
# is the edition of the grid that was answered. At most one of a municipality is open: ``turn``
# counts them, and two people who begin at once make the same row.
MATURITY = Table(
    "maturity",
    METADATA,
    key(),
    Column("commune", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("population", Integer, nullable=False),
    Column("stratum", Text, nullable=False),
    Column("grid", Text, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("begun_by", Text, nullable=False),
    moment("begun_at", nullable=False),
    Column("closed_by", Text),
    moment("closed_at"),
    version(),
    Index("uq_maturity_commune_turn", "commune", "turn", unique=True),
    Index("ix_maturity_stratum_state", "stratum", "state"),
)

# A row per statement of the grid from the beginning, so that two people who answer the same one
# change the same row and the second is told. ``level`` is 0 to 4; null with ``applicable`` is
# "not answered yet".
MATURITY_ANSWER = Table(
    "maturity_answer",
    METADATA,
    key(),
    Column("maturity_id", Text, ForeignKey("maturity.id", ondelete="CASCADE"), nullable=False),
    Column("item", Text, nullable=False),
    Column("level", Integer),
    Column("applicable", Boolean, nullable=False),
    Column("evidence", Text, nullable=False, server_default=""),
    Column("comment", Text, nullable=False, server_default=""),
    Column("answered_by", Text),
    moment("answered_at"),
    version(),
    Index("uq_maturity_answer_maturity_id_item", "maturity_id", "item", unique=True),
)

# Who answers for a municipality: accounts, let in by one of the team or by an operator.
MATURITY_MEMBER = Table(
    "maturity_member",
    METADATA,
    key(),
    Column("commune", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("added_by", Text, nullable=False),
    moment("added_at", nullable=False),
    version(),
    Index("uq_maturity_member_commune_account", "commune", "account", unique=True),
    Index("ix_maturity_member_account", "account"),
)

# Which steps of a training module an account has passed.
TRAINING_STEP = Table(
    "training_step",
    METADATA,
    key(),
    Column("account", Text, nullable=False),
    Column("module", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("passed", Boolean, nullable=False),
    moment("tried_at", nullable=False),
    moment("passed_at"),
    version(),
    Index("uq_training_step_account_module_step", "account", "module", "step", unique=True),
)
