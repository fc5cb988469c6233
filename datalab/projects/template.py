"""What a new project starts from: templates that come with the lab, and reference projects.

A template is a folder of this package, ``templates/<name>/``: ``template.yaml`` (title, summary
and datasets) and the files that a project begins with. A reference project of the checkout serves
as one too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import Field

from datalab.catalog.dataset import Text
from datalab.errors import InvalidManifest, UnknownTemplate
from datalab.projects.manifest import NotebookNote, Strict
from datalab.projects.project import MANIFEST, Projects, is_slug

FOLDER = Path(__file__).with_name("templates")
DESCRIPTION = "template.yaml"
NAMES = ("empty", "map", "indicator", "survey", "simulation")
ABSENT = {MANIFEST, DESCRIPTION}


class Description(Strict):
    """``template.yaml``."""

    title: Text
    summary: Text
    datasets: tuple[str, ...] = ()
    notebooks: tuple[NotebookNote, ...] = Field(default=())


@dataclass(frozen=True)
class Template:
    """``name`` is what ``--template`` takes."""

    name: str
    folder: Path
    description: Description
    reference: bool = False

    def files(self) -> Iterator[tuple[Path, Path]]:
        """Each file, and where it lies in the work folder of a project."""
        for path in sorted(self.folder.rglob("*")):
            relative = path.relative_to(self.folder)
            hidden = any(part.startswith((".", "__")) for part in relative.parts)
            plain = path.is_file() and not path.is_symlink() and not hidden
            if plain and str(relative) not in ABSENT:
                yield path, relative


def templates(projects: Projects) -> list[Template]:
    """Those of the lab in their order, then the reference projects."""
    found = [_shipped(name) for name in NAMES]
    for path in sorted(projects.shipped.glob(f"*/{MANIFEST}")):
        try:
            project = projects.get(path.parent.name) if is_slug(path.parent.name) else None
        except InvalidManifest:
            continue
        if project is not None and project.reference and project.slug not in NAMES:
            about = project.manifest
            description = Description(
                title=about.title,
                summary=about.purpose,
                datasets=about.datasets,
                notebooks=about.notebooks,
            )
            found.append(Template(project.slug, project.folder, description, reference=True))
    return found


def template(projects: Projects, name: str) -> Template:
    """The template of that name.

    Raises
    ------
    UnknownTemplate
        with the ones there are.
    """
    known = {found.name: found for found in templates(projects)}
    if name not in known:
        raise UnknownTemplate(template=name[:60], known=", ".join(known))
    return known[name]


def _shipped(name: str) -> Template:
    document = yaml.safe_load((FOLDER / name / DESCRIPTION).read_text(encoding="utf-8"))
    return Template(name, FOLDER / name, Description.model_validate(document))
