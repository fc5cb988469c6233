"""How a database of this lab is opened: SQLite in a file of its own, or PostgreSQL by one setting.

What is kept in it, its address and its migrations belong to the room above that opens it.
"""
