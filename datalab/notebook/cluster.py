"""Workers for Python: ``lab.cluster()``, here or on the lab's Dask Gateway.

SQL needs none of this: DuckDB uses every processor of the notebook by itself. Workers are for
Python that is repeated, per household, per dataset, per scenario (``docs/compute.md``).
"""

from __future__ import annotations

import math
import os
import time
import warnings
from html import escape
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from datalab.compute.crew import local_cluster
from datalab.errors.compute import ClusterClosed, ClusterRefused, NoGateway, TooManyWorkers
from datalab.i18n import translate
from datalab.notebook.beacon import beacon
from datalab.notebook.limits import Limits
from datalab.notebook.wording import number

if TYPE_CHECKING:
    from distributed import Client

    from datalab.i18n import Language

Where = Literal["here", "gateway"]

# The notebook itself, its results and DuckDB share the memory with the workers.
SHARE_OF_WORKERS = 0.6
SMALLEST_WORKER = 256 * 2**20  # bytes; a worker that imported pandas and DuckDB holds 180 MB
CARD = "border:1px solid rgba(128,128,128,.5);border-radius:6px;padding:.6em 1em;max-width:46em"
PRICE = "DATALAB_PROCESSOR_HOUR_EUROS"


def most_workers(limits: Limits) -> int:
    """Workers that fit beside the notebook: one per processor, none smaller than 256 MiB."""
    by_memory = int(limits.memory * SHARE_OF_WORKERS) // SMALLEST_WORKER
    return max(1, min(limits.threads, by_memory))


class Cluster:
    """Workers that are there until ``close()``, or until a ``with`` ends.

    Attributes
    ----------
    client
        the ``distributed.Client``: ``cluster.client.map(work, households)``. Dask's own tables and
        ``dask.delayed`` use it without being told.
    where
        ``"here"``, within this notebook's limits, or ``"gateway"``.
    """

    def __init__(
        self, backend: Any, where: Where, language: Language, *, asked: int = 0, tunnel: Any = None
    ) -> None:
        self.backend, self.where, self.language, self.tunnel = backend, where, language, tunnel
        self.client: Client = backend.get_client()
        self.asked = asked
        self.closed = False
        self.beacon = beacon(self)

    @property
    def workers(self) -> int:
        """How many there are now; on a gateway they come one after another."""
        return len(self._info())

    @property
    def processor_hours(self) -> float:
        """What the workers used until now: processors times hours, idle ones counted."""
        if self.closed:
            return self._used
        since: dict[str, tuple[float, int]] = {}
        used = 0.0
        for stamp, event in self.client.get_events("all") or ():
            name = event.get("worker") if isinstance(event, dict) else None
            if name and event.get("action") == "add-worker":
                since[name] = (stamp, 1)
            elif name and event.get("action") == "remove-worker" and name in since:
                began, threads = since.pop(name)
                used += (stamp - began) * threads
        now = time.time()
        info = self._info()
        used += sum(
            (now - began) * int(info.get(name, {}).get("nthreads", 1))
            for name, (began, _) in since.items()
        )
        return used / 3600

    def scale(self, workers: int) -> Cluster:
        """Ask for another number of workers.

        Raises
        ------
        TooManyWorkers
            with the number that is allowed.
        ClusterClosed
        """
        if self.closed:
            raise ClusterClosed().in_language(self.language)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            self.backend.scale(workers)
        # The gateway scales to what is allowed, and says the number in a sentence.
        for warning in said:
            if "exceed resource limit" in str(warning.message):
                allowed = [int(w) for w in str(warning.message).split() if w.isdigit()][1]
                self.asked = allowed
                raise TooManyWorkers(workers, allowed).in_language(self.language)
        self.asked = workers
        return self

    def wait(self, workers: int | None = None, seconds: float = 120) -> Cluster:
        """Wait until so many workers are there: those that were asked for, if not said."""
        self.client.wait_for_workers(workers or self.asked or 1, timeout=seconds)
        return self

    def close(self) -> None:
        """End the workers. What they hold is gone; results that were fetched are not."""
        if self.closed:
            return
        if self.beacon is not None:
            self.beacon.stop()
        self._used = self.processor_hours
        self.closed = True
        self.client.close()  # type: ignore[no-untyped-call]
        self.backend.close()
        if self.tunnel is not None:
            self.tunnel.close()

    def _info(self) -> dict[str, Any]:
        if self.closed:
            return {}
        found: dict[str, Any] = self.client.scheduler_info(n_workers=-1)["workers"]
        return found

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *reason: object) -> None:
        self.close()

    def _facts(self) -> list[str]:
        language = self.language
        if self.closed:
            said = [translate("Closed cluster", language)]
        else:
            count = self.workers
            said = [
                translate("Workers: {count}", language, count=number(count, language))
                if count >= self.asked
                else translate(
                    "Workers: {count} of {asked}, more are coming",
                    language,
                    count=number(count, language),
                    asked=number(self.asked, language),
                ),
                translate("within this notebook's limits", language)
                if self.where == "here"
                else translate("on the lab's compute service", language),
            ]
        hours = self.processor_hours
        cost = translate(
            "used: {hours} processor-hours", language, hours=number(hours, language, digits=3)
        )
        if price := _price():
            euros = number(hours * price, language, digits=2)
            cost += translate(" (about {euros} €)", language, euros=euros)
        return [*said, cost]

    def __repr__(self) -> str:
        return " · ".join(self._facts())

    def _repr_html_(self) -> str:
        return f'<div style="{CARD}">{escape(repr(self))}</div>'


