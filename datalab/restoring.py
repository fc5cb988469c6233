"""An earlier snapshot of a dataset in front again: the order of its steps, for every door."""

from __future__ import annotations

from datetime import datetime

from datalab.errors import UnknownDataset
from datalab.lake.index import read_index
from datalab.lake.record import RunRecord
from datalab.lake.rollback import roll_back
from datalab.publisher import publisher
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
    with publisher(settings, author, wait) as writer:
        writer.heal()
        entries = read_index(settings.lake)
        entry = entries.get(dataset) or entries.get(dataset.replace("_", "-"))
        if entry is None:
            raise UnknownDataset(dataset, entries)
        return roll_back(writer, entry, to, author, note, now)
