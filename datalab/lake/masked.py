"""What one audience reads of a restricted table: a table of its own, in a lake of its own.

A mask is applied when a table is published, never when it is read: the server of a masked reader
has no file that holds more. A masked lake follows its whole one. Where a mask changes, its lake
begins anew, so that no earlier snapshot tells more than the mask of now.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from datalab.catalog.dataset import Dataset, Mask
from datalab.catalog.mask import Rule
from datalab.catalog.variant import told, variant_of
from datalab.lake import metadata
from datalab.lake.commit import Origin
from datalab.lake.connection import identifier, literal
from datalab.lake.index import Entry, read_folder
from datalab.lake.layout import MASKED, LakeFolder, folder, folders, sync_folder
from datalab.lake.masked_release import to_mask
from datalab.lake.metadata import Commit
from datalab.lake.record import RunRecord
from datalab.lake.register import write_index, write_record
from datalab.lake.release import mirror

if TYPE_CHECKING:
    from datalab.lake.writer import Writer

LOG = logging.getLogger("datalab.lake")
LETTERS = 24  # of a pseudonym: 96 bits, so that two of 42 million values never share one
NAMING = ("audience", "masks", "overlap")  # keys that say who reads what
BLOCK = 64  # bytes, of SHA-256 in HMAC (RFC 2104)


class Masks:
    """The masked lakes beside those of a writer. ``key`` gives the lab's key of pseudonyms."""

    def __init__(self, writer: Writer, key: Callable[[], bytes]) -> None:
        self.writer, self.key = writer, key

    def settle_all(self) -> None:
        """Bring every masked lake to the state of its whole one; the caller healed both."""
        places = folders(self.writer.lake)
        whole = {place.name: place for place in places if place.mask is None}
        for place in places:
            if place.mask is not None and place.name.partition(MASKED)[0] not in whole:
                self.remove(place)
        for place in whole.values():
            if place.name.startswith("restricted-"):
                self.settle(place)

    def settle(self, place: LakeFolder) -> None:
        """Make the masked lakes beside ``place`` say what it says. Harmless where they do."""
        if not place.name.startswith("restricted-"):
            return  # only these have any, and looking at each of a thousand datasets takes a second
        wanted: set[str] = set()
        for entry in read_folder(place).values():
            dataset = Dataset.from_json(entry.dataset)
            for mask in dataset.masks if place.name == dataset.lake else ():
                name = f"{place.name}{MASKED}{mask.name}"
                wanted.add(name)
                masked = folder(self.writer.lake, name)
                try:
                    self._follow(place, entry, dataset, mask, masked)
                except (duckdb.Error, ValueError):
                    # Nothing is shown rather than what an earlier mask let through.
                    LOG.exception("mask %s cannot be applied; its lake is emptied", name)
                    self.empty(masked)
        for other in folders(self.writer.lake):
            if other.name.startswith(f"{place.name}{MASKED}") and other.name not in wanted:
                self.remove(other)
        mirror(self.writer.lake, self.writer.writer, place)

    def _follow(
        self, place: LakeFolder, entry: Entry, dataset: Dataset, mask: Mask, masked: LakeFolder
    ) -> None:
        shown = variant_of(dataset, mask)
        known = self._entry(masked, dataset.id)
        changed = known is not None and known.dataset.get("masks") != shown.as_json()["masks"]
        if changed or _lost(masked):
            self.empty(masked)
            known = None
        if entry.good is None:
            self.empty(masked)
            return
        good = _told(entry.good, dataset, mask)
        # A run can be published again (rolled back to, moved along): its snapshot tells them apart.
        good = good.with_(definition=f"{good.definition}@{good.run_id}@{good.snapshot}")
        there = (known.good or {}) if known else {}
        for commit in to_mask(place, entry, dataset, mask, known):
            source = _origin(place, entry, dataset, mask, self.key, commit)
            record = _told(commit.facts, dataset, mask).with_(definition=None)
            self.writer.publish_masked(masked, shown, source, record)
            there = {}  # what stands in front is published after it
        if there.get("definition") != good.definition or not masked.catalog.is_file():
            source = _origin(place, entry, dataset, mask, self.key)
            self.writer.publish_masked(masked, shown, source, good)
        self._mirror(masked, shown, _told(entry.record or entry.good, dataset, mask))

    def describe(self, dataset: Dataset) -> None:
        """Take over whom a dataset's file names now, before anything else is done with it: a right
        that was taken away does not wait for a source that cannot be reached."""
        place = folder(self.writer.lake, dataset.lake)
        entries = read_folder(place)
        entry = entries.get(dataset.id)
        if entry is None:
            return
        now = dataset.as_json()
        said = {key: now[key] for key in NAMING if key in now}
        if said != {key: entry.dataset[key] for key in NAMING if key in entry.dataset}:
            rest = {key: value for key, value in entry.dataset.items() if key not in NAMING}
            entries[dataset.id] = replace(entry, dataset={**rest, **said})
            write_index(place, entries)
        if place.name.startswith("restricted-"):
            self.settle(place)

    def _mirror(self, masked: LakeFolder, shown: Dataset, record: RunRecord) -> None:
        """The last run and the description of now, as those of the whole table changed."""
        entries = read_folder(masked)
        known = entries[shown.id]
        before = known.record or {}
        told_now = record.with_(snapshot=(known.good or {}).get("snapshot"))
        if before.get("run_id") == record.run_id and known.dataset == shown.as_json():
            return
        entries[shown.id] = Entry(
            known.lake, shown.as_json(), told_now.as_json(), known.good, known.snapshots
        )
        if before.get("run_id") != record.run_id:
            write_record(masked, told_now)
        write_index(masked, entries)

    @staticmethod
    def _entry(masked: LakeFolder, dataset: str) -> Entry | None:
        try:
            return read_folder(masked).get(dataset)
        except (ValueError, KeyError):
            return None

    def empty(self, masked: LakeFolder) -> None:
        """Take everything out of a masked lake: files, history, records.

        The folder itself stays: rooms that show it would otherwise go on showing the lost one.
        """
        for path in (masked.index, masked.catalog):
            path.unlink(missing_ok=True)
        for path in masked.root.iterdir() if masked.root.is_dir() else ():
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        self.writer.working.forget(masked.name)
        if masked.root.is_dir():
            sync_folder(masked.root)

    def remove(self, masked: LakeFolder) -> None:
        """A mask that nobody has any more."""
        self.empty(masked)
        if masked.root.is_dir():
            masked.root.rmdir()


