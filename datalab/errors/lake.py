"""What the lake, its one writer and its readers can answer."""

from __future__ import annotations

from datalab.errors.root import DatalabError


class LakeError(DatalabError):
    code = "lake"


class LakeBusy(LakeError):
    """Another process is the writer."""

    code = "lake-busy"
    status = 409
    template = (
        "Another refresh is writing to the lake: process {pid} of {owner}, since {since}. "
        "Wait for it to end, or stop it, then try again."
    )


class LakeDatabaseAway(LakeError):
    """The PostgreSQL of the working metadata cannot be reached."""

    code = "lake-database-away"
    status = 503
    template = (
        "The database {database}, in which this lake is worked on, does not answer: {reason}. "
        "Nothing is lost: readers read what is published. Try again once it answers."
    )


class LakeDatabaseTaken(LakeError):
    """The database named for this lake belongs to another one."""

    code = "lake-database-taken"
    status = 409
    template = (
        "The database {database} holds the working metadata of another lake already, and nothing "
        "was changed. Name a new, empty one in DATALAB_LAKE_DATABASE."
    )


class LakeInDatabase(LakeError):
    """The lake is worked on in a database that this lab does not name."""

    code = "lake-in-database"
    status = 409
    template = (
        "This lake is worked on in the database {database}. Name it in DATALAB_LAKE_DATABASE; or, "
        "where nobody publishes with it any more, run 'datalab migrate --lake-to-files'."
    )


class LakeEmpty(LakeError):
    code = "lake-empty"
    status = 503
    template = "There is no published data in {path} yet. Run 'datalab refresh --all' first."


class NotPublished(LakeError):
    code = "not-published"
    status = 404
    template = (
        "Dataset '{dataset}' is in the catalog but has no published snapshot yet: {reason}. "
        "Its page says what stands in the way."
    )


class UnknownSnapshot(LakeError):
    code = "unknown-snapshot"
    status = 404
    template = (
        "Dataset '{dataset}' has no snapshot {snapshot}. "
        "It has: {known}. 'datalab snapshots {dataset}' lists them."
    )


class QueryRefused(LakeError):
    """Somebody's SQL could not be run."""

    code = "query-refused"
    status = 400
    template = "This query cannot be run: {reason}"


class RefreshFailed(LakeError):
    """An error of the lab itself; its trace is in the log under the run id."""

    code = "internal"
    template = (
        "Dataset '{dataset}' could not be refreshed because of an error in the lab itself, not in "
        "the data. The last good snapshot stays. The operator finds run {run_id} in the log."
    )


class RefresherRunning(LakeError):
    code = "refresher-running"
    status = 409
    template = (
        "A refresher already runs here: process {pid}, since {since}. "
        "Stop it first, or let it do its work."
    )
