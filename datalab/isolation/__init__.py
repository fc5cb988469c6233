"""What a process of other people's code may see and use.

Owns the walls (*sandbox*), the *homes* and uids behind them, limits of memory, time and disk, and
the identity of processes that are signalled later. Notebook servers, temporary kernels and runs of
notebooks all start through it.
"""
