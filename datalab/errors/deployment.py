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


class BackupFailed(DeploymentError):
    code = "backup-failed"
    status = 507
    template = "No backup was written to {path}: {reason}. Choose another place and try again."


class TransferRefused(DeploymentError):
    code = "transfer-refused"
    status = 409
    template = "Nothing was brought over. {database}: {reason}."


class DatabaseNotRestored(DeploymentError):
    """A database of a backup, and the server that it was to go to."""

    code = "database-not-restored"
    status = 409
    template = "The database {database} was not restored: {reason}. The home was not made either."


class BackupUnreadable(DeploymentError):
    code = "backup-unreadable"
    status = 422
    template = (
        "{path} cannot be restored: {reason}. Nothing was changed; take another backup of the lab."
    )


class HomeNotEmpty(DeploymentError):
    code = "home-not-empty"
    status = 409
    template = (
        "{home} is not empty: a backup is restored into a new folder only. "
        "Name another one with --home, or move this one away."
    )
