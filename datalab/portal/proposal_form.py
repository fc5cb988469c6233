"""The dataset that a form describes: what was inspected, corrected by what a person typed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from datalab.catalog.audience import GROUPS
from datalab.catalog.dataset import SLUG, TYPE_NAMES
from datalab.catalog.vocabulary import LICENSES, THEMES
from datalab.i18n import Phrase
from datalab.inspection.draft import TO_FILL, document_of
from datalab.inspection.found import ColumnFound, Inspection
from datalab.people.identity import group_called

MOST_COLUMNS = 300
PLAIN = ("publisher", "license", "steward", "access", "periodicity")
PLACES = ("longitude", "latitude", "geometry", "value", "label")
OPTIONAL = ("title_en", "description_en")  # the French text stands in
MOST_NAMED = 50  # accounts of an audience
ACCOUNT = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
DECISIONS = ("keep", "drop", "none")
ACCESS = ("open", "members", "restricted")
PERIODS = (
    *("once", "realtime", "hourly", "daily", "weekly", "monthly", "quarterly", "annual"),
    "irregular",
)
LONGEST = {"description": 4_000, "column": 1_000}
TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
FORMATS = ("csv", "xlsx", "json")  # whose columns can all be read as text


@dataclass
class Corrected:
    """``document`` as the YAML would hold it; ``wrong`` by the name of the field."""

    document: dict[str, Any]
    theme: str
    decisions: dict[str, str]
    wrong: dict[str, Phrase] = field(default_factory=dict)


def document_for(
    inspection: Inspection, identity: str, url: str, steward: str, private: bool = False
) -> tuple[dict[str, Any], dict[str, str]]:
    """The draft as it stands before anybody corrected it, and its fields."""
    source: dict[str, Any] | None = {"connector": "http", "url": url} if url else None
    if source and private:
        source["allow_private"] = True
    made = document_of(inspection, identity=identity, source=source, facts={"steward": steward})
    return made, fields_of(inspection, made)


def fields_of(inspection: Inspection, document: Mapping[str, Any]) -> dict[str, str]:
    """The form of a draft: what each field holds."""
    found = {"id": document["id"], "theme": "territory"}
    for name in ("title", "description"):
        for language, text in document[name].items():
            found[f"{name}_{language}"] = text.removeprefix(TO_FILL[language]).removeprefix(" – ")
    if inspection.titles and not found["title_fr"]:
        found["title_fr"] = inspection.titles[0].strip()[:200]
    if inspection.titles:  # what stands above a table is in one language, and said once
        found["title_en"] = found["description_en"] = ""
    for name in PLAIN:
        text = str(document.get(name, "open" if name == "access" else ""))
        found[name] = "" if text in (*TO_FILL.values(), "a-completer") else text
    by_source = {(c.get("source") or name): (name, c) for name, c in document["columns"].items()}
    for column in inspection.columns:
        at = f"c{column.position}"
        name, written = by_source.get(column.source, (column.name, None))
        found[f"{at}_name"] = name
        found[f"{at}_type"] = column.type
        found[f"{at}_unit"] = column.unit or ""
        said = (written or {}).get("description", {})
        for language in ("fr", "en"):
            found[f"{at}_{language}"] = said.get(language, column.label or column.source)
        if written is None:
            found[f"{at}_out"] = "yes"
        if name in document.get("key", []):
            found[f"{at}_key"] = "yes"
    found["audience_stewards"] = "yes"  # who grant it to others by name
    for number in range(len(document.get("expectations", []))):
        found[f"e{number}"] = "yes"
    for place, name in (document.get("map") or {}).items():
        place_of = next((c.position for c in inspection.columns if c.name == name), None)
        if place_of is not None:
            found[f"map_{place}"] = str(place_of)
    return found


def corrected(
    inspection: Inspection, draft: Mapping[str, Any], fields: Mapping[str, Any]
) -> Corrected:
    """The dataset that ``fields`` describe. What cannot be is left out and named in ``wrong``."""
    said = {name: _text(value) for name, value in fields.items() if isinstance(value, str)}
    wrong: dict[str, Phrase] = {}
    document: dict[str, Any] = {"id": said.get("id", "")}
    if not re.fullmatch(SLUG, document["id"]) or len(document["id"]) > 60:
        wrong["id"] = Phrase("small letters without accents, digits and hyphens, 60 at most")
        document["id"] = draft["id"]
    for name in ("title", "description"):
        document[name] = {}
        for language in ("fr", "en"):
            at = f"{name}_{language}"
            text = said.get(at, "")
            if (not text and at not in OPTIONAL) or len(text) > LONGEST.get(name, 200):
                wrong[at] = _needed(text, LONGEST.get(name, 200))
            document[name][language] = text or said.get(f"{name}_fr") or TO_FILL[language]
    for name in PLAIN:
        document[name] = said.get(name, "")
        if not document[name] or len(document[name]) > 200:
            wrong[name] = _needed(document[name], 200)
            document[name] = draft.get(name, "open")
    document["steward"] = group_called(document["steward"])
    for name, known in (("license", LICENSES), ("access", ACCESS), ("periodicity", PERIODS)):
        if document[name] not in known:
            wrong[name] = Phrase("choose one of the list")
            document[name] = draft.get(name, "open")
    theme = said.get("theme", "")
    if theme not in THEMES:
        wrong["theme"], theme = Phrase("choose one of the list"), "territory"
    decisions = _decisions(inspection, said)
    kept = {c.position: c for c in inspection.columns if not _out(c, said, decisions)}
    names = _names(kept, said, wrong)
    columns = {names[at]: _column(c, names[at], said, decisions, wrong) for at, c in kept.items()}
    if not columns:
        wrong["columns"] = Phrase("at least one column has to stay")
    if any(column.get("personal") for column in columns.values()):
        document["personal_data"] = "personal"
        if document["access"] == "open":
            wrong["access"] = Phrase(
                "a column kept as personal cannot be open to everybody: choose members or "
                "restricted, or leave the column out"
            )
    if document["access"] == "restricted":
        document["audience"] = _audience(said, wrong)
    key = [names[at] for at in kept if said.get(f"c{at}_key")]
    if key:
        document["key"] = key
    if hint := _map(said, names):
        document["map"] = hint
    document["source"] = _source(inspection, draft, kept, said)
    document["columns"] = columns
    document["expectations"] = _expectations(inspection, draft, names, said)
    return Corrected(document, theme, decisions, wrong)


def _audience(said: Mapping[str, str], wrong: dict[str, Phrase]) -> list[str]:
    """The groups that are ticked and the accounts that are named; nobody is a mistake."""
    groups = [group for group in GROUPS if said.get(f"audience_{group}")]
    names = dict.fromkeys(re.findall(r"[^\s,;]+", said.get("audience_accounts", "")))
    plain = [name.removeprefix("account:") for name in names]
    strange = [name for name in plain if not ACCOUNT.fullmatch(name)]
    if strange or len(plain) > MOST_NAMED:
        wrong["audience_accounts"] = Phrase(
            "account names, with a comma between two: small letters, digits and hyphens; {most} at "
            "most",
            most=MOST_NAMED,
        )
    found = [*groups, *(f"account:{name}" for name in plain if name not in strange)]
    if not found:
        wrong["audience"] = Phrase("choose who may read it: a group, or persons by name")
    return found[: len(GROUPS) + MOST_NAMED] or ["stewards"]


def undecided(inspection: Inspection, decisions: Mapping[str, str]) -> dict[str, Phrase]:
    """The columns that look personal and about which nothing was decided, as ``wrong``."""
    return {
        f"c{column.position}_personal": Phrase("decide what becomes of this column")
        for column in inspection.columns
        if column.personal is not None and decisions.get(column.source) not in DECISIONS
    }


def _text(value: str) -> str:
    """As it may stand in a file: no control characters, no end of line but one."""
    return TEXT.sub("", value.replace("\r\n", "\n")).strip()


def _needed(text: str, most: int) -> Phrase:
    if not text:
        return Phrase("this is needed")
    return Phrase("it is too long: {most} characters at most", most=most)


def _decisions(inspection: Inspection, said: Mapping[str, str]) -> dict[str, str]:
    found = {c.source: said.get(f"c{c.position}_personal", "") for c in inspection.columns}
    return {source: decision for source, decision in found.items() if decision in DECISIONS}


def _out(column: ColumnFound, said: Mapping[str, str], decisions: Mapping[str, str]) -> bool:
    return bool(said.get(f"c{column.position}_out")) or decisions.get(column.source) == "drop"


def _names(
    kept: Mapping[int, ColumnFound], said: Mapping[str, str], wrong: dict[str, Phrase]
) -> dict[int, str]:
    """The name of each column, its own again where what was typed cannot be one."""
    found: dict[int, str] = {}
    for at, column in kept.items():
        name = said.get(f"c{at}_name", "")
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,62}", name):
            wrong[f"c{at}_name"] = Phrase("letters without accents, digits and _, 63 at most")
            name = column.name
        if name.lower() in {one.lower() for one in found.values()}:
            wrong[f"c{at}_name"] = Phrase("another column has this name")
            name = f"{column.name[:50]}_{at}"
        found[at] = name
    return found


def _column(
    column: ColumnFound,
    name: str,
    said: Mapping[str, str],
    decisions: Mapping[str, str],
    wrong: dict[str, Phrase],
) -> dict[str, Any]:
    at = f"c{column.position}"
    kind = said.get(f"{at}_type", column.type)
    if kind not in (*TYPE_NAMES, column.type):
        wrong[f"{at}_type"], kind = Phrase("choose one of the list"), column.type
    made: dict[str, Any] = {"type": kind}
    if unit := said.get(f"{at}_unit", "")[:40]:
        made["unit"] = unit
    texts = {language: said.get(f"{at}_{language}", "") for language in ("fr", "en")}
    for language, text in texts.items():
        if len(text) > LONGEST["column"]:
            wrong[f"{at}_{language}"] = _needed(text, LONGEST["column"])
    either = texts["fr"] or texts["en"] or column.label or column.source
    made["description"] = {language: text or either for language, text in texts.items()}
    if column.source != name:
        made["source"] = column.source
    # Until somebody decides, what looks personal is.
    if column.personal is not None and decisions.get(column.source) != "none":
        made["personal"] = True
    return made


def _map(said: Mapping[str, str], names: Mapping[int, str]) -> dict[str, str]:
    found = {}
    for place in PLACES:
        at = said.get(f"map_{place}", "")
        if at.isascii() and at.isdecimal() and int(at[:6]) in names:
            found[place] = names[int(at[:6])]
    if "geometry" in found:
        return {k: v for k, v in found.items() if k not in ("longitude", "latitude")}
    return found if {"longitude", "latitude"} <= set(found) else {}


def _source(
    inspection: Inspection,
    draft: Mapping[str, Any],
    kept: Mapping[int, ColumnFound],
    said: Mapping[str, str],
) -> dict[str, Any]:
    found = {name: value for name, value in draft["source"].items() if name != "columns"}
    types = {c.source: said.get(f"c{at}_type", c.type) for at, c in kept.items()}
    csv = dict(found.get("csv") or {})
    same = {c.source: c.type for c in kept.values()}
    # How a number or a date is written says nothing of a column that is something else now.
    values = {
        source: writing
        for source, writing in (csv.get("values") or {}).items()
        if source in types and types[source] == same[source]
    }
    if "values" in csv:
        csv = {**csv, "values": values} if values else {k: csv[k] for k in csv if k != "values"}
        found["csv"] = csv
        if not csv:
            del found["csv"]
    if len(kept) < len(inspection.columns):
        found["columns"] = {
            c.source: types.get(c.source, "varchar" if inspection.format in FORMATS else c.type)
            for c in inspection.columns
        }
    return found


def _expectations(
    inspection: Inspection, draft: Mapping[str, Any], names: Mapping[int, str], said: Any
) -> list[dict[str, Any]]:
    """Those that are ticked and whose columns are still there, by the names they have now."""
    renamed = {c.name: names[c.position] for c in inspection.columns if c.position in names}
    gone = {c.name for c in inspection.columns} - set(renamed)
    found = []
    for number, expectation in enumerate(draft.get("expectations", [])):
        about = {k: v for k, v in expectation.items() if k.startswith("column")}
        used = {c for v in about.values() for c in (v if isinstance(v, list) else [v])}
        if said.get(f"e{number}") and not used & gone:
            new = {
                k: [renamed.get(c, c) for c in v] if isinstance(v, list) else renamed.get(v, v)
                for k, v in about.items()
            }
            found.append({**expectation, **new})
    return found
