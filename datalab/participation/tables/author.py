"""Authors: keys without a name. Contacts lie apart, encrypted, and end by themselves."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from datalab.participation.tables.metadata import METADATA, Document, key, moment

# ``digest`` is that of the secret in the private link; ``kind`` participant, respondent, reporter.
AUTHOR = Table(
    "author",
    METADATA,
    key(),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("pseudonym", Text, nullable=False, server_default=""),
    Column("language", Text, nullable=False, server_default="fr"),
    Column("account", Text),
    Column("minor", Boolean, nullable=False, server_default="0"),
    Column("consent", Text, nullable=False),  # version of the sentences agreed to, "" for none
    moment("created_at", nullable=False),
    moment("seen_at"),
    moment("expires_at", nullable=False),
    moment("erased_at"),
    Index("ix_author_expires_at", "expires_at"),
)
CONTACT = Table(
    "contact",
    METADATA,
    Column("author_id", Text, ForeignKey("author.id", ondelete="CASCADE"), primary_key=True),
    Column("cipher", LargeBinary, nullable=False),
    moment("created_at", nullable=False),
    moment("expires_at", nullable=False),
)
# Mail that waits: ``template`` and ``facts`` say it, the address is looked up when it is sent.
MESSAGE = Table(
    "message",
    METADATA,
    key(),
    Column("author_id", Text, ForeignKey("author.id", ondelete="CASCADE"), nullable=False),
    Column("template", Text, nullable=False),
    Column("facts", Document, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("problem", Text, nullable=False, server_default=""),
    moment("created_at", nullable=False),
    moment("due_at", nullable=False),
    moment("sent_at"),
    Index("ix_message_sent_at_due_at", "sent_at", "due_at"),
)
# Where a browser that allowed it is told that there is news; nothing but that is ever sent.
PUSH = Table(
    "push",
    METADATA,
    key(),  # a digest of the address
    Column("author_id", Text, ForeignKey("author.id", ondelete="CASCADE"), nullable=False),
    Column("cipher", LargeBinary, nullable=False),  # the subscription, encrypted like a contact
    Column("tries", Integer, nullable=False, server_default="0"),
    moment("created_at", nullable=False),
    moment("due_at"),  # when it is to be told next, None where it knows everything
)
PICTURE = Table(
    "picture",
    METADATA,
    key(),  # also the name of its files
    Column("author_id", Text, ForeignKey("author.id", ondelete="SET NULL")),
    Column("scope", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("alternative", Text, nullable=False, server_default=""),  # text for who does not see it
    Column("accepted", Boolean, nullable=False, server_default="0"),
    moment("created_at", nullable=False),
)
