"""From the depot to a copy of the lakes on this machine, read like any other.

Data files come first, then records, the metadata, and the index last: a reader that attaches
meanwhile has the earlier state or the new one. Each file is checked by its hash before it is seen.
"""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from datalab.depot.ledger import Ledger, files_below
from datalab.depot.manifest import Manifest
from datalab.depot.objects import Missing, Objects
from datalab.depot.shipping import TRIES, Moved
from datalab.errors import DepotBroken, DepotEmpty
from datalab.i18n import Phrase
from datalab.lake.layout import CLASS, LakeFolder, folder, folders, mark_copy, sync_folder


def pull(lake: Path, ledgers: Path, objects: Objects) -> list[Moved]:
    """Bring the copies under ``lake`` up to date.

    Only access classes that the credentials may list come; one that is no more there goes here
    too. A lake that has a copy in it is marked, and refuses writers.

    Raises
    ------
    DepotAway, DepotBroken
    DepotEmpty
        where nothing at all lies there any more. No lab leaves a place so: the copy stays.
    """
    names = [name for name in objects.names() if CLASS.match(name)]
    here = folders(lake)
    if here and not names:
        raise DepotEmpty(depot=objects.address)
    lake.mkdir(parents=True, exist_ok=True, mode=0o755)
    mark_copy(lake, objects.address)
    moved, there = [], set()
    for name in names:
        ledger = Ledger.of(ledgers, name)
        done, found = _fetch(folder(lake, name), ledger, objects)
        there |= {name} if found else set()
        moved += [done] if done else []
    for place in here:
        if place.name not in there:
            _remove(place)
            (ledgers / f"{place.name}.json").unlink(missing_ok=True)
    return moved


def _fetch(place: LakeFolder, ledger: Ledger, objects: Objects) -> tuple[Moved | None, bool]:
    for _ in range(TRIES):
        here = place.index.is_file()
        if here and ledger.mark and objects.mark(place.name) == ledger.mark:
            return None, True
        manifest, mark = objects.manifest(place.name)
        if manifest is None:
            return None, False
        if here and (manifest.number, mark) == (ledger.number, ledger.mark):
            return None, True  # a store without marks
        try:
            return _take(place, ledger, objects, manifest, mark), True
        except Missing:
            continue  # the publisher was quicker: its new manifest names what is there
    raise DepotBroken(name=place.name, reason=Phrase("files that it names are not there"))


def _take(
    place: LakeFolder, ledger: Ledger, objects: Objects, manifest: Manifest, mark: str
) -> Moved:
    closed = place.name.startswith("restricted-")
    place.root.mkdir(mode=0o700 if closed else 0o755, exist_ok=True)
    place.data.mkdir(exist_ok=True)
    wanted = {
        path: file
        for path, file in sorted(manifest.files.items(), key=lambda one: _turn(one[0]))
        if ledger.known(place.root, path) != file
    }
    for path, file in wanted.items():
        target = place.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.{uuid4().hex[:8]}.tmp")
        objects.fetch(place.name, file, temporary)
        temporary.replace(target)
        sync_folder(target.parent)
        ledger.known(place.root, path)
    for path in set(files_below(place.root)) - set(manifest.files):
        (place.root / path).unlink(missing_ok=True)
    ledger.files = {path: one for path, one in ledger.files.items() if path in manifest.files}
    ledger.number, ledger.mark = manifest.number, mark
    ledger.keep()
    return Moved(place.name, manifest.number, len(wanted), sum(f.size for f in wanted.values()))


def _turn(path: str) -> int:
    """What is seen last comes last."""
    if path.startswith("data/"):
        return 0
    return {"catalog.ducklake": 2, "index.json": 3}.get(path, 1)


def _remove(place: LakeFolder) -> None:
    """The index first: whoever looks meanwhile finds nothing rather than a part."""
    place.index.unlink(missing_ok=True)
    for path in sorted(place.root.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
    place.root.rmdir()
