"""The catalog: one YAML file per dataset, read into :class:`Dataset` values.

Owns the words Catalog, Dataset, Distribution (the ``source``), Publisher, Theme, License, Column,
Unit, Expectation (as written, not as evaluated). Imports no other room.
"""
