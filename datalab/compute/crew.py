"""A crew: workers of this machine that take the same kind of work, as an executor.

Each is a process with one thread. Scheduler and workers speak TLS with a key of that crew, on the
loopback: a scheduler runs code for whoever may connect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from distributed import LocalCluster

TOPIC = "datalab"
# Dask sets MALLOC_TRIM_THRESHOLD_, and the C library then asks the system for every array above
# 128 KiB anew: a model on tables of 365 x 48 took four times as long.
AS_USUAL = {"MALLOC_TRIM_THRESHOLD_": None}


def local_cluster(workers: int, memory: int | str = "auto") -> LocalCluster:
    """Workers with ``memory`` bytes each (``"auto"``: this machine's, shared by processors)."""
    import dask.config
    from distributed import LocalCluster
    from distributed.security import Security

    usual = {**dask.config.get("distributed.nanny.pre-spawn-environ"), **AS_USUAL}
    with dask.config.set({"distributed.nanny.pre-spawn-environ": usual}):
        return LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            memory_limit=memory,
            security=Security.temporary(),  # type: ignore[no-untyped-call]
            protocol="tls://",
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            worker_dashboard_address="127.0.0.1:0",
            silence_logs=40,
        )


def tell(what: Any) -> None:
    """From inside a task: something for the ``hear`` of whoever opened the crew (plain data)."""
    from distributed import get_worker

    get_worker().log_event(TOPIC, {"said": what})


@contextmanager
def crew(workers: int, hear: Callable[[Any], None]) -> Iterator[Executor]:
    """An executor on ``workers`` processes; what tasks ``tell`` comes to ``hear``, in a thread."""
    from distributed import Client

    with local_cluster(workers) as cluster, Client(cluster) as client:  # type: ignore[no-untyped-call]
        client.subscribe_topic(TOPIC, lambda event: hear(event[1]["said"]))
        yield client.get_executor(pure=False)
