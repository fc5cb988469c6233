"""What a project has published: pages that never change, the newest at a stable address.

``records/publications/<name>/<version>/`` holds ``page.json``, ``notebook.ipynb`` (as it was run)
and ``files/`` (pictures and frames). ``records/publications/<name>/state.json`` says of which
notebook it is and whether it was withdrawn. All of it belongs to the lab, not to the project.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from datalab.errors import UnknownPublication
from datalab.projects.project import Project, Projects, locked
from datalab.projects.rendered import Rendered

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
FILE = re.compile(r"[0-9]+-[0-9a-f]{12}\.(png|jpg|gif|webp|svg|html)")
LONGEST_NAME = 60
FOLDER = "publications"
MOST_PARSED = 300
_parsed: dict[Path, tuple[tuple[int, ...], dict[str, Any]]] = {}


@dataclass(frozen=True)
class Source:
    """A snapshot of a dataset that the page was made from; ``at`` is the day of its publication."""

    dataset: str
    snapshot: int
    title: dict[str, str]
    publisher: str
    license: str
    license_title: str
    at: str
    sha256: str = ""


@dataclass(frozen=True)
class Withdrawal:
    """``at`` in seconds since the epoch; ``by`` is an account."""

    reason: str
    at: float
    by: str


@dataclass(frozen=True)
class Publication:
    """One version of a page. Times are in seconds since the epoch."""

    slug: str
    name: str
    version: int
    versions: tuple[int, ...]
    title: str
    summary: str
    notebook: str
    language: str
    at: float
    ran_at: float
    by: str
    authors: tuple[str, ...]
    sources: tuple[Source, ...]
    parts: tuple[Mapping[str, str], ...]
    license: str
    withdrawal: Withdrawal | None
    folder: Path = field(compare=False)

    @property
    def newest(self) -> bool:
        return self.version == max(self.versions)

    def file(self, name: str) -> bytes | None:
        """A picture or a frame of this version, None where there is none of that name."""
        if not FILE.fullmatch(name):
            return None
        try:
            return (self.folder / "files" / name).read_bytes()
        except OSError:
            return None

    @property
    def document(self) -> bytes:
        """The notebook as it was run."""
        return (self.folder / "notebook.ipynb").read_bytes()


def name_of(notebook: str) -> str:
    """An address from the name of a file: ``Étude 1.ipynb`` is ``etude-1``."""
    stem = notebook.rpartition("/")[2].removesuffix(".ipynb")
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_NAME].strip("-") or "page"


def find(project: Project, name: str, version: int | None = None) -> Publication:
    """A version, the newest where none is given; also of a page that was withdrawn.

    Raises
    ------
    UnknownPublication
    """
    folder = project.records / FOLDER / name
    if not NAME.fullmatch(name):
        raise UnknownPublication()
    versions = _versions(folder)
    number = max(versions, default=0) if version is None else version
    if number not in versions:
        raise UnknownPublication()
    try:
        state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        withdrawn = state.get("withdrawn")
        return Publication(
            slug=project.slug,
            name=name,
            version=number,
            versions=tuple(versions),
            withdrawal=Withdrawal(**withdrawn) if withdrawn else None,
            folder=folder / str(number),
            **_page(folder / str(number) / "page.json"),
        )
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UnknownPublication() from error


def _page(path: Path) -> dict[str, Any]:
    """What ``page.json`` says of its version, parsed once: a version never changes.

    The home page asks for the newest version of every page each time, and parsing one takes half a
    millisecond. Its file is looked at every time, for a project may come back from a backup.
    """
    found = path.stat()
    stamp = (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    known = _parsed.get(path)
    if known is not None and known[0] == stamp:
        return known[1]
    page: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    page["sources"] = tuple(Source(**source) for source in page["sources"])
    page["authors"], page["parts"] = tuple(page["authors"]), tuple(page["parts"])
    if len(_parsed) >= MOST_PARSED:
        _parsed.clear()
    _parsed[path] = (stamp, page)
    return page


def of_project(project: Project) -> list[Publication]:
    """The newest version of each page, also of those withdrawn; newest first."""
    found = []
    folder = project.records / FOLDER
    if not folder.is_dir():
        return []
    for path in folder.iterdir():
        if NAME.fullmatch(path.name):
            try:
                found.append(find(project, path.name))
            except UnknownPublication:
                continue
    return sorted(found, key=lambda one: one.at, reverse=True)


def standing(projects: Projects, *, shipped: bool = True) -> Iterator[Publication]:
    """Every page that anybody may read now, newest first; without ``shipped`` those of projects
    made in this lab."""
    found = [
        one
        for project in projects.all()
        if isinstance(project, Project)
        and project.manifest.status != "deleted"
        and (shipped or not project.reference)
        for one in of_project(project)
        if one.withdrawal is None
    ]
    yield from sorted(found, key=lambda one: one.at, reverse=True)


@dataclass(frozen=True)
class Facts:
    """What a new version says beside what the notebook shows."""

    title: str
    summary: str
    notebook: str
    language: str
    ran_at: float
    by: str
    authors: tuple[str, ...]
    sources: tuple[Source, ...]
    license: str


def publish(
    project: Project, facts: Facts, rendered: Rendered, node: Any, now: float
) -> Publication:
    """Add a version; the page of a notebook that was published before keeps its address."""
    project.kept.mkdir(mode=0o700, parents=True, exist_ok=True)
    with locked(project.kept):
        top = project.records / FOLDER
        name = _address(top, facts.notebook)
        folder = top / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = max(_versions(folder), default=0) + 1
        # A version is there whole or not at all.
        making = folder / f".{number}.{os.getpid()}"
        shutil.rmtree(making, ignore_errors=True)
        (making / "files").mkdir(mode=0o700, parents=True)
        for file, content in rendered.files.items():
            (making / "files" / file).write_bytes(content)
        (making / "notebook.ipynb").write_text(
            nbformat.writes(node),
            encoding="utf-8",
        )
        page = {
            "title": facts.title,
            "summary": facts.summary,
            "notebook": facts.notebook,
            "language": facts.language,
            "at": now,
            "ran_at": facts.ran_at,
            "by": facts.by,
            "authors": list(facts.authors),
            "sources": [vars(source) for source in facts.sources],
            "parts": [part.as_json() for part in rendered.parts],
            "license": facts.license,
        }
        _write(making / "page.json", page)
        # A new version also takes a withdrawal back: somebody has decided to show it again.
        _write(folder / "state.json", {"notebook": facts.notebook, "withdrawn": None})
        os.rename(making, folder / str(number))
        return find(project, name)


def withdraw(project: Project, name: str, reason: str, by: str, now: float) -> Publication:
    """Take a page back, with all its versions; nothing of it is deleted."""
    return _mark(project, name, {"reason": reason, "at": now, "by": by})


def restore(project: Project, name: str) -> Publication:
    """Show a withdrawn page again."""
    return _mark(project, name, None)


def _mark(project: Project, name: str, withdrawn: dict[str, Any] | None) -> Publication:
    with locked(project.kept):
        found = find(project, name)
        state = {"notebook": found.notebook, "withdrawn": withdrawn}
        _write(found.folder.parent / "state.json", state)
    return find(project, name)


def _address(top: Path, notebook: str) -> str:
    wanted = name = name_of(notebook)
    for count in range(2, 1000):
        try:
            state = json.loads((top / name / "state.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return name
        if state.get("notebook") == notebook:
            return name
        name = f"{wanted}-{count}"
    raise UnknownPublication()


def _versions(folder: Path) -> list[int]:
    try:
        names = [path.name for path in folder.iterdir() if path.name.isdigit()]
    except OSError:
        return []
    return sorted(int(name) for name in names if name.isascii())


def _write(path: Path, document: Any) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(document, file, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
