"""The settings of Dask Gateway for the lab: who is who, how much for whom, when clusters end.

``deploy/gateway/dask_gateway_config.py`` calls :func:`configure`. The hub says who somebody is
(a token that may use the service ``dask-gateway``); groups decide the quota; a cluster that nobody
uses ends. Which backend starts the workers is the deployment's choice.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dask_gateway_server.backends.base import PublicException
from dask_gateway_server.models import ClusterStatus
from dask_gateway_server.options import Options

from datalab.compute.crew import AS_USUAL
from datalab.compute.quota import USUAL, Quota, quota_of, quotas

SERVICE = "dask-gateway"
IDLE_SECONDS = 600
ALIVE = (ClusterStatus.PENDING, ClusterStatus.RUNNING)


def limited(backend: type) -> type:
    """A backend of Dask Gateway that counts: it gives nobody more clusters than their quota."""

    turn = asyncio.Lock()

    class Limited(backend):  # type: ignore[misc]
        quotas: Mapping[str, Quota]

        async def start_cluster(self, user: Any, cluster_options: Any) -> Any:
            quota = quota_of(user.groups, dict(self.quotas))
            if quota is None:
                raise PublicException("your account has no share of the compute service")
            async with turn:  # two requests at once would both find room
                alive = await self.list_clusters(username=user.name, statuses=ALIVE)
                if len(alive) >= quota.clusters:
                    raise PublicException(
                        f"you have {len(alive)} cluster(s) and may have {quota.clusters}; "
                        "close one first"
                    )
                return await super().start_cluster(user, cluster_options)

    Limited.__name__ = f"Limited{backend.__name__}"
    return Limited


def configure(c: Any, backend: type, environment: Mapping[str, str] = os.environ) -> None:
    """Everything but the addresses and what the backend needs.

    Parameters
    ----------
    c
        the configuration object of traitlets.
    backend
        class of Dask Gateway that starts schedulers and workers.
    environment
        ``JUPYTERHUB_API_URL``, ``JUPYTERHUB_API_TOKEN``, ``DATALAB_CLUSTER_QUOTAS``,
        ``DATALAB_CLUSTER_IDLE`` (seconds), ``DATALAB_LAKE`` (the lakes that every worker may
        read: those that everybody who has a quota may read, usually the open one).

    Raises
    ------
    ValueError
        where a quota cannot be read: the gateway does not start.
    """
    known = quotas(environment.get("DATALAB_CLUSTER_QUOTAS") or USUAL)
    counting = limited(backend)
    counting.quotas = known  # type: ignore[attr-defined]
    c.DaskGateway.backend_class = counting
    c.DaskGateway.authenticator_class = "dask_gateway_server.auth.JupyterHubAuthenticator"
    c.JupyterHubAuthenticator.jupyterhub_service_name = SERVICE
    c.JupyterHubAuthenticator.use_service_access_scopes = True
    c.JupyterHubAuthenticator.jupyterhub_api_url = environment["JUPYTERHUB_API_URL"]
    c.JupyterHubAuthenticator.jupyterhub_api_token = environment["JUPYTERHUB_API_TOKEN"]
    c.Backend.cluster_options = lambda user: Options(
        handler=lambda options: shares(quota_of(user.groups, known))
    )
    # A worker of the lab is one processor: Python holds it alone, and DuckDB gets one thread.
    c.ClusterConfig.worker_cores = 1
    c.ClusterConfig.idle_timeout = float(environment.get("DATALAB_CLUSTER_IDLE") or IDLE_SECONDS)
    c.ClusterConfig.environment = {"DASK_DISTRIBUTED__NANNY__PRE_SPAWN_ENVIRON": str(AS_USUAL)}
    if lake := environment.get("DATALAB_LAKE"):
        c.ClusterConfig.environment["DATALAB_LAKE"] = lake
    bin_folder = Path(sys.prefix) / "bin"
    c.ClusterConfig.scheduler_cmd = [str(bin_folder / "dask"), "scheduler"]
    c.ClusterConfig.worker_cmd = [str(bin_folder / "dask"), "worker"]


def shares(quota: Quota | None) -> dict[str, Any]:
    """A quota in the words of Dask Gateway's ``ClusterConfig``; nothing for nobody."""
    if quota is None:
        return {"cluster_max_workers": 0}
    return {"cluster_max_workers": quota.workers, "worker_memory": quota.worker_memory}
