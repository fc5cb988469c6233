"""What an idea rests on: a snapshot of a dataset, or a cell of a published page.

Only what a session's materials hold can be attached. It is kept as a small document whose link
always leads to the very version that was looked at.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datalab.errors import DatalabError, FieldRefused
from datalab.i18n import Language, Phrase, translate
from datalab.participation.material import Material
from datalab.portal.access import barrier
from datalab.portal.library import Shelf
from datalab.portal.publishing import closed
from datalab.projects import publication
from datalab.projects.project import Projects
from datalab.projects.publication import Publication

MOST_CELLS = 40  # of one page
LONGEST = 70
KINDS = {"picture", "frame", "value", "html", "print"}
SNAPSHOT = re.compile(r"dataset:(?P<dataset>[a-z0-9-]+)@(?P<snapshot>\d{1,12})")
CELL = re.compile(r"page:(?P<page>[a-z0-9-]+/[a-z0-9-]+)@(?P<version>\d{1,6})#(?P<cell>\d{1,6})")


@dataclass(frozen=True)
class Choice:
    """One line of the list; ``value`` is what the form sends."""

    value: str
    label: str


@dataclass(frozen=True)
class Group:
    """The lines of one material."""

    title: str
    choices: Sequence[Choice]


def choices(
    shelf: Shelf, projects: Projects, materials: Sequence[Material], language: Language
) -> list[Group]:
    """What may be attached, by material; what cannot be read by everybody is left out."""
    groups: dict[str, Group] = {}
    for material in materials:
        if material.kind in ("dataset", "map"):
            snapshot = _snapshot(shelf, material.reference)
            if snapshot is not None and material.reference not in groups:
                label = translate("the data as of snapshot {number}", language, number=snapshot)
                value = f"dataset:{material.reference}@{snapshot}"
                groups[material.reference] = Group(material.title, [Choice(value, label)])
        elif (page := _page(shelf, projects, material.reference)) is not None:
            lines = [
                Choice(f"page:{material.reference}@{page.version}#{number}", _label(part, language))
                for number, part in enumerate(page.parts, 1)
                if part["kind"] in KINDS
            ]
            if lines:
                groups[material.reference] = Group(material.title, lines[:MOST_CELLS])
    return list(groups.values())


def evidence_of(
    shelf: Shelf, projects: Projects, materials: Sequence[Material], chosen: str
) -> dict[str, Any] | None:
    """The document of what was chosen, None for nothing.

    An older snapshot or version counts too: a phone may have been without a network for a while.

    Raises
    ------
    FieldRefused
    """
    if not chosen:
        return None
    if match := SNAPSHOT.fullmatch(chosen):
        for material in materials:
            known = material.kind in ("dataset", "map") and material.reference == match["dataset"]
            if known and _has(shelf, material.reference, int(match["snapshot"])):
                number = int(match["snapshot"])
                return {
                    "kind": "snapshot",
                    "dataset": material.reference,
                    "snapshot": number,
                    "title": f"{material.title} (#{number})",
                }
    elif match := CELL.fullmatch(chosen):
        for material in materials:
            if material.kind == "page" and material.reference == match["page"]:
                page = _page(shelf, projects, match["page"], int(match["version"]))
                cell = int(match["cell"])
                if page is not None and 1 <= cell <= len(page.parts):
                    named = {"name": material.title, "value": _label(page.parts[cell - 1], "fr")}
                    return {
                        "kind": "cell",
                        "page": material.reference,
                        "version": page.version,
                        "cell": cell,
                        "title": translate("{name}: {value}", "fr", **named),
                    }
    raise FieldRefused("evidence", Phrase("Choose one of the materials of this session, or none."))


def link_of(evidence: Mapping[str, Any] | None, prefix: str) -> str:
    """Where a piece of evidence can be looked at."""
    if not evidence:
        return ""
    if evidence.get("kind") == "snapshot":
        return f"{prefix}/datasets/{evidence['dataset']}?snapshot={evidence['snapshot']}"
    return f"{prefix}/pages/{evidence['page']}/v/{evidence['version']}#part-{evidence['cell']}"


def _snapshot(shelf: Shelf, dataset: str) -> int | None:
    holding = shelf.holdings.get(dataset)
    if holding is None or holding.good is None or barrier(holding) is not None:
        return None
    return holding.snapshot


def _has(shelf: Shelf, dataset: str, number: int) -> bool:
    if _snapshot(shelf, dataset) is None:
        return False
    snapshots = {int(one["snapshot"]) for one in shelf.holdings[dataset].entry.snapshots}
    return number in snapshots or number == _snapshot(shelf, dataset)


def _page(
    shelf: Shelf, projects: Projects, reference: str, version: int | None = None
) -> Publication | None:
    slug, _, name = reference.partition("/")
    try:
        page = publication.find(projects.get(slug), name, version)
    except DatalabError:
        return None
    return None if page.withdrawal is not None or closed(shelf, page) else page


def _label(part: Mapping[str, str], language: Language) -> str:
    """A few words of a cell: its own, or how it begins."""
    words = part.get("words", "")
    if part["kind"] == "value":
        shown = {"name": words, "value": part.get("content", "")}
        words = translate("{name}: {value}", language, **shown)
    elif part["kind"] in ("html", "print"):
        bare = html.unescape(re.sub(r"<[^>]*>", " ", part.get("content", "")))
        words = " ".join(bare.split()) or translate("a table", language)
    return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"
