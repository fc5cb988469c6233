"""A prepared file becomes a proposal for the catalog: its file, its schema, whose it is."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import Any

from datalab.catalog.schema import Schema
from datalab.i18n import Language, translate
from datalab.inspection.found import ColumnFound, Inspection
from datalab.inspection.inspect import inspect
from datalab.inspection.naming import slug
from datalab.portal import duty_preparing as preparing
from datalab.portal.duty_preparing import Work
from datalab.portal.person import Person
from datalab.portal.proposal_form import corrected, document_for
from datalab.portal.proposal_written import digest_of
from datalab.proposal import Proposal, Proposals
from datalab.settings import Settings

THEMES = {"scdl-equipements": "territory", "arbres": "environment", "scdl-prenoms": "population"}
TYPES = {"date": "date", "integer": "integer", "year": "integer", "number": "double"}
LICENSE = "lov2"  # CRPA, D. 323-2-1: one of the two that a commune may choose without asking


def propose(settings: Settings, person: Person, work: Work, commune: str, now: float) -> Proposal:
    """A draft proposal with the valid file, for ``person`` to complete and send to a steward.

    Raises
    ------
    ProposalRefused
        where somebody has too many, or the disk is nearly full.
    """
    schema = work.schema
    identity = f"{schema.name.removeprefix('scdl-')}-{slug(commune) or work.commune}"[:60].strip(
        "-"
    )
    proposals = Proposals(settings.proposals)
    made = proposals.create(person.name, now, name=f"{identity}.csv", steward=_steward(person))
    file = proposals.file(made.id)
    shutil.copyfile(preparing.out_of(settings, work.one.id) / "valid.csv", file)
    found = _typed(inspect(file, name=f"{identity}.csv"), schema)
    draft, fields = document_for(found, identity, "", made.steward)
    fields |= _fields(schema, commune, identity)
    described = corrected(found, draft, fields)
    state: dict[str, Any] = {
        "state": "draft",
        "inspection": found.as_plain(),
        "document": described.document,
        "theme": described.theme,
        "typed": fields,
        "facts": {"schema": schema.name, "commune": work.commune},
        "note": _note(work),
    }

    def filled(before: Proposal) -> Proposal:
        read = replace(before, **state)
        return replace(read, trying=digest_of(read))

    return proposals.change(made.id, made.version, person.name, "read", now, filled)


def _typed(found: Inspection, schema: Schema) -> Inspection:
    """The columns as the schema types them: 7.10 is a code, not 7.1."""
    types = {field.name: TYPES.get(field.type, "varchar") for field in schema.fields}

    def typed(column: ColumnFound) -> ColumnFound:
        said = types.get(column.source, column.type)
        if said == column.type:
            return column
        return replace(column, type=said, minimum=None, maximum=None, unit=None, writing={})

    return replace(found, columns=[typed(column) for column in found.columns])


def _steward(person: Person) -> str:
    return person.name if person.may("publish:dataset") else "stewards"


def _fields(schema: Schema, commune: str, identity: str) -> dict[str, str]:
    made = {"id": identity, "theme": THEMES.get(schema.name, "government")}
    languages: tuple[Language, ...] = ("fr", "en")
    for language in languages:
        title = schema.title.in_(language)
        said = translate("{title} of {commune}", language, title=title, commune=commune)
        made[f"title_{language}"] = said
    made["description_fr"] = (
        f"{schema.description.fr} Fichier au schéma {schema.name} {schema.version}."
    )
    made["description_en"] = (
        f"{schema.description.en} File of schema {schema.name} {schema.version}."
    )
    return {
        **made,
        "publisher": f"Commune de {commune}",
        "license": LICENSE,
        "access": "open",
        "periodicity": "annual",
    }


def _note(work: Work) -> str:
    """What a steward has to know: counts, and what was kept of persons and why."""
    found = work.result
    if found is None:
        return ""
    kept = [f"{one.field} ({one.kind}) : {one.reason}" for one in found.persons if one.reason]
    told = (
        f"{found.schema} {found.version}; {found.rows} = {found.good} + {found.rejected} + "
        f"{found.withheld}; SHA-256 {found.sha256}"
    )
    return "\n".join([told, *kept])[:2000]
