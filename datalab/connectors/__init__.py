"""Connectors: a Distribution as the catalog describes it, to one local file.

One module per protocol, registered by name in ``registry`` and loaded when first used. A connector
fetches bytes and says where they came from; it neither parses nor types them, and never runs,
builds or imports what it fetched.
"""
