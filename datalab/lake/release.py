"""Releases: named, citable snapshots of one dataset, kept beside the lake they belong to.

``releases.json`` of a lake's folder holds those of its datasets. A release never moves to another
snapshot and its name is never given twice; the clean-up leaves its snapshot alone. Snapshot numbers
are per lake, so a release says which lake its number belongs to.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from datalab.errors.version import ReleaseRefused, TwoVersions, UnknownRelease
from datalab.i18n import Phrase
from datalab.lake.index import Entry, read_folder
from datalab.lake.layout import MASKED, LakeFolder, folder, folders, write_json
from datalab.lake.lock import Lock

NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,38}[A-Za-z0-9])?")
LONGEST_NOTE = 2_000
MOST = 1_000  # releases of one dataset
PATIENCE = 15.0  # seconds to wait for whoever writes releases or cleans up


@dataclass(frozen=True)
class Release:
    """Snapshot ``snapshot`` of ``lake`` under a name; ``at`` is ISO 8601 in UTC."""

    dataset: str
    name: str
    lake: str
    snapshot: int
    at: str
    author: str
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def releases_file(place: LakeFolder) -> Path:
    """Where the releases of a lake lie."""
    return place.root / "releases.json"


def lock(writer: Path, owner: str) -> Lock:
    """Held by whoever names a snapshot, and by the clean-up while it decides what to remove."""
    return Lock(writer / "releases.lock.json", owner, PATIENCE)


def read_releases(place: LakeFolder) -> list[Release]:
    """The releases of one lake, in the order they were made; none where the file is not there."""
    try:
        document = json.loads(releases_file(place).read_bytes())
    except FileNotFoundError:
        return []
    known = {field.name for field in fields(Release)}
    return [
        Release(**{key: value for key, value in one.items() if key in known})
        for one in document["releases"]
    ]


def releases_of(lake: Path, entry: Entry) -> tuple[Release, ...]:
    """The releases of a dataset that can be read, newest first."""
    there = {known["snapshot"] for known in entry.snapshots}
    found = read_releases(folder(lake, entry.lake))
    return tuple(
        release
        for release in reversed(found)
        if release.dataset == entry.id and release.snapshot in there
    )


def all_releases(lake: Path) -> dict[str, tuple[Release, ...]]:
    """The releases of every lake that this process may read, by dataset, newest first."""
    found: dict[str, tuple[Release, ...]] = {}
    for place in folders(lake):
        for release in read_releases(place):
            found[release.dataset] = (release, *found.get(release.dataset, ()))
    return found


def named(releases: Iterable[Release], dataset: str, name: str) -> Release:
    """The release of that name; case does not matter.

    Raises
    ------
    UnknownRelease
        with the nearest name first.
    """
    listed = list(releases)
    for release in listed:
        if release.name.lower() == name.lower():
            return release
    raise UnknownRelease(dataset, name, [release.name for release in listed])


def pinned(releases: Iterable[Release], dataset: str, name: str, snapshot: int | None) -> int:
    """The snapshot of the release of that name.

    Raises
    ------
    UnknownRelease
        with the nearest name first.
    TwoVersions
        where ``snapshot`` is another one.
    """
    found = named(releases, dataset, name)
    if snapshot is not None and snapshot != found.snapshot:
        raise TwoVersions(
            dataset=dataset, release=found.name, of_release=found.snapshot, snapshot=snapshot
        )
    return found.snapshot


def make(
    lake: Path,
    writer: Path,
    entry: Entry,
    name: str,
    snapshot: int,
    at: str,
    author: str,
    note: str,
) -> Release:
    """Give a snapshot a name for ever.

    Asking twice for the same name and snapshot is harmless and gives the first release back.

    Raises
    ------
    ReleaseRefused
        with what is wrong with the name, the note or the snapshot.
    LakeBusy
        where somebody else holds the releases for long.
    """

    def refused(reason: Phrase) -> ReleaseRefused:
        return ReleaseRefused(dataset=entry.id, release=name[:80], reason=reason)

    # Digits alone would be taken for the number of a snapshot.
    if not NAME.fullmatch(name) or name.isdigit():
        raise refused(
            Phrase(
                "a name has 1 to 40 letters without accents, digits, '.', '-' or '_', and not "
                "digits alone: 2026-1"
            )
        )
    if not note.strip() or len(note) > LONGEST_NOTE:
        raise refused(
            Phrase("say in a note of at most {most} characters what it is for", most=LONGEST_NOTE)
        )
    with lock(writer, author):
        place = folder(lake, entry.lake)
        now = read_folder(place).get(entry.id)
        if now is None or snapshot not in {known["snapshot"] for known in now.snapshots}:
            raise refused(Phrase("snapshot {snapshot} is not there any more", snapshot=snapshot))
        listed = read_releases(place)
        own = [release for release in listed if release.dataset == entry.id]
        for release in own:
            if release.name.lower() == name.lower():
                if release.snapshot == snapshot:
                    return release
                raise refused(
                    Phrase(
                        "that name is given to snapshot {snapshot} for ever; choose another one",
                        snapshot=release.snapshot,
                    )
                )
        if len(own) >= MOST:
            raise refused(Phrase("a dataset has {most} releases at most", most=MOST))
        made = Release(entry.id, name, entry.lake, snapshot, at, author, note.strip())
        write_releases(place.root, [*listed, made])
    mirror(lake, writer, place)
    return made


def mirror(lake: Path, writer: Path, place: LakeFolder) -> None:
    """Write beside each masked table of ``place`` which of its snapshots its releases are.

    A room that shows a masked lake shows nothing of the whole one: its ``releases.json`` has the
    names of the whole table and snapshots of its own. Both stand for the same run.
    """
    masked = [one for one in folders(lake) if one.name.startswith(f"{place.name}{MASKED}")]
    if masked:
        with lock(writer, "datalab"):
            _mirror(place, masked)


def _mirror(place: LakeFolder, masked: Iterable[LakeFolder]) -> None:
    listed, whole = read_releases(place), read_folder(place)
    for one in masked:
        found = list(_standing(listed, whole, read_folder(one), one.name))
        if found != read_releases(one):
            write_releases(one.root, found)


def _standing(
    listed: list[Release], whole: dict[str, Entry], masked: dict[str, Entry], lake: str
) -> Iterator[Release]:
    for release in listed:
        run = run_of(whole.get(release.dataset), release.snapshot)
        entry = masked.get(release.dataset)
        for known in entry.snapshots if entry and run else ():
            if known["run_id"] == run:
                yield replace(release, lake=lake, snapshot=int(known["snapshot"]))
                break


def run_of(entry: Entry | None, snapshot: int) -> str | None:
    """The run that published a snapshot of a dataset."""
    for known in entry.snapshots if entry else ():
        if known["snapshot"] == snapshot:
            return str(known["run_id"])
    return None


def forget(writer: Path, place: LakeFolder, dataset: str) -> None:
    """Remove the releases of a dataset whose whole history leaves a lake."""
    _change(writer, place, lambda listed: [one for one in listed if one.dataset != dataset])


def _change(
    writer: Path, place: LakeFolder, edit: Callable[[list[Release]], list[Release]]
) -> None:
    if not releases_file(place).is_file():
        return
    with lock(writer, "datalab"):
        before = read_releases(place)
        after = edit(before)
        if after != before:
            write_releases(place.root, after)


def write_releases(root: Path, listed: list[Release]) -> None:
    """Put the releases of the lake folder ``root`` in place."""
    path = releases_file(LakeFolder(root))
    write_json(path, {"releases": [one.as_json() for one in listed]})
