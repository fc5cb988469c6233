"""What the hub tells of its requests: how many and how long, never who made them."""

from __future__ import annotations

from typing import Any

from jupyterhub.metrics import prometheus_log_method

SLOW = 1.0  # seconds


def log_request(handler: Any) -> None:
    """Count a request as JupyterHub does; a line only where it failed or was slow.

    Its own line names the person, the address they come from and the page that sent them.
    """
    request, status = handler.request, handler.get_status()
    prometheus_log_method(handler)
    seconds = request.request_time()
    if status < 500 and seconds < SLOW:
        return
    tell = handler.log.error if status >= 500 else handler.log.warning
    name = type(handler).__name__
    tell("%s %s: %s after %.1f s", request.method, name, status, seconds)
