"""The badge of a dataset on its way out: as a header of the API, and as DCAT's quality terms."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from datalab.catalog.badge import Badge
from datalab.portal.language import now
from datalab.portal.library import Holding
from datalab.portal.state import badge

HEADER = "Datalab-Quality"
DQV = "http://www.w3.org/ns/dqv#"
HELP = "quality"  # the page that explains the states, below the prefix


def quality_header(holding: Holding, moment: datetime | None = None) -> dict[str, str]:
    """``Datalab-Quality``, for every answer that carries rows or a description of a dataset."""
    return {HEADER: badge(holding, moment or now()).header()}


def measurements(found: Badge, root: str) -> list[dict[str, Any]]:
    """The badge as ``dqv:QualityMeasurement`` (W3C Data Quality Vocabulary), plain values.

    Parameters
    ----------
    root
        address of the portal, ending in its prefix: metrics are sections of its page on quality.

    Returns
    -------
    list of {"metric": IRI, "value": number or text, "datatype": XSD name, "at": ISO 8601 or None}
    """
    shares = {
        "expectations-held": (found.held, "integer"),
        "expectations-broken": (found.broken, "integer"),
        "expectations-with-reservation": (found.warnings, "integer"),
        "expectations-not-checked": (found.unchecked, "integer"),
        "state": (found.name, "string"),
    }
    shares |= {mark: (mark in found.marks, "boolean") for mark in ("warning", "stale")}
    return [
        {
            "metric": f"{root.rstrip('/')}/{HELP}#{name}",
            "value": value,
            "datatype": datatype,
            "at": found.checked_at,
        }
        for name, (value, datatype) in shares.items()
    ]
