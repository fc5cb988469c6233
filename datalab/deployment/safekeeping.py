"""A backup that is trusted: read again before an older one goes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from datalab.deployment.backup import Report, backup
from datalab.deployment.restore import verify
from datalab.errors import BackupFailed, BackupUnreadable
from datalab.i18n import Phrase
from datalab.settings import Settings

# What ``backup`` calls a file in a folder; nothing else in that folder is ever removed.
OWN = re.compile(r"^datalab-\d{4}-\d\d-\d\d-\d{6}\.tar$")


@dataclass(frozen=True)
class Kept:
    """The new backup, whether it was read again, and the older ones that went for it."""

    report: Report
    verified: bool
    gone: tuple[Path, ...]


def keep_safe(
    settings: Settings,
    target: Path,
    now: float,
    *,
    homes: bool = True,
    verified: bool = False,
    keep: int | None = None,
) -> Kept:
    """Back up, read the file again where asked to, then leave only the ``keep`` newest.

    Older backups go only once the new one has been read again from the first byte to the last, so
    ``keep`` reads it too.

    Raises
    ------
    BackupFailed
        as ``backup`` does; where ``keep`` comes without a folder; or where what was written reads
        otherwise: the file is then removed, and no older one.
    """
    if keep is not None and not target.is_dir():
        reason = Phrase("only backups in a folder can be counted: name a folder that exists")
        raise BackupFailed(path=str(target), reason=reason)
    report = backup(settings, target, now, homes=homes)
    if not verified and keep is None:
        return Kept(report, False, ())
    try:
        verify(report.path)
    except BackupUnreadable as error:
        report.path.unlink(missing_ok=True)
        reason = Phrase("what was written there reads otherwise; the disk may be failing")
        raise BackupFailed(path=str(report.path), reason=reason) from error
    return Kept(report, True, _leave(target, keep, report.path) if keep is not None else ())


def _leave(folder: Path, keep: int, newest: Path) -> tuple[Path, ...]:
    """Remove all but the newest; the one just written stays, whatever the clock said before."""
    older = sorted(
        path
        for path in folder.iterdir()
        if OWN.match(path.name) and path.name != newest.name and path.is_file()
        if not path.is_symlink()
    )
    gone = tuple(older[: max(0, len(older) - (keep - 1))])
    for path in gone:
        path.unlink(missing_ok=True)
    return gone
