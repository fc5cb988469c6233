"""The one writer: publishes staged tables as snapshots and keeps what readers see whole.

The working metadata lie outside every published folder. A publish commits there first, then puts
an immutable copy in place with one rename; a reader has the old copy or the new one. Whatever a
killed writer left undone, the next one finishes (``heal``). Where the working metadata are in a
database, there may be a writer on each of several machines: they take turns, a commit at a time.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

import duckdb

from datalab.catalog.dataset import Dataset
from datalab.lake import metadata
from datalab.lake.accumulation import WHOLE
from datalab.lake.commit import Origin, commit
from datalab.lake.connection import connect, give_up, identifier, literal
from datalab.lake.index import Entry, read_folder
from datalab.lake.layout import MASKED, LakeFolder, folder, folders, require_own
from datalab.lake.ledger import Ledger
from datalab.lake.lock import Lock
from datalab.lake.masked import Masks, no_key
from datalab.lake.metadata import Commit
from datalab.lake.raw import Reject
from datalab.lake.record import RunRecord
from datalab.lake.register import forget, rebuild, register, since_when
from datalab.lake.release import forget as forget_releases
from datalab.lake.retention import remove_orphans
from datalab.lake.stage import Staged
from datalab.lake.turn import in_turn
from datalab.lake.working import EXPORTED, worked_in

TRIES, PAUSE = 8, 0.5  # seconds


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
    database
        address of the PostgreSQL of the working metadata; files in ``writer`` without one.

    Raises
    ------
    LakeBusy
        on entering, where another process writes.
    LakeIsCopy
        on entering, where another lab publishes what lies there.
    LakeInDatabase
        on entering, where the lake is worked on in a database that was not named.
    LakeDatabaseTaken, LakeDatabaseAway
    """

    def __init__(
        self,
        lake: Path,
        writer: Path,
        owner: str,
        wait: float = 0,
        key: Callable[[], bytes] = no_key,
        database: str = "",
    ) -> None:
        self.lake, self.writer = lake, writer
        self.working = worked_in(database, lake, writer, owner)
        self.masks = Masks(self, key)
        self._ledger = Ledger()
        self._lock = Lock(writer / "lock.json", owner, wait)
        self._connection: duckdb.DuckDBPyConnection | None = None

    def __enter__(self) -> Writer:
        require_own(self.lake)
        self._lock.__enter__()
        try:
            self.working.enter()
        except BaseException:
            self._lock.__exit__(None, None, None)
            raise
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
            self.working.close()
            self._lock.__exit__(kind, error, trace)

    # -- what a refresh asks for ----------------------------------------------------------

    @in_turn
    def publish(self, dataset: Dataset, staged: Staged, record: RunRecord) -> RunRecord:
        """Commit a staged table as a new snapshot and let readers see it.

        Returns
        -------
        record
            with the number of the snapshot.
        """
        attach = f"ATTACH {literal(staged.path)} AS staged (READ_ONLY)"
        if staged.addition is None:
            source = Origin(attach, f"staged.{staged.table}", staged.parquet)
        else:
            source = Origin(attach, f"staged.{WHOLE}", addition=staged.addition)
        if self._published_meanwhile(dataset, record):
            return self.note(dataset, record.with_(state="unchanged"))
        return self.republish(dataset, source, record, staged.rejects)

    @in_turn
    def republish(
        self, dataset: Dataset, source: Origin, record: RunRecord, rejects: Sequence[Reject] = ()
    ) -> RunRecord:
        """Commit rows that lie in a database already as a new snapshot."""
        place = self._place(dataset.lake)
        published = self._commit(place, dataset, source, record, rejects)
        self.masks.settle(place)
        return published

    def publish_masked(
        self, place: LakeFolder, shown: Dataset, source: Origin, record: RunRecord
    ) -> None:
        """Commit what one mask shows of a table to the lake of that mask."""
        self._place(place.name)
        self._commit(place, shown, source, record)

    @in_turn
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
        if not self.working.single:  # somebody else may publish before this would be written
            self._ledger.settle(place)
        self.masks.settle(place)
        return record

    @in_turn
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

    @in_turn
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

    @in_turn
    def heal(self) -> None:
        """Finish what a killed writer began, and remove what it left behind."""
        self.writer.mkdir(parents=True, exist_ok=True)
        names = {place.name for place in folders(self.lake)} | self.working.names()
        for name in sorted(names):
            place = folder(self.lake, name)
            for leftover in [
                *place.root.glob(".*"),
                *place.root.glob("re*/**/.*"),  # half-written records and rejects
                *self.writer.glob(f"{name}.erased*"),
                *self.writer.glob(f"{name}{EXPORTED}*"),
            ]:
                leftover.unlink(missing_ok=True)
            self.working.finish(place)
            self._follow(place)
        self.masks.settle_all()

    @in_turn
    def replace_metadata(self, place: LakeFolder, prepared: Path) -> None:
        """Put metadata with less in them in place, for us, then for readers; then delete the files
        that no snapshot references any more."""
        self.working.replace(place, prepared)
        self._follow(place)

    def turn(self) -> AbstractContextManager[None]:
        """Held while one decides what to change, and changes it."""
        return self.working.turn()

    # -- how it is done -------------------------------------------------------------------

    def _place(self, name: str) -> LakeFolder:
        place = folder(self.lake, name)
        if name.startswith("restricted-"):
            # Closed to other accounts from its first moment; the hub opens it to single rooms.
            self.lake.mkdir(parents=True, exist_ok=True)
            place.root.mkdir(mode=0o700, exist_ok=True)
        place.data.mkdir(parents=True, exist_ok=True)
        return place

    def _duckdb(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            spill = self.writer / "spill"
            self._connection = connect(temporary=spill, extensions=self.working.extensions)
            self.working.prepare(self._connection)
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
        self.working.settle(place)
        own = self._tried(place, dataset, source, record)
        self.working.show(place)
        published = record.with_(snapshot=own[0].snapshot)
        before = self._ledger.entry(place, dataset.id)
        self._ledger.settle(place, register(place, dataset, before, published, rejects, own))
        return published

    def _tried(
        self, place: LakeFolder, dataset: Dataset, source: Origin, record: RunRecord
    ) -> list[Commit]:
        """The commit, again where somebody else who has the database open was quicker."""
        for left in reversed(range(TRIES)):
            try:
                target = self.working.attachment(place)
                return commit(self._duckdb(), target, place, dataset, source, record)
            except duckdb.Error as error:
                self._discard()
                self.working.tell(error)
                if not left or not isinstance(error, duckdb.TransactionException):
                    raise
                time.sleep(random.uniform(0, PAUSE))  # noqa: S311  # nobody has to guess it
            except BaseException:
                self._discard()
                raise
        raise AssertionError

    def _published_meanwhile(self, dataset: Dataset, record: RunRecord) -> bool:
        """Whether a writer elsewhere published the same file by the same rules since it began."""
        good = self.good(dataset)
        return (
            not self.working.single
            and good is not None
            and good.finished_at >= record.started_at
            and (good.sha256, good.definition) == (record.sha256, record.definition)
        )

    def _follow(self, place: LakeFolder) -> None:
        """Make index, records and files say what the published metadata say."""
        if place.catalog.is_file():
            rebuild(place, metadata.commits(place.catalog))
            remove_orphans(place, metadata.files(place.catalog))

    def _discard(self) -> None:
        """Give up a transaction with the connection that holds it."""
        if self._connection is not None:
            give_up(self._connection)
            self._connection = None

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
        forget_releases(self.writer, old, entry.id)
        with self.working.current(old) as current:
            if current is not None:
                erased = self.writer / f"{old.name}.erased"
                metadata.erase(current, entry.id, entry.sql_name, erased)
                self.replace_metadata(old, erased)
        forget(old, entry.id)
