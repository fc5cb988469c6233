"""Why a notebook could not be run at all. What a cell did wrong is a fact of its run instead."""

from __future__ import annotations

from datalab.errors.root import DatalabError


class RunError(DatalabError):
    code = "run"
    status = 422


class NotebookUnreadable(RunError):
    code = "notebook-unreadable"
    template = (
        "The notebook '{notebook}' cannot be read: {reason}. Open it in the project, or take back "
        "an earlier version."
    )


class NotebookTooLarge(RunError):
    code = "notebook-too-large"
    status = 413
    template = (
        "The notebook '{notebook}' is larger than {most} MB. Clear its outputs "
        "(Edit, Clear outputs of all cells), save it and try again."
    )


class KernelUnknown(RunError):
    code = "kernel-unknown"
    template = (
        "The notebook '{notebook}' asks for the kernel '{kernel}', and the lab runs Python only. "
        "Choose the Python kernel in the notebook, save it and try again."
    )


class RunRefused(RunError):
    """Nothing can separate the run from the lab here."""

    code = "run-refused"
    status = 503
    template = (
        "No notebook is run here, because it would have every right of the lab ({reason}). "
        "'datalab doctor' says what to install."
    )


class RunFailed(RunError):
    """The machinery around the notebook gave up before its first cell."""

    code = "run-failed"
    status = 500
    template = "The notebook '{notebook}' could not be started: {reason}. The operator can help."


class ServerRunning(RunError):
    code = "server-running"
    status = 409
    template = (
        "The server of project '{slug}' is running, and what it holds in memory would overwrite "
        "the results. Stop it first, or leave out --write."
    )
