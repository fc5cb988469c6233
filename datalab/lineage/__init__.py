"""Lineage: which project and which published page read which snapshot, and who asks with a token.

Owns the words Use, PageUse and Holder. Nothing of it is typed by anybody: notebooks of projects say
what they read (:mod:`datalab.notebook.reads`), published pages carry their sources, doors see the
tokens. What a person reads in notebooks of their own is never written down.
"""
