"""A proposal as the file of the catalog that it becomes: written, read back, put in its place."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datalab.catalog import kept
from datalab.catalog.catalog import Catalog
from datalab.catalog.dataset import Dataset
from datalab.catalog.lint import Problem, problems_between, read_file
from datalab.connectors.registry import source_models
from datalab.errors import InvalidCatalog, ProposalRefused
from datalab.i18n import Phrase
from datalab.inspection.draft import text_of
from datalab.proposal import Proposal, Proposals
from datalab.settings import Settings

SUFFIXES = {"shapefile": "zip", "gtfs": "zip", "hdf": "h5"}
PACKED = {"gzip": ".gz", "xz": ".xz", "lzma": ".lzma", "bz2": ".bz2"}


@dataclass(frozen=True)
class Read:
    """What the catalog says of a proposal: the dataset, or every mistake in it."""

    dataset: Dataset | None
    problems: list[Problem]


def yaml_of(one: Proposal) -> str:
    """The YAML of a proposal as it would lie in the catalog.

    A library writes it from the model: no title, and no name of a file, is ever part of its
    structure.
    """
    return text_of(document_of(one))


def document_of(one: Proposal) -> dict[str, Any]:
    made = {**one.document, **one.facts}
    if not one.url:
        made["source"] = {**made["source"], "connector": "file", "path": data_name(made)}
    return made


def data_name(document: Mapping[str, Any]) -> str:
    """How the file is called in the catalog: after the dataset, never after what was sent."""
    source = document["source"]
    kind = source.get("format", "csv")
    packed = PACKED.get(source.get("compression", "none"), "")
    return f"{document['id']}.{SUFFIXES.get(kind, kind)}{packed}"


def digest_of(one: Proposal) -> str:
    return hashlib.sha256(yaml_of(one).encode()).hexdigest()


def read_back(one: Proposal, proposals: Proposals, settings: Settings) -> Read:
    """What the catalog reads in the YAML of ``one``, beside everything that it holds already."""
    known = dict(Catalog.load(settings.catalog, None, settings.own_catalog).datasets)
    document = document_of(one)
    with tempfile.TemporaryDirectory(prefix="datalab-proposal-") as folder:
        path = Path(folder) / one.theme / f"{document['id']}.yaml"
        path.parent.mkdir()
        path.write_text(yaml_of(one), encoding="utf-8")
        if not one.url:
            (path.parent / data_name(document)).touch()  # it is looked for beside the YAML
        dataset, problems = read_file(path, source_models())
        if document["id"] in known:
            problems.append(Problem(path, 1, "id", Phrase("another dataset has this id")))
        if dataset is not None:
            others = {name: other for name, other in known.items() if name != dataset.id}
            between = problems_between({**others, dataset.id: dataset})
            problems += [problem for problem in between if problem.file == path]
    return Read(None if problems else dataset, problems)


def publish(one: Proposal, by: str, proposals: Proposals, settings: Settings, now: float) -> str:
    """Put YAML and file into the lab's own catalog, committed in the name of who proposed it.

    The refresher sees the new file within seconds. The data lie beside the YAML and outside of
    the history of git, which forgets nothing: its message keeps their SHA-256. Returns the name of
    the commit.

    Raises
    ------
    InvalidCatalog, ProposalRefused
    """
    read = read_back(one, proposals, settings)
    if read.dataset is None:
        raise InvalidCatalog([problem.sentence for problem in read.problems])
    root, document = settings.own_catalog, document_of(one)
    yaml = root / one.theme / f"{document['id']}.yaml"
    digest = (one.inspection or {}).get("sha256", "")
    message = f"{document['id']}: {document['title']['en'] or document['title']['fr']}\n\n"
    message += f"Proposed-by: {one.owner}\nAccepted-by: {by}\n"
    message += f"Source: {one.url or data_name(document)}\nSHA-256: {digest}\n"
    yaml.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.close(os.open(yaml, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))  # one of two stewards
    except FileExistsError:
        reason = Phrase("another dataset has this id")
        raise ProposalRefused(field="id", reason=reason) from None
    data = yaml.parent / data_name(document)
    try:
        if not one.url:
            partial = data.with_name(f".{data.name}.part")
            shutil.copyfile(proposals.file(one.id), partial)
            partial.replace(data)
        files = {f"{one.theme}/{yaml.name}": yaml_of(one)}
        return kept.commit(root, files, one.owner, message, now)
    except BaseException:
        yaml.unlink(missing_ok=True)
        if not one.url:
            data.unlink(missing_ok=True)
        raise
