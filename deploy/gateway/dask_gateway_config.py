"""Dask Gateway on one machine: ``dask-gateway-server -f deploy/gateway/dask_gateway_config.py``.

Workers are ordinary processes here, without the walls of notebooks: they run with the rights of
whoever starts the gateway. This is for trials; people who do not trust each other need the chart of
``deploy/kubernetes``, where every worker is a pod of its own.
"""

import os

from dask_gateway_server.backends.local import UnsafeLocalBackend

from datalab.compute.gateway import configure

c = get_config()  # noqa: F821
configure(c, UnsafeLocalBackend)
c.Proxy.address = os.environ.get("DATALAB_GATEWAY_BIND", "127.0.0.1:8087")
c.Proxy.tcp_address = os.environ.get("DATALAB_GATEWAY_TCP", "127.0.0.1:8786")
