"""From the published lakes of this lab to the depot.

Files go under their hash, then the manifest that names them, in one step: who fetches meanwhile
has the earlier manifest whole, or the new one. What no manifest names is deleted after that, so
that what was tightened or cleaned up here is gone there too.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from datalab.depot.ledger import Ledger, files_below
from datalab.depot.manifest import File, Manifest
from datalab.depot.objects import Missing, Objects
from datalab.errors import DepotRestless, DepotTaken
from datalab.i18n import Phrase
from datalab.lake.layout import CLASS, LakeFolder, folders

TRIES = 5  # a clean-up may remove files while they are sent


@dataclass(frozen=True)
class Moved:
    """What a step moved of one access class."""

    name: str
    number: int
    files: int
    bytes: int


def push(
    lake: Path,
    ledgers: Path,
    objects: Objects,
    lab: str,
    *,
    restricted: bool = False,
    take: bool = False,
) -> list[Moved]:
    """Send what changed since the last push; nothing is asked of the store where nothing did.

    Parameters
    ----------
    ledgers
        folder in which this lab notes what it sent.
    lab
        who publishes; ``take`` publishes in the place of whoever did before.
    restricted
        whether restricted datasets go there too.

    Raises
    ------
    DepotAway, DepotBroken, DepotRestless, DepotTaken
    """
    wanted = {
        place.name: place
        for place in folders(lake)
        if restricted or not place.name.startswith("restricted-")
    }
    moved = []
    for place in wanted.values():
        done = _ship(place, Ledger.of(ledgers, place.name), objects, lab, take)
        moved += [done] if done else []
    for path in sorted(ledgers.glob("*.json")):
        if path.stem not in wanted:
            _withdraw(path.stem, objects, lab, take)
            path.unlink()
    return moved


def _ship(
    place: LakeFolder, ledger: Ledger, objects: Objects, lab: str, take: bool
) -> Moved | None:
    sent = {path: digest for path, (_, _, digest) in ledger.files.items()}
    for _ in range(TRIES):
        files = _look(place.root, ledger)
        now = {path: file.sha256 for path, file in files.items()}
        if ledger.number and now == sent and not take:
            return None
        before, mark = objects.manifest(place.name)
        if before is not None and not take:
            _require_mine(place.name, before, lab, ledger)
        number = max(before.number if before else 0, ledger.number) + 1
        held = objects.held(place.name)
        missing = {one.sha256: path for path, one in files.items() if one.sha256 not in held}
        try:
            for path in missing.values():
                objects.put(place.name, files[path], _content(place.root / path, files[path]))
        except Missing:
            continue  # it was replaced or cleaned up meanwhile: look again
        manifest = Manifest(lab, number, datetime.now(UTC).isoformat(timespec="seconds"), files)
        ledger.mark = objects.put_manifest(place.name, manifest, mark)
        ledger.number = number
        ledger.files = {path: ledger.files[path] for path in files}
        ledger.keep()
        objects.delete(place.name, held - {one.sha256 for one in files.values()})
        size = sum(files[path].size for path in missing.values())
        return Moved(place.name, number, len(missing), size)
    raise DepotRestless(name=place.name)


def _look(root: Path, ledger: Ledger) -> dict[str, File]:
    """What lies there now, metadata first: every data file that they name lies there already."""
    paths = sorted(files_below(root), key=lambda path: path.startswith("data/"))
    found = ((path, ledger.known(root, path)) for path in paths)
    return {path: file for path, file in found if file is not None}


def _content(path: Path, file: File) -> Path | bytes:
    """What is sent. Data files never change; of others, what is sent is what was hashed.

    Raises
    ------
    Missing
        where another content took its place.
    """
    if path.suffix == ".parquet":
        return path
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise Missing from None
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise Missing
    return content


def _require_mine(name: str, before: Manifest, lab: str, ledger: Ledger) -> None:
    if before.lab != lab:
        raise DepotTaken(name=name, reason=Phrase("another lab publishes there"))
    if before.number > ledger.number:
        reason = Phrase(
            "it holds publication {there}, and this lab knows of {here}: it was restored from an "
            "earlier backup",
            there=before.number,
            here=ledger.number,
        )
        raise DepotTaken(name=name, reason=reason)


def _withdraw(name: str, objects: Objects, lab: str, take: bool) -> None:
    """An access class that is no more here, or may not go there any more."""
    if not CLASS.match(name):
        return
    before, _ = objects.manifest(name)
    if before is not None and (take or before.lab == lab):
        objects.delete_manifest(name)
        objects.delete(name, objects.held(name))
