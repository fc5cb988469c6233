"""A dataset in the words of schema.org, as search engines read them in its page.

https://schema.org/Dataset, and what Google's dataset search asks of it.
"""

from __future__ import annotations

import json
from typing import Any

from markupsafe import Markup

from datalab.catalog.territory import TERRITORIES
from datalab.i18n import Language, translate
from datalab.portal.card import license_of
from datalab.portal.dataset_doors import doors_of
from datalab.portal.library import Holding

# What could end the script, or begin another one, inside it (HTML, "Restrictions for contents of
# script elements").
ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


def described(holding: Holding, language: Language, root: str) -> dict[str, Any]:
    """The dataset; ``root`` is the portal's address without a stroke at its end."""
    told, license_ = holding.dataset, license_of(holding.dataset)
    doors = doors_of(holding)
    page = f"{root}/datasets/{holding.id}"
    found: dict[str, Any] = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "@id": page,
        "url": page,
        "identifier": holding.id,
        "name": told.title.in_(language),
        "description": told.description.in_(language),
        "keywords": told.keywords,
        "inLanguage": language,
        "isAccessibleForFree": bool(doors),
        "creator": {"@type": "Organization", "name": told.publisher}
        | ({"url": told.publisher_url} if told.publisher_url else {}),
        "publisher": {"@type": "Organization", "name": "Dijon Métropole"},
        "includedInDataCatalog": {
            "@type": "DataCatalog",
            "name": translate("Data lab of Dijon Métropole", language),
            "url": f"{root}/datasets/",
        },
        "variableMeasured": [
            {
                "@type": "PropertyValue",
                "name": name,
                "description": column.description.in_(language),
            }
            | ({"unitText": column.unit} if column.unit else {})
            for name, column in told.columns.items()
        ],
    }
    if license_.url:
        found["license"] = license_.url
    if told.temporal:
        found["temporalCoverage"] = told.temporal
    place = TERRITORIES.get(told.spatial)
    if place is not None:
        box = f"{place.south} {place.west} {place.north} {place.east}"
        found["spatialCoverage"] = {
            "@type": "Place",
            "name": place.name.in_(language),
            "geo": {"@type": "GeoShape", "box": box},
        }
    if holding.good:
        found["version"] = str(holding.snapshot)
        found["dateModified"] = holding.good["finished_at"]
    if doors:
        found["distribution"] = [
            {
                "@type": "DataDownload",
                "name": door.title.in_(language),
                "encodingFormat": door.media,
                "contentUrl": f"{root}{door.path}",
            }
            for door in doors
            if door.file
        ]
    return found


def as_markup(document: dict[str, Any]) -> Markup:
    """JSON that stands in a page as data and can be nothing else."""
    text = json.dumps(document, ensure_ascii=False)
    for letter, written in ESCAPES.items():
        text = text.replace(letter, written)
    return Markup(text)  # noqa: S704 - no letter of it can end the element
