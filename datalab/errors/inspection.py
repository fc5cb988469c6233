"""What can be wrong with a file that nobody has described yet."""

from __future__ import annotations

from datalab.errors.root import DatalabError


class InspectionError(DatalabError):
    """A file could not be inspected; nothing was kept of it."""

    code = "inspection"
    status = 422


class FileNotATable(InspectionError):
    """It is damaged, of a kind that holds no table, or no table can be seen in it."""

    code = "file-not-a-table"
    template = "This file cannot be read as a table: {reason}."


class FileTooLarge(InspectionError):
    code = "file-too-large"
    status = 413
    template = "This file is larger than the {limit} bytes that can be inspected here."


class InspectionStopped(InspectionError):
    """Reading it took more time or memory than a file may take."""

    code = "inspection-stopped"
    template = "The reading of this file was stopped: {reason}"
