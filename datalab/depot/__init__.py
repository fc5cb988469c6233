"""The depot: the published lakes on an object store, for labs on other machines.

One lab publishes there what it published at home; others fetch it and read their own copy of it.
"""
