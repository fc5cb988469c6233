"""An earlier snapshot of a dataset in front again: the order of its steps, for every door."""

from __future__ import annotations

from datetime import datetime

from datalab.errors import UnknownDataset
from datalab.isolation.private import secret
from datalab.lake.index import read_index
from datalab.lake.masked import key_in
from datalab.lake.record import RunRecord
from datalab.lake.rollback import roll_back
from datalab.lake.writer import Writer
from datalab.settings import Settings


def restore(
    settings: Settings,
    dataset: str,
    to: int | None,
    author: str,
    note: str,
    now: datetime,
    *,
    wait: float = 0,
) -> RunRecord:
    """Publish snapshot ``to`` again, the one before the newest where none is named.

    Raises
    ------
    UnknownDataset, UnknownSnapshot, RollbackRefused
    LakeBusy
        where another process writes for longer than ``wait`` seconds.
    """
    key = key_in(settings.secrets, secret)
    with Writer(settings.lake, settings.writer, author, wait, key, settings.worked_in) as writer:
        writer.heal()
        entries = read_index(settings.lake)
        entry = entries.get(dataset) or entries.get(dataset.replace("_", "-"))
        if entry is None:
            raise UnknownDataset(dataset, entries)
        return roll_back(writer, entry, to, author, note, now)
