"""Names that the European Union's authority tables give to what the catalog says in its own words.

https://op.europa.eu/en/web/eu-vocabularies (data-theme, frequency, access-right, file-type,
language), and the six categories of Implementing Regulation (EU) 2023/138 on high-value datasets
(scheme http://data.europa.eu/bna/asd487ae75), held against the tables of udata and
berlinonline/hvd_categories in November 2026.
"""

from __future__ import annotations

from datalab.catalog.dataset import Dataset, HvdCategory
from datalab.catalog.text import Text

EU = "http://publications.europa.eu/resource/authority"
HVD_LAW = "http://data.europa.eu/eli/reg_impl/2023/138/oj"
FREQUENCIES = {
    "once": "NEVER",
    "realtime": "UPDATE_CONT",
    "hourly": "HOURLY",
    "daily": "DAILY",
    "weekly": "WEEKLY",
    "monthly": "MONTHLY",
    "quarterly": "QUARTERLY",
    "annual": "ANNUAL",
    "irregular": "IRREG",
}
LANGUAGES = {"fr": "FRA", "en": "ENG"}
HVD: dict[HvdCategory, tuple[str, Text]] = {
    "geospatial": ("c_ac64a52d", Text(fr="Géospatial", en="Geospatial")),
    "earth-observation": (
        "c_dd313021",
        Text(fr="Observation de la Terre et environnement", en="Earth observation and environment"),
    ),
    "meteorological": ("c_164e0bf5", Text(fr="Météorologie", en="Meteorological")),
    "statistics": ("c_e1da4e07", Text(fr="Statistiques", en="Statistics")),
    "companies": (
        "c_a9135398",
        Text(fr="Entreprises et propriété d’entreprises", en="Companies and company ownership"),
    ),
    "mobility": ("c_b79e35eb", Text(fr="Mobilité", en="Mobility")),
}


def term(table: str, code: str) -> str:
    """The address of an entry of an authority table."""
    return f"{EU}/{table}/{code}"


def hvd_category(name: HvdCategory) -> str:
    return f"http://data.europa.eu/bna/{HVD[name][0]}"


def access_right(dataset: Dataset, barrier: str | None) -> str:
    """``PUBLIC``, ``RESTRICTED`` or ``NON_PUBLIC``, as the door says (:mod:`.access`)."""
    if barrier is None:
        return "PUBLIC"
    return "NON_PUBLIC" if dataset.personal_data == "personal" else "RESTRICTED"
