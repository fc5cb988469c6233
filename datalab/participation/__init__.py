"""Participation: what people without an account say, and what became of it.

Co-design sessions, questionnaires and service requests, in a database of their own (SQLite by
default, PostgreSQL by ``DATALAB_PARTICIPATION_DATABASE``). The lake reads nothing of it but the
SQL views named in :mod:`datalab.participation.views`.
"""
