"""What an archive of a project says of its data, and which rows may go into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from datalab.catalog.vocabulary import LICENSES
from datalab.errors import DatalabError
from datalab.i18n import Language, translate
from datalab.people.accounts import accounts
from datalab.people.store import Store
from datalab.portal.access import barrier, explain
from datalab.portal.download import csv
from datalab.portal.library import Holding, Shelf
from datalab.portal.lines import DIALECTS
from datalab.portal.publishing import source_of
from datalab.portal.rows import open_table
from datalab.projects.crate import About, Data, datasets_of
from datalab.projects.project import Project

SPDX = {
    "mit": "https://spdx.org/licenses/MIT",
    "apache-2.0": "https://spdx.org/licenses/Apache-2.0",
}


def data_of(
    project: Project, shelf: Shelf, base: str, language: Language, with_rows: bool
) -> list[Data]:
    """The datasets of a project. ``base`` is the address of the portal; rows go along where
    ``with_rows`` and the dataset is one that anybody may have."""
    found = []
    for name, snapshot in datasets_of(project):
        holding = shelf.holdings.get(name)
        number = holding.snapshot if holding is not None and snapshot is None else snapshot
        if holding is None or number is None:
            continue
        source = source_of(holding, number)
        license_ = LICENSES.get(source.license)
        reason = barrier(holding)
        kept = reason is not None or not with_rows
        found.append(
            Data(
                source,
                f"{base}/datasets/{name}?snapshot={number}",
                license_.url if license_ and license_.url else f"{base}/datasets/{name}",
                None if kept else _rows(shelf, holding, number, language),
                explain(reason, language) if reason is not None else "",
            )
        )
    return found


def _rows(
    shelf: Shelf, holding: Holding, snapshot: int, language: Language
) -> Callable[[], Iterator[bytes]] | None:
    try:
        opened = open_table(shelf, holding, language, snapshot)
    except DatalabError:
        return None
    return lambda: csv(shelf, opened, DIALECTS["rfc4180"])


def about_of(project: Project, store: Store | None, base: str, language: Language) -> About:
    """Who made the project, as they are shown, and what may be done with it."""
    names = {a.name: a.display for a in accounts(store)} if store is not None else {}
    license_ = LICENSES.get(project.manifest.license)
    return About(
        authors=[names[name] for name in project.manifest.writers if name in names],
        publisher=translate("Data lab of Dijon Métropole", language),
        license_url=(license_.url if license_ else "") or SPDX.get(project.manifest.license, base),
        license_title=license_.title if license_ else project.manifest.license,
        language=language,
    )
