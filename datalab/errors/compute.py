"""Workers that somebody asked for and does not get."""

from __future__ import annotations

from datalab.errors.notebook import NotebookError


class TooManyWorkers(NotebookError):
    """More than the limits allow; ``allowed`` is what can be had."""

    code = "too-many-workers"
    status = 409
    template = (
        "{asked} workers are more than you may have: {allowed}. Ask for lab.cluster({allowed}), or "
        "leave the number out."
    )

    def __init__(self, asked: int, allowed: int) -> None:
        super().__init__(asked=asked, allowed=allowed)


class ClusterRefused(NotebookError):
    """``reason`` is what the gateway said."""

    code = "cluster-refused"
    status = 409
    template = (
        "The lab's compute service gave no cluster: {reason}. lab.cluster(where='here') uses the "
        "processors of this notebook instead."
    )

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason.strip().rstrip("."))


class NoGateway(NotebookError):
    code = "no-gateway"
    status = 404
    template = (
        "This lab has no compute service: lab.cluster() uses the processors of this notebook. "
        "Operators name one by DATALAB_GATEWAY."
    )


class ClusterClosed(NotebookError):
    code = "cluster-closed"
    status = 410
    template = "This cluster was closed. Open another one: lab.cluster()."
