"""What the lab's Dask Gateway gives to whom.

Owns the words *quota* (workers, processors, memory and clusters of one person) and *gateway*. The
gateway itself is Dask's (``dask_gateway_server``), its schedulers and workers too.
"""
