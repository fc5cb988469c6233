"""Preparing a publication: a commune's spreadsheet becomes a file that keeps a Table Schema.

Vocabulary: a *proposal* matches a column to a field; a value is *mended* where only its writing is
wrong; a row is *rejected* where a rule of the schema is broken, and *withheld* where publishing it
would tell of a natural person; a text is *masked* where a part of it would.
"""
