"""What municipalities share with each other: documents in several editions, sheets, questions."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from datalab.participation.tables.metadata import METADATA, Document, key, moment, version

# ``kind`` of a document: specification, grid, clause, sheet, other. ``state`` of everything here:
# waiting, published, refused, withdrawn; nobody but its sender and moderators reads the rest.
SHARED_DOCUMENT = Table(
    "shared_document",
    METADATA,
    key(),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("tags", Document, nullable=False),
    Column("license", Text, nullable=False),
    Column("origin", Text, nullable=False),  # the body that wrote it
    Column("account", Text, nullable=False),
    moment("created_at", nullable=False),
    version(),
    Index("ix_shared_document_account", "account"),
)

# One edition of a document. ``form`` is what the content was found to be (pdf, docx, csv …).
SHARED_EDITION = Table(
    "shared_edition",
    METADATA,
    key(),
    Column(
        "document_id", Text, ForeignKey("shared_document.id", ondelete="CASCADE"), nullable=False
    ),
    Column("number", Integer, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    Column("filename", Text, nullable=False),
    Column("form", Text, nullable=False),
    Column("size", Integer, nullable=False),  # bytes
    Column("sha256", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("account", Text, nullable=False),
    Column("read_by", Text),
    moment("sent_at", nullable=False),
    moment("read_at"),
    version(),
    Index("uq_shared_edition_document_id_number", "document_id", "number", unique=True),
    Index("ix_shared_edition_state", "state"),
)

# The bytes of an edition, apart: the journal keeps every column of what it writes down.
SHARED_CONTENT = Table(
    "shared_content",
    METADATA,
    Column(
        "edition_id", Text, ForeignKey("shared_edition.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("content", LargeBinary, nullable=False),
)

# ``kind``: sheet (an experience), question, answer (``parent_id`` is its question). ``said`` is
# the text screened: {part: text}, the parts of a sheet being those of its card.
PEER_POST = Table(
    "peer_post",
    METADATA,
    key(),
    Column("kind", Text, nullable=False),
    Column("parent_id", Text, ForeignKey("peer_post.id", ondelete="CASCADE")),
    Column("title", Text, nullable=False),
    Column("parts", Document, nullable=False),
    Column("said", Document, nullable=False),
    Column("concerns", Document, nullable=False),
    Column("tags", Document, nullable=False),
    Column("origin", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("read_by", Text),
    moment("sent_at", nullable=False),
    moment("read_at"),
    version(),
    Index("ix_peer_post_state_kind", "state", "kind"),
    Index("ix_peer_post_parent_id", "parent_id"),
    Index("ix_peer_post_account", "account"),
)
