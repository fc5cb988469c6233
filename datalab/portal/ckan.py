"""What the catalog holds, in the words of CKAN's Action API: plain values for JSON.

A dataset is a package, each of its doors a resource (``communes.csv``), its publisher an
organization, its theme a group. https://docs.ckan.org/en/2.11/api/
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from datalab.catalog.vocabulary import LICENSES, THEMES
from datalab.i18n import Language
from datalab.people.identity import named
from datalab.portal.card import license_of, theme_title
from datalab.portal.dataset_doors import Door, doors_of
from datalab.portal.library import Holding, Shelf
from datalab.portal.state import badge

Document = dict[str, Any]
STARTED = "2024-01-01T00:00:00"  # of what has no date of its own


class NotFound(Exception):
    """CKAN's "Not Found Error"."""


class Invalid(Exception):
    """CKAN's "Validation Error": what is wrong, by the name of the field."""

    def __init__(self, **fields: str) -> None:
        super().__init__(fields)
        self.fields = {name: [said] for name, said in fields.items()}


class BadQuery(Exception):
    """CKAN's "Search Query Error"."""


@dataclass(frozen=True)
class Site:
    """The catalog of one request. ``root`` is the portal's address without a stroke at its end."""

    shelf: Shelf
    root: str
    language: Language
    clock: Callable[[], Any]

    def holdings(self) -> list[Holding]:
        return [self.shelf.holdings[name] for name in sorted(self.shelf.holdings)]

    def holding(self, name: str) -> Holding:
        found = self.shelf.holdings.get(name)
        if found is None:
            raise NotFound
        return found

    # -- packages -------------------------------------------------------------------------

    def package(self, holding: Holding) -> Document:
        told, language = holding.dataset, self.language
        license_, quality = license_of(told), badge(holding, self.clock())
        resources = [self.resource(holding, door) for door in doors_of(holding)]
        organization = self.organization(told.publisher, brief=True)
        return {
            "id": holding.id,
            "name": holding.id,
            "title": told.title.in_(language),
            "notes": told.description.in_(language),
            "url": f"{self.root}/datasets/{holding.id}",
            "author": told.publisher,
            "author_email": None,
            "maintainer": named(told.steward, "fr"),
            "maintainer_email": None,
            "license_id": told.license,
            "license_title": license_.title,
            "license_url": license_.url,
            "isopen": license_.reuse in ("yes", "conditions") and bool(resources),
            "private": False,
            "state": "active",
            "type": "dataset",
            "version": str(holding.snapshot) if holding.good else None,
            "metadata_created": created(holding),
            "metadata_modified": modified(holding),
            "owner_org": organization["id"],
            "organization": organization,
            "groups": [self.group(told.theme, brief=True)],
            "tags": [tag(word) for word in told.keywords],
            "num_tags": len(told.keywords),
            "resources": resources,
            "num_resources": len(resources),
            "extras": [
                {"key": "access", "value": told.access},
                {"key": "frequency", "value": told.periodicity},
                {"key": "spatial", "value": told.spatial},
                {"key": "temporal", "value": told.temporal or ""},
                {"key": "provenance", "value": told.provenance},
                {"key": "quality", "value": quality.header()},
                *(
                    [{"key": "hvd_category", "value": told.hvd_category}]
                    if told.hvd_category
                    else []
                ),
            ],
            "relationships_as_subject": [],
            "relationships_as_object": [],
        }

    def resource(self, holding: Holding, door: Door) -> Document:
        position = [one.name for one in doors_of(holding)].index(door.name)
        return {
            "id": f"{holding.id}.{door.name}",
            "package_id": holding.id,
            "name": door.title.in_(self.language),
            "description": "",
            "format": door.format,
            "mimetype": door.media,
            "url": f"{self.root}{door.path}",
            "url_type": None if door.file else "api",
            "resource_type": "file" if door.file else "api",
            "state": "active",
            "position": position,
            "created": created(holding),
            "last_modified": modified(holding),
            "metadata_modified": modified(holding),
            "size": None,
            "hash": "",
            "datastore_active": True,
        }

    def resource_of(self, id: str) -> tuple[Holding, Door]:
        """The resource of this id.

        Raises
        ------
        NotFound
        """
        name, _, door = id.partition(".")
        holding = self.holding(name)
        found = next((one for one in doors_of(holding) if one.name == door), None)
        if found is None:
            raise NotFound
        return holding, found

    # -- organizations, groups, tags, licences ---------------------------------------------

    def organizations(self) -> dict[str, str]:
        """Publishers by their names in addresses."""
        names = sorted({one.dataset.publisher for one in self.holdings()})
        return {slug(name): name for name in names}

    def organization(self, publisher: str, *, brief: bool = False) -> Document:
        name = slug(publisher)
        return self._collected(
            name,
            publisher,
            [one for one in self.holdings() if slug(one.dataset.publisher) == name]
            if not brief
            else None,
            is_organization=True,
        )

    def group(self, theme: str, *, brief: bool = False) -> Document:
        held = None if brief else [one for one in self.holdings() if one.dataset.theme == theme]
        title = theme_title(theme, self.language)
        return self._collected(theme, title, held, is_organization=False)

    def groups(self) -> list[str]:
        there = {one.dataset.theme for one in self.holdings()}
        return [theme for theme in sorted(THEMES) if theme in there]

    def _collected(
        self, name: str, title: str, held: list[Holding] | None, *, is_organization: bool
    ) -> Document:
        found: Document = {
            "id": name,
            "name": name,
            "title": title,
            "display_name": title,
            "description": "",
            "image_url": "",
            "image_display_url": "",
            "type": "organization" if is_organization else "group",
            "is_organization": is_organization,
            "state": "active",
            "approval_status": "approved",
            "created": STARTED,
        }
        return found if held is None else {**found, "package_count": len(held)}

    def tags(self) -> list[str]:
        return sorted({word for one in self.holdings() for word in one.dataset.keywords})

    def licenses(self) -> list[Document]:
        return [
            {
                "id": name,
                "title": license_.title,
                "url": license_.url or "",
                "status": "active",
                "domain_data": True,
                "domain_content": False,
                "domain_software": False,
                "is_generic": False,
                "od_conformance": "approved" if license_.reuse == "yes" else "not reviewed",
                "osd_conformance": "not reviewed",
                "family": "",
                "maintainer": "",
            }
            for name, license_ in LICENSES.items()
        ]


def tag(word: str) -> Document:
    return {
        "id": word,
        "name": word,
        "display_name": word,
        "state": "active",
        "vocabulary_id": None,
    }


def slug(text: str) -> str:
    """A name for an address: letters without accents, digits and strokes."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-") or "x"


def created(holding: Holding) -> str:
    moments = [str(one["at"]) for one in holding.entry.snapshots if one.get("at")]
    return _moment(min(moments, default=""))


def modified(holding: Holding) -> str:
    return _moment(str((holding.good or {}).get("finished_at") or ""))


def _moment(text: str) -> str:
    """CKAN's times are in UTC and say no zone; ours are always in UTC."""
    return re.sub(r"(Z|\+00:00)$", "", text) or STARTED


def counted(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items(), key=lambda one: (-one[1], one[0])))
