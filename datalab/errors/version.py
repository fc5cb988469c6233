"""What can be wrong with a version of a dataset: a release, a comparison, a way back."""

from __future__ import annotations

from collections.abc import Iterable

from datalab.errors.lake import LakeError
from datalab.errors.root import nearest


class UnknownRelease(LakeError):
    """No release of that name; ``known`` are those that there are."""

    code = "unknown-release"
    status = 404
    template = (
        "Dataset '{dataset}' has no release '{release}'. Its releases: {known}. "
        "Without a release or a snapshot, the newest snapshot is read."
    )

    def __init__(self, dataset: str, release: str, known: Iterable[str]) -> None:
        names = list(known)
        close = nearest(release, names)
        # The nearest first: it is what was meant most often.
        names.sort(key=lambda name: name != close)
        super().__init__(dataset=dataset, release=release[:80], known=", ".join(names[:20]) or "–")


class UnmaskedRelease(LakeError):
    """A release whose table does not fit the mask that this reader reads through."""

    code = "unmasked-release"
    status = 404
    template = (
        "Release '{release}' of '{dataset}' cannot be shown through the mask that you read it "
        "with: its table had other columns. Releases that can: {known}. Whoever answers for the "
        "dataset can grant the whole table."
    )


class ReleaseRefused(LakeError):
    """A release that cannot be made."""

    code = "release-refused"
    status = 409
    template = "The release '{release}' of '{dataset}' cannot be made: {reason}."


class TwoVersions(LakeError):
    """A snapshot and a release that name two different states."""

    code = "two-versions"
    status = 400
    template = (
        "Release '{release}' of '{dataset}' is snapshot {of_release}, and snapshot {snapshot} was "
        "asked for beside it. Ask for one of them."
    )


class RollbackRefused(LakeError):
    """Earlier rows that may not stand in front again."""

    code = "rollback-refused"
    status = 409
    template = "'{dataset}' cannot go back to snapshot {snapshot}: {reason}."


class NothingHeld(LakeError):
    """No change of this dataset waits for the end of its notice."""

    code = "nothing-held"
    status = 409
    template = (
        "No change of '{dataset}' waits for the end of a notice: there is nothing to publish "
        "earlier. 'datalab snapshots {dataset}' lists what is published."
    )
