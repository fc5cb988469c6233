"""Spreadsheets in preparation: what was sent, what was wished, what became of it.

They lie as proposals do (:mod:`datalab.proposal`), in a folder of their own beside them: private to
who sent them, bounded in number and size, swept away when nobody touches them.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from datalab.catalog.schema import Schema, find_schema, schemas
from datalab.errors import DatalabError, PreparationRefused, UnknownPreparation, UnknownProposal
from datalab.i18n import DEFAULT, Language, Phrase
from datalab.inspection.found import Inspection
from datalab.inspection.inspect import inspect
from datalab.lake import cell
from datalab.preparation.matching import Column, Match, proposals
from datalab.preparation.mending import mend
from datalab.preparation.prepare import LARGEST, as_text, prepare
from datalab.preparation.prepared import Prepared, Wish
from datalab.proposal import ANY, DAYS, Proposal, Proposals
from datalab.settings import Settings

SCHEMAS = (
    *("scdl-deliberations", "scdl-subventions", "scdl-equipements", "scdl-prenoms"),
    *("scdl-budget", "scdl-menus-collectifs", "scdl-catalogue", "arbres", "defibrillateurs"),
)
LONGEST = 300
MOST_COLUMNS = 200


@dataclass(frozen=True)
class Work:
    """One preparation as its page shows it."""

    one: Proposal
    schema: Schema
    commune: str
    inspection: Inspection
    matches: dict[str, Match]
    wish: Wish
    result: Prepared | None
    wrong: dict[str, Phrase]

    @property
    def columns(self) -> list[str]:
        return [column.source for column in self.inspection.columns]


def store_of(settings: Settings) -> Proposals:
    return Proposals(settings.proposals.with_name("preparations"))


def known_schemas() -> list[Schema]:
    """The schemas that the assistant offers, the most asked for first."""
    carried = schemas()
    return [carried[name] for name in SCHEMAS if name in carried]


def begin(
    settings: Settings,
    owner: str,
    now: float,
    file: BinaryIO,
    name: str,
    schema: str,
    fixed: Mapping[str, str],
    commune: str,
) -> Proposal:
    """Keep the file, look at it and propose which column is which field.

    Raises
    ------
    PreparationRefused
        with the field of the form where it was typed.
    """
    if schema not in SCHEMAS:
        raise PreparationRefused(field="schema", reason=Phrase("choose one of the list"))
    works = store_of(settings)
    made = works.create(owner, now, name=name)
    try:
        with works.file(made.id).open("wb") as kept:
            shutil.copyfileobj(file, kept, 1 << 20)
        if works.file(made.id).stat().st_size > LARGEST:
            raise PreparationRefused(field="file", reason=Phrase("it is larger than 20 MB"))
        found = inspect(works.file(made.id), name=name or "data", max_bytes=10 * LARGEST)
        as_text(found)
        if len(found.columns) > MOST_COLUMNS:
            reason = Phrase("it has more columns than {most}", most=MOST_COLUMNS)
            raise PreparationRefused(field="file", reason=reason)
    except DatalabError as error:
        works.delete(made.id)
        if isinstance(error, PreparationRefused):
            raise
        raise PreparationRefused(field="file", reason=reason_of(error)) from None
    matches = _matches(find_schema(schema), found)
    fields = {f"c_{name}": match.column for name, match in matches.items()}
    names = {field.name for field in find_schema(schema).fields}
    fields |= {
        f"f_{name}": value
        for name, value in fixed.items()
        if name in names and name not in matches and value
    }
    state: dict[str, Any] = {
        "state": "draft",
        "inspection": found.as_plain(),
        "typed": {**fields, "schema": schema, "commune": commune},
    }
    return works.change(
        made.id, made.version, owner, "read", now, lambda old: replace(old, **state)
    )


def work_of(settings: Settings, owner: str, id: str) -> Work:
    """
    Raises
    ------
    UnknownPreparation
        also where it is another person's.
    """
    try:
        one = store_of(settings).get(id)
    except UnknownProposal:
        raise UnknownPreparation(id=id[:40], days=DAYS) from None
    if one.owner != owner or one.inspection is None:
        raise UnknownPreparation(id=id[:40], days=DAYS)
    inspection = Inspection.from_plain(one.inspection)
    schema = find_schema(one.typed["schema"])
    result = None if one.trial is None else Prepared.from_plain(one.trial)
    wish = wish_of(schema, inspection, one.typed)
    return Work(
        one,
        schema,
        one.typed.get("commune", ""),
        inspection,
        _matches(schema, inspection),
        wish,
        result,
        wrong_in(schema, wish),
    )


def prepare_again(
    settings: Settings, work: Work, fields: Mapping[str, Any], now: float, version: int
) -> Work:
    """Keep what was typed and prepare the file with it.

    Raises
    ------
    PreparationRefused, UnreadableFile, InspectionStopped
    ProposalRefused
        where it was changed meanwhile.
    """
    one, works = work.one, store_of(settings)
    known = {"schema": one.typed["schema"], "commune": work.commune}
    typed = {
        name: value[:LONGEST]
        for name, value in fields.items()
        if isinstance(value, str) and name[:2] in ("c_", "f_", "k_")
    }
    typed |= known
    wish = wish_of(work.schema, work.inspection, typed)
    saved = works.change(
        one.id,
        version,
        one.owner,
        "save",
        now,
        lambda old: replace(old, typed=typed, trial=None, tried=""),
    )
    if not wrong_in(work.schema, wish):
        found = prepare(works.file(one.id), work.inspection, wish, out_of(settings, one.id))
        works.change(
            saved.id,
            ANY,
            one.owner,
            "prepare",
            now,
            lambda old: replace(old, trial=asdict(found), tried=found.sha256),
        )
    return work_of(settings, one.owner, one.id)


def out_of(settings: Settings, id: str) -> Path:
    """Where the files that were made lie."""
    return store_of(settings).folder(id) / "out"


def wish_of(schema: Schema, inspection: Inspection, typed: Mapping[str, str]) -> Wish:
    """What the form says: columns that there are, fixed values, reasons to keep."""
    there = {column.source for column in inspection.columns}
    names = [field.name for field in schema.fields]
    return Wish(
        schema.name,
        {name: typed[f"c_{name}"] for name in names if typed.get(f"c_{name}") in there},
        {name: typed[f"f_{name}"].strip() for name in names if typed.get(f"f_{name}", "").strip()},
        {key[2:]: value.strip() for key, value in typed.items() if key[:2] == "k_" and value},
    )


def wrong_in(schema: Schema, wish: Wish) -> dict[str, Phrase]:
    """What is wrong with the fixed values, by field: each would reject every row."""
    found: dict[str, Phrase] = {}
    for field in schema.fields:
        if field.name in wish.fixed:
            broken = list(cell.faults(field, mend(field, wish.fixed[field.name])[0]))
            if broken:
                reason, facts = broken[-1]  # a wrong check digit says more than a pattern
                found[field.name] = Phrase(reason, **facts)
    return found


def _matches(schema: Schema, inspection: Inspection) -> dict[str, Match]:
    columns = [Column(one.source, one.examples) for one in inspection.columns]
    return proposals(schema, columns)


def reason_of(error: DatalabError, language: Language = DEFAULT) -> Phrase:
    """The message of another error as the reason of this one."""
    said = error.facts.get("reason")
    if isinstance(said, Phrase):
        return said
    return Phrase("{said}", said=error.message(language).rstrip("."))


def fixed_of(row: Mapping[str, Any], siret: str) -> dict[str, str]:
    """What is the same in every row of a commune's file, by field of any of the schemas."""
    name, number = str(row["name"]), siret or town_hall(str(row["siren"]))
    found = dict.fromkeys(("COLL_NOM", "nomAttribuant", "menuCollNom", "PRODUCTEUR_NOM"), name)
    found |= dict.fromkeys(("COMMUNE_NOM", "BGT_NOM", "ADR_COMMUNE"), name)
    found |= dict.fromkeys(("COLL_SIRET", "idAttribuant", "menuCollSiret", "BGT_SIRET"), number)
    found |= {"PRODUCTEUR_SIRET": number, "COLL_INSEE": str(row["insee_code"])}
    return {**found, "ADR_CODEPOSTAL": str(row["postal_code"])}


def town_hall(siren: str) -> str:
    """The SIRET of the first establishment of a SIREN, most often the town hall: to be verified."""
    return next(
        (s for digit in range(10) if cell.is_registered(s := f"{siren}0001{digit}", "siret")), ""
    )
