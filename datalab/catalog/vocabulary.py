"""The closed lists of the catalog: themes and licences.

A theme is a folder of ``catalog/`` and maps to the EU data-theme authority table (DCAT-AP). A
licence answers the question that people really ask: may I reuse this, also commercially?
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from datalab.catalog.dataset import Text

Reuse = Literal["yes", "conditions", "no", "not-stated"]


@dataclass(frozen=True)
class Theme:
    """``code`` is the EU authority's, http://publications.europa.eu/resource/authority/data-theme."""

    title: Text
    code: str


@dataclass(frozen=True)
class License:
    """``reuse`` is the short answer, ``answer`` the sentence a reader gets."""

    title: str
    url: str | None
    reuse: Reuse
    answer: Text


THEMES: dict[str, Theme] = {
    "territory": Theme(Text(fr="Territoire", en="Territory"), "REGI"),
    "population": Theme(Text(fr="Population et société", en="Population and society"), "SOCI"),
    "economy": Theme(Text(fr="Économie et emploi", en="Economy and jobs"), "ECON"),
    "energy": Theme(Text(fr="Énergie", en="Energy"), "ENER"),
    "environment": Theme(Text(fr="Environnement et climat", en="Environment and climate"), "ENVI"),
    "mobility": Theme(Text(fr="Mobilité", en="Mobility"), "TRAN"),
    "education": Theme(Text(fr="Éducation et calendrier", en="Education and calendar"), "EDUC"),
    "government": Theme(Text(fr="Action publique", en="Public action"), "GOVE"),
}

LICENSES: dict[str, License] = {
    "lov2": License(
        "Licence Ouverte 2.0 (Etalab)",
        "https://www.etalab.gouv.fr/licence-ouverte-open-licence/",
        "yes",
        Text(
            fr="Oui, y compris pour un usage commercial, à condition de citer la source et la date "
            "de mise à jour.",
            en="Yes, also commercially, provided that you name the source and the date of its last "
            "update.",
        ),
    ),
    "odbl": License(
        "Open Database License 1.0",
        "https://opendatacommons.org/licenses/odbl/1-0/",
        "conditions",
        Text(
            fr="Oui, y compris pour un usage commercial, sous conditions : citer la source et "
            "publier sous la même licence toute base de données qui en dérive.",
            en="Yes, also commercially, under conditions: name the source, and publish any "
            "database derived from it under the same licence.",
        ),
    ),
    "cc-by-4.0": License(
        "Creative Commons Attribution 4.0",
        "https://creativecommons.org/licenses/by/4.0/",
        "yes",
        Text(
            fr="Oui, y compris pour un usage commercial, à condition de créditer l’auteur et "
            "d’indiquer vos modifications.",
            en="Yes, also commercially, provided that you credit the author and say what you "
            "changed.",
        ),
    ),
    "mit": License(
        "MIT",
        "https://opensource.org/license/mit",
        "yes",
        Text(
            fr="Oui, y compris pour un usage commercial, à condition de conserver la mention de "
            "droits d’auteur.",
            en="Yes, also commercially, provided that you keep the copyright notice.",
        ),
    ),
    "all-rights-reserved": License(
        "Tous droits réservés",
        None,
        "no",
        Text(
            fr="Non. Ces données se lisent dans les notebooks du laboratoire, mais leur "
            "propriétaire n’autorise ni leur diffusion ni leur réutilisation ailleurs.",
            en="No. These data can be read in the notebooks of the lab, but their owner allows "
            "neither passing them on nor using them elsewhere.",
        ),
    ),
    "not-stated": License(
        "Licence non précisée",
        None,
        "not-stated",
        Text(
            fr="La source ne le dit pas. Sans licence, demandez l’accord du producteur avant toute "
            "réutilisation, commerciale ou non.",
            en="The source does not say. Without a licence, ask the producer before any reuse, "
            "commercial or not.",
        ),
    ),
}
