"""The clean-up of the lakes: what nothing points at any more goes, by the rule of each dataset.

Pinned are the snapshots that a release names, that a published page was made from, that a project
read, and those whose number stands in a notebook (``snapshot=41``), be it a project's or one that
comes with the lab. What a person reads in notebooks of their own is not known here: whoever needs
a snapshot for long gives it a release.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from datalab.catalog.dataset import Dataset
from datalab.errors import InvalidManifest
from datalab.lake import retention
from datalab.lake.index import Entry, read_folder
from datalab.lake.layout import MASKED, LakeFolder, folder, folders
from datalab.lake.release import lock, read_releases
from datalab.lake.retention import Rule, Sweep
from datalab.lake.writer import Writer
from datalab.lineage.store import Lineage
from datalab.projects import files
from datalab.projects.project import Project, Projects
from datalab.publisher import publisher
from datalab.settings import Settings

LOG = logging.getLogger("datalab.keeper")
CITED = re.compile(
    r"""(?:dataset\(\s*\\?["']|lab\[\\?["'])([a-z][a-z0-9_-]*)\\?["'][^)\n]{0,200}?snapshot\s*=\s*(\d{1,12})"""
)
VERSIONED = re.compile(r"AT\s*\(\s*VERSION\s*=>\s*(\d{1,12})", re.IGNORECASE)


def clean(
    settings: Settings,
    now: datetime,
    *,
    dry: bool = False,
    wait: float = 0,
    on_sweep: Callable[[Sweep], None] = lambda sweep: None,
) -> list[Sweep]:
    """Remove the snapshots that nothing protects, of every lake.

    Parameters
    ----------
    dry
        only say what would go.
    wait
        seconds to wait for a refresh to end.

    Raises
    ------
    LakeBusy
        where another process writes.
    """
    cited = named_snapshots(Projects(settings.shared, settings.projects))
    if dry:
        found = [
            s for place in folders(settings.lake) for s in _sweeps(settings, place, cited, now)
        ]
        for sweep in found:
            on_sweep(sweep)
        return found
    done = []
    with publisher(settings, "clean", wait) as writer:
        writer.heal()
        for place in folders(settings.lake):
            # Nobody names a snapshot while it is decided that nobody did.
            with writer.turn(), lock(settings.writer, "clean"):
                for sweep in _sweeps(settings, place, cited, now):
                    _remove(writer, place, sweep)
                    on_sweep(sweep)
                    done.append(sweep)
    return done


def clean_all(settings: Settings, now: float) -> None:
    """The clean-up that the keeper makes; ``now`` in seconds since the epoch."""
    for gone in clean(settings, datetime.fromtimestamp(now, UTC), wait=600):
        LOG.info("%s: snapshots %s removed", gone.dataset, gone.snapshots)


def _sweeps(
    settings: Settings, place: LakeFolder, cited: dict[str, set[int]], now: datetime
) -> list[Sweep]:
    if not place.catalog.is_file():
        return []
    lineage = Lineage(settings.lineage)
    entries = read_folder(place)

    def rule(entry: Entry) -> Rule:
        own = Dataset.from_json(entry.dataset).keep_snapshots
        if own is not None:
            return Rule(own, 0)
        return Rule(settings.keep_snapshots, settings.keep_days)

    def pins(entry: Entry) -> set[int]:
        return (
            set(lineage.pinned(place.name, entry.id))
            | cited.get(entry.id, set())
            | cited.get("", set())
            | _of_masks(settings, place, entry)
        )

    return retention.sweeps(place, place.catalog, entries, rule, pins, now)


def _of_masks(settings: Settings, place: LakeFolder, entry: Entry) -> set[int]:
    """Snapshots of a masked table that stand for a release of the whole one."""
    if place.mask is None:
        return set()
    whole = folder(settings.lake, place.name.partition(MASKED)[0])
    known = read_folder(whole).get(entry.id)
    named = {one.snapshot for one in read_releases(whole) if one.dataset == entry.id}
    runs = {s["run_id"] for s in known.snapshots if s["snapshot"] in named} if known else set()
    return {int(s["snapshot"]) for s in entry.snapshots if s["run_id"] in runs}


def _remove(writer: Writer, place: LakeFolder, sweep: Sweep) -> None:
    # Left behind by a kill, it is removed by the next writer (``heal``).
    prepared = writer.writer / f"{place.name}.erased"
    tables = [version.table for version in sweep.versions]
    retention.write_without(place.catalog, tables, sweep.snapshots, prepared)
    writer.replace_metadata(place, prepared)


def named_snapshots(projects: Projects) -> dict[str, set[int]]:
    """Snapshots whose number stands in a notebook, by dataset; under "" those of a query."""
    found: dict[str, set[int]] = {}
    for project in projects.all():
        if isinstance(project, InvalidManifest):
            continue
        for text in _notebooks(project):
            for name, number in CITED.findall(text):
                found.setdefault(name.replace("_", "-"), set()).add(int(number))
            for number in VERSIONED.findall(text):
                found.setdefault("", set()).add(int(number))
    return found


def _notebooks(project: Project) -> Iterator[str]:
    for path, _, _ in files.walk(project.work):
        if path.endswith((".ipynb", ".py", ".sql", ".md")):
            content = files.read(project.work, path)
            text = (content or b"").decode("utf-8", "replace")
            yield _code(text) if path.endswith(".ipynb") else text


def _code(text: str) -> str:
    """The source of a notebook's cells, without their outputs."""
    try:
        cells = json.loads(text)["cells"]
        return "\n".join("".join(cell.get("source") or "") for cell in cells)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return text