def open_cluster(
    limits: Limits, language: Language, workers: int | None, where: Where | None
) -> Cluster:
    """Workers here, or on the gateway where one is configured and nothing else was asked.

    Raises
    ------
    TooManyWorkers, ClusterRefused, NoGateway
    """
    import dask.config

    address = dask.config.get("gateway.address", None)
    if where == "gateway" and not address:
        raise NoGateway().in_language(language)
    if where == "here" or not address:
        return _here(limits, language, workers)
    return _on_gateway(language, workers)


def _here(limits: Limits, language: Language, workers: int | None) -> Cluster:
    most = most_workers(limits)
    count = most if workers is None else workers
    if not 1 <= count <= most:
        raise TooManyWorkers(count, most).in_language(language)
    cluster = local_cluster(count, int(limits.memory * SHARE_OF_WORKERS) // count)
    return Cluster(cluster, "here", language, asked=count).wait()


def _on_gateway(language: Language, workers: int | None) -> Cluster:
    import dask.config
    from aiohttp import ClientError
    from dask_gateway import Gateway
    from dask_gateway.client import GatewayClusterError, GatewayServerError

    schedulers = str(dask.config.get("gateway.proxy-address", None) or "")
    # A room of the lab names its web proxy outright (``hub.environment``).
    proxy = dask.config.get("gateway.http-client.proxy", None)
    tunnel = None
    try:
        if isinstance(proxy, str) and schedulers:
            from datalab.notebook.tunnel import Tunnel

            parts = urlsplit(schedulers if "//" in schedulers else f"//{schedulers}")
            tunnel = Tunnel(parts.hostname or "", parts.port or 8786, proxy)
            schedulers = f"tls://127.0.0.1:{tunnel.port}"
        gateway = Gateway(proxy_address=schedulers or None)
        backend = gateway.new_cluster()
    except (GatewayClusterError, GatewayServerError, ClientError, OSError, ValueError) as error:
        if tunnel is not None:
            tunnel.close()
        raise ClusterRefused(str(error) or type(error).__name__).in_language(language) from None
    cluster = Cluster(backend, "gateway", language, tunnel=tunnel)
    try:
        cluster.scale(1 if workers is None else workers)
    except TooManyWorkers:
        cluster.close()
        raise
    if workers is None:
        # What is idle goes, what waits brings more, as far as the limits of the person's group.
        backend.adapt(minimum=0, maximum=None)
    return cluster


def _price() -> float:
    """Euros that one processor costs in an hour, as the operator says; 0 where nothing is said."""
    try:
        price = float(os.environ.get(PRICE, "0"))
    except ValueError:
        return 0.0
    return price if 0 < price < math.inf else 0.0