def _lost(masked: LakeFolder) -> bool:
    """Whether files that a snapshot names are gone; unlike a whole table's, they can be made."""
    if not masked.catalog.is_file():
        return False
    return not all((masked.data / name).is_file() for name in metadata.files(masked.catalog))


def _told(record: dict[str, object], dataset: Dataset, mask: Mask) -> RunRecord:
    """A run as readers of a mask are told of it: no value, and no digest of the whole file."""
    found = RunRecord.from_json(dict(record))
    error = {"code": found.error.get("code")} if found.error else None
    validation = told(found.validation, dataset, mask) if found.validation else None
    return found.with_(validation=validation, sha256=None, error=error)


def _origin(
    place: LakeFolder,
    entry: Entry,
    dataset: Dataset,
    mask: Mask,
    key: Callable[[], bytes],
    then: Commit | None = None,
) -> Origin:
    """The masked rows of the table that stands in ``place``, or stood there ``then``."""
    attach = (
        f"ATTACH {literal(f'ducklake:{place.catalog}')} AS staged (READ_ONLY, DATA_PATH "
        f"{literal(f'{place.data}/')}, OVERRIDE_DATA_PATH true)"
    )
    picked = []
    for name, column in dataset.columns.items():
        rule = mask.rules.get(name)
        if rule is None or rule.kind == "show":
            picked.append(identifier(name))
        elif rule.kind != "hide":
            if not rule.fits(column.type):
                raise ValueError(f"{rule.kind} does not fit {column.type}")
            made = expression(name, column.type, rule, lambda: _own_key(key(), dataset))
            picked.append(f"{made} AS {identifier(name)}")
    if not picked:
        raise ValueError("the mask leaves no column")
    theme = entry.theme if then is None else str(then.facts["description"]["theme"])
    table = f"staged.{identifier(theme)}.{identifier(entry.sql_name)}"
    if then is not None:
        table = f"{table} AT (VERSION => {int(then.snapshot)})"
    return Origin(attach, f"(SELECT {', '.join(picked)} FROM {table})")  # noqa: S608


def expression(name: str, type_: str, rule: Rule, key: Callable[[], bytes]) -> str:
    """The SQL of a masked column. ``key`` is asked for where pseudonyms are made."""
    column = identifier(name)
    if rule.kind == "null":
        return f"CAST(NULL AS {type_})"
    if rule.kind == "year":
        return f"CAST(year({column}) AS INTEGER)"
    if rule.kind == "month":
        return f"strftime({column}, '%Y-%m')"
    if rule.kind == "first":
        return f"left({column}, {int(rule.amount)})"
    if rule.kind == "round":
        step = f"CAST({rule.amount} AS DOUBLE)"
        return f"CAST(round(CAST({column} AS DOUBLE) / {step}) * {step} AS {type_})"
    if rule.kind == "pseudonym":
        return _pseudonym(column, key())
    raise ValueError(rule.kind)


def _pseudonym(column: str, key: bytes) -> str:
    """HMAC-SHA256 (RFC 2104) of the value's text, which DuckDB has no function for."""
    inner, outer = (bytes(b ^ pad for b in key.ljust(BLOCK, b"\0")) for pad in (0x36, 0x5C))
    text = f"encode(CAST({column} AS VARCHAR))"
    first = f"unhex(sha256({_blob(inner)} || {text}))"
    return f"left(sha256({_blob(outer)} || {first}), {LETTERS})"


def _blob(value: bytes) -> str:
    return "'" + "".join(f"\\x{byte:02X}" for byte in value) + "'::BLOB"


def _own_key(key: bytes, dataset: Dataset) -> bytes:
    """One key for each dataset: the pseudonyms of two cannot be joined."""
    return hmac.new(key, f"mask {dataset.id}".encode(), hashlib.sha256).digest()


def no_key() -> bytes:
    """Where no key was given: a mask with pseudonyms is then not published."""
    raise ValueError("there is no key to make pseudonyms with")


def key_in(folder: Path, secret: Callable[[Path, str], str]) -> Callable[[], bytes]:
    """The lab's key, made when the first pseudonym is."""

    def key() -> bytes:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return secret(folder, "mask_key").encode()

    return key
