"""What came under a receipt."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("request", sa.Column("digest", sa.Text(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("a lab goes forward; restore a backup to go back")
