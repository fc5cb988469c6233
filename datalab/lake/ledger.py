"""What a writer has noted of runs that published nothing, until the index of their lake says it.

An index lists every dataset of its lake. Written anew after each of a thousand datasets in which
nothing is new, it would be written a thousand times; so it is written after an eighth of them. A
record and its line of history are files of their own and are never put off: what a killed writer
left unwritten is only which of them is the latest.
"""

from __future__ import annotations

from datalab.lake.index import Entry, read_folder
from datalab.lake.layout import LakeFolder
from datalab.lake.register import write_index

SHARE = 8  # of the datasets of a lake, one in so many may wait


class Ledger:
    """The entries that wait, by lake. The holder of the lock of the lake alone has one."""

    def __init__(self) -> None:
        self._waiting: dict[LakeFolder, dict[str, Entry]] = {}

    def entry(self, place: LakeFolder, dataset: str) -> Entry | None:
        waiting = self._waiting.get(place, {}).get(dataset)
        return waiting if waiting is not None else read_folder(place).get(dataset)

    def put(self, place: LakeFolder, entry: Entry) -> None:
        """Let ``entry`` wait, and write the index where many do."""
        waiting = self._waiting.setdefault(place, {})
        waiting[entry.id] = entry
        if len(waiting) * SHARE >= len(read_folder(place)):
            self.settle(place)

    def settle(self, place: LakeFolder, *more: Entry) -> None:
        """Write the index of a lake with ``more`` and whatever waits for it."""
        waiting = self._waiting.pop(place, {})
        waiting |= {entry.id: entry for entry in more}
        if waiting:
            write_index(place, {**read_folder(place), **waiting})

    def settle_all(self) -> None:
        for place in list(self._waiting):
            self.settle(place)
