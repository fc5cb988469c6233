"""What can keep the lab from starting or answering."""

from __future__ import annotations

from datalab.errors.root import DatalabError


class DeploymentError(DatalabError):
    code = "deployment"


class PortBusy(DeploymentError):
    code = "port-busy"
    template = (
        "Port {port} on {host} is already taken. "
        "Stop what uses it, or start with another one: datalab up --port {other}"
    )


class AlreadyRunning(DeploymentError):
    code = "already-running"
    status = 409
    template = (
        "The lab of {home} runs already, at {url}. "
        "Use it, or start another one with --home and --port."
    )


class NotRunning(DeploymentError):
    code = "not-running"
    status = 503
    template = "The lab is not running in {home}. Start it with 'datalab up'."


class UnknownPersona(DeploymentError):
    code = "unknown-persona"
    status = 404
    template = "There is no persona '{persona}'. Choose one of: {known}."
