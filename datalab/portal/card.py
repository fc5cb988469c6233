"""A dataset in short, as lists show it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from datalab.catalog.dataset import Dataset
from datalab.catalog.vocabulary import LICENSES, THEMES, License
from datalab.i18n import Language, translate
from datalab.portal.library import Holding
from datalab.portal.state import State, state_of


@dataclass(frozen=True)
class Card:
    id: str
    title: str
    description: str
    theme: str
    theme_title: str
    publisher: str
    license: str
    license_title: str
    reuse: str
    reuse_label: str
    access: str
    access_label: str
    provenance: str
    rows: int | None
    geographic: bool
    state: State
    href: str


def license_of(dataset: Dataset) -> License:
    """The licence, read as "not stated" where the vocabulary does not know it."""
    return LICENSES.get(dataset.license, LICENSES["not-stated"])


def theme_title(theme: str, language: Language) -> str:
    known = THEMES.get(theme)
    return known.title.in_(language) if known else theme


def reuse_label(reuse: str, language: Language) -> str:
    """The short answer to "may I reuse this, also commercially?"."""
    return {
        "yes": translate("Yes", language),
        "conditions": translate("Yes, with conditions", language),
        "no": translate("No", language),
        "not-stated": translate("Not stated", language),
    }[reuse]


def access_label(access: str, language: Language) -> str:
    return {
        "open": translate("Open to everyone", language),
        "members": translate("Members of the lab", language),
        "restricted": translate("Named people only", language),
    }[access]


def card_of(holding: Holding, language: Language, now: datetime, prefix: str) -> Card:
    """The card of one dataset."""
    dataset = holding.dataset
    license_ = license_of(dataset)
    return Card(
        id=dataset.id,
        title=dataset.title.in_(language),
        description=dataset.description.in_(language),
        theme=dataset.theme,
        theme_title=theme_title(dataset.theme, language),
        publisher=dataset.publisher,
        license=dataset.license,
        license_title=license_.title,
        reuse=license_.reuse,
        reuse_label=reuse_label(license_.reuse, language),
        access=dataset.access,
        access_label=access_label(dataset.access, language),
        provenance=dataset.provenance,
        rows=(holding.good or {}).get("rows"),
        geographic=dataset.map is not None,
        state=state_of(holding, language, now),
        href=f"{prefix}/datasets/{dataset.id}",
    )
