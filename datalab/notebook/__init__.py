"""What people import in a notebook: the Lab, its datasets, tables, maps and citations.

Owns the words Lab, Card (how a dataset shows itself), Listing (a small table to look at), Table
(the result of SQL), Classification and Map. Reads published lakes only. Nothing heavy is imported
before it is used: ``connect()`` must cost less than a blink.
"""
