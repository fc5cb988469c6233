"""A project as an RO-Crate: its notebooks, results, environment and data in one archive.

RO-Crate (Research Object Crate, specification 1.1 of 2020) is a folder with a file
``ro-crate-metadata.json`` that says in the words of schema.org what each file is, who made it and
under which licence. The archive depends on nothing but the project: made twice, it is the same
byte for byte. People are named as they are shown, never by account.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml
from rocrate.model.contextentity import ContextEntity
from rocrate.model.person import Person
from rocrate.rocrate import ROCrate

from datalab.errors import CrateInvalid
from datalab.i18n import Language
from datalab.projects import files, publication
from datalab.projects.project import Project
from datalab.projects.publication import Source

VERSION = "1.1"
MOST_BYTES = 500_000_000
FIRST = (1980, 1, 1, 0, 0, 0)  # the earliest moment that a zip archive can hold
MEDIA = {
    ".ipynb": "application/x-ipynb+json", ".csv": "text/csv", ".json": "application/json",
    ".png": "image/png", ".md": "text/markdown", ".py": "text/x-python", ".txt": "text/plain",
    ".yaml": "application/yaml", ".svg": "image/svg+xml", ".html": "text/html",
}  # fmt: skip
REQUIRED = ("name", "description", "datePublished", "license")


@dataclass(frozen=True)
class Data:
    """A dataset of the crate. ``content`` gives its rows as CSV, None where they stay in the lab;
    ``why`` says then why. ``url`` is where the snapshot is found."""

    source: Source
    url: str
    license_url: str
    content: Callable[[], Iterator[bytes]] | None = None
    why: str = ""


@dataclass(frozen=True)
class About:
    """What the crate says beside what lies in the project."""

    authors: Sequence[str]
    publisher: str
    license_url: str
    license_title: str
    language: Language


def export(project: Project, data: Sequence[Data], about: About, target: Path) -> Path:
    """Write the archive of ``project`` to ``target``, and read it again.

    Raises
    ------
    CrateInvalid
        where what was written is not what the specification asks for.
    """
    with tempfile.TemporaryDirectory(prefix="datalab-crate-") as name:
        folder = Path(name)
        crate = _Crate(project, about, folder / "in").build(data)
        crate.write(folder / "out")
        _pack(folder / "out", target)
    validate(target)
    return target


class _Crate:
    def __init__(self, project: Project, about: About, folder: Path) -> None:
        self.project, self.about, self.folder = project, about, folder
        self.left = MOST_BYTES
        self.newest = project.manifest.created_at or datetime(2020, 1, 1, tzinfo=UTC)
        self.crate = ROCrate(version=VERSION)
        folder.mkdir()

    def build(self, data: Sequence[Data]) -> ROCrate:
        manifest, about, crate = self.project.manifest, self.about, self.crate
        crate.name = manifest.title.in_(about.language)
        crate.description = manifest.purpose.in_(about.language) or crate.name
        crate.root_dataset["inLanguage"] = manifest.language
        crate.license = self._license(about.license_url, about.license_title)
        self.authors = [
            crate.add(Person(crate, f"#author-{number}", {"name": name}))
            for number, name in enumerate(about.authors, start=1)
        ]
        if self.authors:
            crate.root_dataset["author"] = self.authors
        organisation = {"@type": "Organization", "name": about.publisher}
        crate.publisher = crate.add(ContextEntity(crate, "#lab", organisation))
        self._work()
        self._results()
        self._manifest()
        self._environment()
        for one in data:
            self._data(one)
        crate.root_dataset["datePublished"] = self.newest.replace(microsecond=0).isoformat()
        return crate

    def _license(self, url: str, title: str) -> Any:
        known = self.crate.dereference(url)
        entity = {"@type": "CreativeWork", "name": title}
        return known or self.crate.add(ContextEntity(self.crate, url, entity))

    def _file(self, path: str, content: bytes, **properties: Any) -> Any:
        """A file of the crate with its size, type and checksum."""
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        about = {
            "encodingFormat": MEDIA.get(place.suffix.lower(), "application/octet-stream"),
            "contentSize": str(len(content)),
            "sha256": hashlib.sha256(content).hexdigest(),
            **properties,
        }
        return self.crate.add_file(place, path, properties=about)

    def _work(self) -> None:
        """The project's own files; hidden ones and what is no plain file stay out."""
        for path, stamp, folder in files.walk(self.project.work):
            if self.project.reference and path == "project.yaml":
                continue
            content = files.read_seen(folder, path.rpartition("/")[2], stamp)
            if content is None or len(content) > self.left:
                continue
            self.left -= len(content)
            moment = datetime.fromtimestamp(stamp[2] // 10**9, UTC)
            self.newest = max(self.newest, moment)
            more: dict[str, Any] = {"dateModified": moment.isoformat()}
            if path.endswith(".ipynb"):
                more |= {"@type": ["File", "SoftwareSourceCode"], "name": path,
                         "programmingLanguage": "Python"}  # fmt: skip
            self._file(f"work/{path}", content, **more)

    def _results(self) -> None:
        """What was published and still stands: the page, and the notebook as it was run."""
        for page in publication.of_project(self.project):
            if page.withdrawal is not None:
                continue
            at = datetime.fromtimestamp(page.at, UTC)
            self.newest = max(self.newest, at)
            self._file(
                f"results/{page.name}.ipynb",
                page.document,
                **{"@type": ["File", "CreativeWork"]},
                name=page.title,
                description=page.summary,
                datePublished=at.replace(microsecond=0).isoformat(),
                version=str(page.version),
                isBasedOn=[{"@id": _id(source)} for source in page.sources],
            )

    def _manifest(self) -> None:
        kept = self.project.manifest.model_dump(mode="json", exclude_defaults=True)
        for private in ("members", "created_by", "status", "status_at"):
            kept.pop(private, None)
        text = yaml.safe_dump(kept, allow_unicode=True, sort_keys=False, width=100)
        self._file("project.yaml", text.encode(), name="project.yaml")

    def _environment(self) -> None:
        """The exact versions that the lab runs notebooks with."""
        found = {dist.metadata["Name"]: dist.version for dist in importlib.metadata.distributions()}
        lines = [f"{name}=={found[name]}" for name in sorted(found, key=str.lower)]
        text = f"# Python {platform.python_version()}\n" + "\n".join(lines) + "\n"
        self._file("environment/requirements.txt", text.encode(), name="Python packages, pinned")

    def _data(self, one: Data) -> None:
        """A dataset: its rows where they may leave, else a reference to the exact snapshot."""
        source = one.source
        facts = {
            "name": source.title.get(self.about.language) or source.dataset,
            "identifier": source.dataset,
            "version": str(source.snapshot),
            "dateModified": source.at,
            "publisher": {"@id": self._publisher(source.publisher)},
            "license": self._license(one.license_url, source.license_title),
            "url": one.url,
        }
        if source.sha256:
            facts["sha256"] = source.sha256  # of the file that came from its source
        if one.why:
            facts["conditionsOfAccess"] = one.why
        dataset = {"@type": "Dataset", **facts}
        entity = self.crate.add(ContextEntity(self.crate, _id(source), dataset))
        self.crate.root_dataset.append_to("mentions", entity)
        if one.content is not None:
            content = b"".join(one.content())
            made = self._file(
                f"data/{source.dataset}-{source.snapshot}.csv",
                content,
                name=facts["name"],
                license=facts["license"],
            )
            entity["distribution"] = made

    def _publisher(self, name: str) -> str:
        identifier = f"#publisher-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
        if self.crate.dereference(identifier) is None:
            facts = {"@type": "Organization", "name": name}
            self.crate.add(ContextEntity(self.crate, identifier, facts))
        return identifier


def _id(source: Source) -> str:
    return f"#{source.dataset}-{source.snapshot}"


def _pack(folder: Path, target: Path) -> None:
    """A zip archive that says nothing of when and where it was made."""
    temporary = target.with_name(f".{target.name}.new")
    with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            about = zipfile.ZipInfo(path.relative_to(folder).as_posix(), FIRST)
            about.compress_type = zipfile.ZIP_DEFLATED
            about.external_attr = 0o644 << 16
            archive.writestr(about, path.read_bytes())
    temporary.replace(target)


def validate(path: Path) -> None:
    """Read a crate as a stranger does: its metadata, what the root must say, every file.

    Raises
    ------
    CrateInvalid
        naming the first thing that is wrong.
    """
    try:
        crate = ROCrate(path)
        archive = zipfile.ZipFile(path)
    except Exception as error:
        raise CrateInvalid(reason=f"{type(error).__name__}: {error}"[:200]) from None
    root = crate.root_dataset
    for name in REQUIRED:
        if not root.get(name):
            raise CrateInvalid(reason=f"{name}: missing in the root dataset")
    with archive:
        there = set(archive.namelist())
        listed = {entity.id for entity in crate.get_entities() if "sha256" in entity}
        for entity in crate.get_entities():
            kinds = entity.type if isinstance(entity.type, list) else [entity.type]
            if "File" not in kinds or entity.id not in listed:
                continue
            name = unquote(entity.id)
            if name not in there:
                raise CrateInvalid(reason=f"{name}: named and not there")
            if hashlib.sha256(archive.read(name)).hexdigest() != entity["sha256"]:
                raise CrateInvalid(reason=f"{name}: has another checksum")
            there.discard(name)
    if left := there - {"ro-crate-metadata.json", "ro-crate-preview.html"}:
        raise CrateInvalid(reason=f"{min(left)}: there and not named")


def datasets_of(project: Project) -> list[tuple[str, int | None]]:
    """Datasets that belong into the crate: those pinned by what was published, then those that the
    manifest names, at their newest snapshot."""
    found: dict[tuple[str, int | None], None] = {}
    for page in publication.of_project(project):
        if page.withdrawal is None:
            found |= {(source.dataset, source.snapshot): None for source in page.sources}
    pinned = {dataset for dataset, _ in found}
    return [*found, *((name, None) for name in project.manifest.datasets if name not in pinned)]
