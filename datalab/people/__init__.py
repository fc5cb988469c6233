"""People: their accounts, groups and rights, how they get in, and what was written down.

Owns the words *account* (one name in the hub), *group* (what carries rights), *right* (one thing
that somebody may do), *link* and *invitation* (ways in), and *audit* (what happened, never
changed). The store is the truth; the hub's users and groups follow it.
"""
