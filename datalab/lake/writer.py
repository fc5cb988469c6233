"""The one writer: publishes staged tables as snapshots and keeps what readers see whole.

The working metadata lie outside every published folder. A publish commits there first, then puts
an immutable copy in place with one rename; a reader has the old copy or the new one. Whatever a
killed writer left undone, the next one finishes (``heal``).
"""

from __future__ import annotations

import filecmp
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType

import duckdb

from datalab.catalog.dataset import Dataset
from datalab.lake import metadata
from datalab.lake.accumulation import WHOLE
from datalab.lake.commit import Origin, commit
from datalab.lake.connection import connect, identifier, literal
from datalab.lake.index import Entry, read_folder
from datalab.lake.layout import MASKED, LakeFolder, folder, folders, require_own, sync_folder
from datalab.lake.ledger import Ledger
from datalab.lake.lock import Lock
from datalab.lake.masked import Masks, no_key
from datalab.lake.raw import Reject
from datalab.lake.record import RunRecord
from datalab.lake.register import forget, rebuild, register, since_when
from datalab.lake.release import forget as forget_releases
from datalab.lake.retention import remove_orphans
from datalab.lake.stage import Staged


class Writer:
    """Context manager that holds the lock of the lake.

    Parameters
    ----------
    lake, writer
        the published lakes and the folder of the working metadata.
    owner
        who is writing, for whoever finds the lake busy.
    wait
        seconds to wait for another writer.
    key
        gives the lab's key, of which masks make pseudonyms.

    Raises
    ------
    LakeBusy
        on entering, where another process writes.
    LakeIsCopy
        on entering, where another lab publishes what lies there.
    """

    def __init__(
        self,
        lake: Path,
        writer: Path,
        owner: str,
        wait: float = 0,
        key: Callable[[], bytes] = no_key,
    ) -> None:
        self.lake, self.writer = lake, writer
        self.masks = Masks(self, key)
        self._ledger = Ledger()
        self._lock = Lock(writer / "lock.json", owner, wait)
        self._connection: duckdb.DuckDBPyConnection | None = None

    def __enter__(self) -> Writer:
        require_own(self.lake)
        self._lock.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._discard()
            self._ledger.settle_all()
        finally:
            self._lock.__exit__(kind, error, trace)

    # -- what a refresh asks for ----------------------------------------------------------

    def publish(self, dataset: Dataset, staged: Staged, record: RunRecord) -> RunRecord:
        """Commit a staged table as a new snapshot and let readers see it.

        Returns
        -------
        record
            with the number of the snapshot.
        """
        place = self._place(dataset.lake)
        attach = f"ATTACH {literal(staged.path)} AS staged (READ_ONLY)"
        if staged.addition is None:
            source = Origin(attach, f"staged.{staged.table}", staged.parquet)
        else:
            source = Origin(attach, f"staged.{WHOLE}", addition=staged.addition)
        published = self._commit(place, dataset, source, record, staged.rejects)
        self.masks.settle(place)
        return published

    def republish(self, dataset: Dataset, source: Origin, record: RunRecord) -> RunRecord:
        """Commit rows that a lake holds already as a new snapshot."""
        place = self._place(dataset.lake)
        published = self._commit(place, dataset, source, record)
        self.masks.settle(place)
        return published

    def publish_masked(
        self, place: LakeFolder, shown: Dataset, source: Origin, record: RunRecord
    ) -> None:
        """Commit what one mask shows of a table to the lake of that mask."""
        self._place(place.name)
        self._commit(place, shown, source, record)

    def note(
        self, dataset: Dataset, record: RunRecord, rejects: Sequence[Reject] = ()
    ) -> RunRecord:
        """Write down a run that published nothing; the last good snapshot stands.

        Returns
        -------
        record
            with the snapshot that readers still see; an unchanged run repeats the verdict too,
            where it brings none of its own.
        """
        place = self._place(dataset.lake)
        entry = self._ledger.entry(place, dataset.id)
        record = since_when(record, entry)
        if entry is not None and entry.good is not None:
            good = RunRecord.from_json(entry.good)
            record = record.with_(snapshot=good.snapshot)
            if record.state == "unchanged":
                record = record.with_(
                    rows=good.rows,
                    rejected=good.rejected,
                    validation=record.validation or good.validation,
                    warning=good.warning
                    if record.validation is None
                    else bool(record.validation.warnings or record.validation.failed),
                )
        self._ledger.put(place, register(place, dataset, entry, record, rejects))
        self.masks.settle(place)
        return record

    def announce(self, datasets: Iterable[Dataset]) -> None:
        """Let readers see datasets that no refresh has met yet: described, and without rows."""
        new = [one for one in datasets if self.entry(one) is None]
        for name in sorted({one.lake for one in new}):
            told = (Entry(name, one.as_json()) for one in new if one.lake == name)
            self._ledger.settle(self._place(name), *told)

    def entry(self, dataset: Dataset) -> Entry | None:
        """What the index of its lake says of a dataset, or is about to."""
        return self._ledger.entry(folder(self.lake, dataset.lake), dataset.id)

    def good(self, dataset: Dataset) -> RunRecord | None:
        """The run that published what readers see of a dataset, or None."""
        entry = self.entry(dataset)
        return RunRecord.from_json(entry.good) if entry and entry.good else None

    def relocate(self, dataset: Dataset) -> list[str]:
        """Bring a dataset whose access changed to the lake of its access class.

        The last good table moves along; the old lake keeps nothing of it, no earlier snapshot,
        no record, no example value. Harmless where nothing changed, and after a kill half way.

        Returns
        -------
        lakes
            names of the lakes it was removed from.
        """
        left = []
        self._ledger.settle_all()
        self.masks.describe(dataset)
        for old in folders(self.lake):
            if old.name.partition(MASKED)[0] == dataset.lake:
                continue
            entry = read_folder(old).get(dataset.id)
            if entry is None:
                continue
            if old.mask is not None:
                self.masks.remove(old)
                continue
            if entry.good is not None and self.good(dataset) is None:
                self._move(old, entry, dataset)
            self._erase(old, entry)
            left.append(old.name)
        return left

    def heal(self) -> None:
        """Finish what a killed writer began, and remove what it left behind."""
        self.writer.mkdir(parents=True, exist_ok=True)
        names = {place.name for place in folders(self.lake)}
        names |= {path.stem for path in self.writer.glob("*.ducklake")}
        for name in sorted(names):
            place = folder(self.lake, name)
            working = self._working(place)
            for leftover in [
                *place.root.glob(".*"),
                *place.root.glob("re*/**/.*"),  # half-written records and rejects
                *self.writer.glob(f"{name}.erased*"),
            ]:
                leftover.unlink(missing_ok=True)
            if not self._sound(working):
                self._restore(working, place)
            if not working.is_file():
                continue
            if not place.catalog.is_file() or not filecmp.cmp(
                working, place.catalog, shallow=False
            ):
                self._put_in_place(working, place)
            rebuild(place, metadata.commits(working))
            remove_orphans(place, metadata.files(working))
        self.masks.settle_all()

    def replace_metadata(self, place: LakeFolder, prepared: Path) -> None:
        """Put metadata with less in them in place, for us, then for readers; then delete the files
        that no snapshot references any more."""
        working = self._working(place)
        prepared.replace(working)
        sync_folder(self.writer)
        self._put_in_place(working, place)
        rebuild(place, metadata.commits(working))
        remove_orphans(place, metadata.files(working))

    # -- how it is done -------------------------------------------------------------------

    def _place(self, name: str) -> LakeFolder:
        place = folder(self.lake, name)
        if name.startswith("restricted-"):
            # Closed to other accounts from its first moment; the hub opens it to single rooms.
            self.lake.mkdir(parents=True, exist_ok=True)
            place.root.mkdir(mode=0o700, exist_ok=True)
        place.data.mkdir(parents=True, exist_ok=True)
        return place

    def _working(self, place: LakeFolder) -> Path:
        return self.writer / f"{place.name}.ducklake"

    def _duckdb(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            self._connection = connect(temporary=self.writer / "spill")
        return self._connection

    def _commit(
        self,
        place: LakeFolder,
        dataset: Dataset,
        source: Origin,
        record: RunRecord,
        rejects: Sequence[Reject] = (),
    ) -> RunRecord:
        """One transaction: the whole table replaced, and the record in its commit; then seen."""
        working = self._working(place)
        try:
            own = commit(self._duckdb(), working, place, dataset, source, record)
        except BaseException:
            self._discard()
            raise
        self._put_in_place(working, place)
        published = record.with_(snapshot=own[0].snapshot)
        before = self._ledger.entry(place, dataset.id)
        self._ledger.settle(place, register(place, dataset, before, published, rejects, own))
        return published

    def _discard(self) -> None:
        """Give up a transaction with the connection that holds it."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _put_in_place(self, working: Path, place: LakeFolder) -> None:
        """Copy the working metadata over the published ones in one step.

        A write-ahead log beside the working file would hold commits that the copy lacks.
        """
        log = working.with_name(f"{working.name}.wal")
        if log.exists():
            metadata.recover(working)
        if log.exists():
            raise RuntimeError(f"{log.name} is still there: another connection holds the metadata")
        temporary = place.root / f".{place.catalog.name}.{os.getpid()}"
        place.data.mkdir(parents=True, exist_ok=True)
        with working.open("rb") as source, temporary.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
            target.flush()
            os.fsync(target.fileno())
        temporary.replace(place.catalog)
        sync_folder(place.root)

    def _move(self, old: LakeFolder, entry: Entry, dataset: Dataset) -> None:
        """Publish the table that stands in ``old`` as the first snapshot of its new lake."""
        record = RunRecord.from_json(entry.good or {})
        described = {**dataset.as_json(), **{k: entry.dataset[k] for k in ("theme", "columns")}}
        moved = Dataset.from_json({**described, "sql_name": dataset.sql_name})
        attach = (
            f"ATTACH {literal(f'ducklake:{old.catalog}')} AS staged (READ_ONLY, DATA_PATH "
            f"{literal(f'{old.data}/')}, OVERRIDE_DATA_PATH true)"
        )
        table = f"staged.{identifier(entry.theme)}.{identifier(entry.sql_name)}"
        self.republish(moved, Origin(attach, table), record.with_(moved_from=old.name))

    def _erase(self, old: LakeFolder, entry: Entry) -> None:
        working = self._working(old)
        forget_releases(self.writer, old, entry.id)
        if working.is_file():
            erased = self.writer / f"{old.name}.erased"
            metadata.erase(working, entry.id, entry.sql_name, erased)
            self.replace_metadata(old, erased)
        forget(old, entry.id)

    def _sound(self, working: Path) -> bool:
        """Whether the working metadata can be read, its write-ahead log written into it."""
        if not working.is_file():
            return False
        try:
            if working.with_name(f"{working.name}.wal").exists():
                metadata.recover(working)
            metadata.newest(working)
        except duckdb.Error:
            return False
        return True

    def _restore(self, working: Path, place: LakeFolder) -> None:
        """Begin again from the published copy where the working metadata are lost or broken."""
        if working.exists():
            working.replace(working.with_suffix(".broken"))
        working.with_name(f"{working.name}.wal").unlink(missing_ok=True)
        if place.catalog.is_file():
            temporary = working.with_suffix(".restored")
            shutil.copyfile(place.catalog, temporary)
            temporary.replace(working)
