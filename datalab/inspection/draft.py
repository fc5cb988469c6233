"""The draft of a dataset: the YAML that loads an inspected file through the ordinary stage."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from datalab.inspection.found import ColumnFound, Inspection
from datalab.inspection.naming import DBF, slug
from datalab.inspection.suggested import suggested

TO_FILL = {"fr": "À compléter", "en": "To fill in"}
_HEADER = (
    "# À relire avant publication : titres, descriptions, producteur, licence, types, attentes.\n"
    "# To read before publication: titles, descriptions, publisher, licence, types, expectations.\n"
)


class _Plain(yaml.SafeDumper):
    """YAML as the catalog reads it: no anchors, and text that looks like a number in quotes.

    PyYAML writes 089 and 2E3 bare, for YAML 1.1 takes neither for a number; YAML 1.2 takes both.
    """

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _quoted(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "'" if re.match(r"[-+.]?\d", text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Plain.add_representer(str, _quoted)


def draft(
    inspection: Inspection,
    *,
    identity: str | None = None,
    source: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> str:
    """The YAML of a dataset that reads the inspected file right.

    Parameters
    ----------
    identity
        id of the dataset; made from the name of the file where it is None.
    source
        connector and its keys, such as ``{"connector": "http", "url": …}``; the file beside the
        YAML where it is None.
    facts
        keys of the dataset that are known already: title, publisher, license …
    """
    document = document_of(inspection, identity=identity, source=source, facts=facts)
    return _HEADER + text_of(document)


def text_of(document: Mapping[str, Any]) -> str:
    """A dataset as its YAML is written."""
    return str(
        yaml.dump(dict(document), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=100)
    )


def document_of(
    inspection: Inspection,
    *,
    identity: str | None = None,
    source: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The draft as a document, for a form that lets people correct it."""
    personal = [c for c in inspection.columns if c.personal is not None]
    kept = [column for column in inspection.columns if not _nothing(column)]
    document: dict[str, Any] = {
        "id": identity or slug(inspection.name),
        "title": dict(TO_FILL),
        "description": _description(inspection),
        "publisher": TO_FILL["fr"],
        "license": "not-stated",
        "steward": "a-completer",
        "periodicity": "irregular",
        **(facts or {}),
    }
    if personal:
        # Personal data cannot be open; whoever knows better says so in the draft.
        document.setdefault("access", "members")
        document.setdefault("personal_data", "personal")
    if inspection.key:
        document["key"] = list(inspection.key)
    hint = _map(inspection)
    if hint:
        document["map"] = hint
    document["source"] = _source(inspection, source, kept)
    document["columns"] = {column.name: _column(column) for column in kept}
    document["expectations"] = [
        expectation
        for expectation in suggested(inspection)
        if expectation.get("column") in {None, *(column.name for column in kept)}
    ]
    return document


def _nothing(column: ColumnFound) -> bool:
    """A column without a name and without a value is none."""
    return column.empty and column.source == f"column_{column.position}"


def _description(inspection: Inspection) -> dict[str, str]:
    above = " ".join(inspection.titles[:3])[:400].strip()
    if not above:
        return dict(TO_FILL)
    return {language: f"{text} – {above}" for language, text in TO_FILL.items()}


def _source(
    inspection: Inspection, source: Mapping[str, Any] | None, kept: list[ColumnFound]
) -> dict[str, Any]:
    found: dict[str, Any] = dict(source or {"connector": "file", "path": inspection.name})
    if inspection.format != "csv":
        found["format"] = inspection.format
    if inspection.compression != "none":
        found["compression"] = inspection.compression
    found |= inspection.source
    if inspection.options:
        found["csv"] = dict(inspection.options)
    if len(kept) < len(inspection.columns):
        found["columns"] = {column.source: column.type for column in inspection.columns}
    return found


def _column(column: ColumnFound) -> dict[str, Any]:
    found: dict[str, Any] = {"type": column.type}
    if column.unit:
        found["unit"] = column.unit
    dbf = DBF.match(column.source)
    label = column.label or (dbf[1] if dbf else column.source)
    found["description"] = {"fr": label, "en": label}
    if column.source != column.name:
        found["source"] = column.source
    if column.personal is not None:
        found["personal"] = True
    return found


def _map(inspection: Inspection) -> dict[str, str] | None:
    by_role: dict[str, str] = {}
    for column in inspection.columns:
        if column.role:
            by_role.setdefault(column.role, column.name)
    label = next((c.name for c in inspection.columns if c.type == "varchar" and _names(c)), None)
    shown = {"label": label} if label else {}
    if "geometry" in by_role:
        return {"geometry": by_role["geometry"], **shown}
    if "longitude" in by_role and "latitude" in by_role:
        places = {"longitude": by_role["longitude"], "latitude": by_role["latitude"]}
        if any(remark.code == "exchanged" for remark in inspection.remarks):
            places = {"longitude": places["latitude"], "latitude": places["longitude"]}
        return {**places, **shown}
    return None


def _names(column: ColumnFound) -> bool:
    return column.personal is None and column.name.split("_")[0] in {
        *("nom", "name", "libelle", "label", "titre", "title", "commune"),
    }
