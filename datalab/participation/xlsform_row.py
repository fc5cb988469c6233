"""One row of an XLSForm as one question of ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from datalab.i18n import Phrase
from datalab.participation.workbook import Row

Wrong = Callable[[str, int, str, Phrase], None]  # told of sheet, row, column and what is wrong
KINDS = {
    **{"text": "text", "string": "text", "integer": "integer", "int": "integer"},
    **{"decimal": "decimal", "date": "date", "note": "note", "geopoint": "geopoint"},
    **{"location": "geopoint", "range": "scale", "calculate": "calculate"},
    **{"acknowledge": "consent", "trigger": "consent"},
}
# Only how something looks, which every page here decides by itself.
LOOKS = {"", "field-list", "minimal", "multiline", "likert", "numbers", "maps", "horizontal"}
SELECT = re.compile(
    r"(select_one|select one|select1|select one from|select_multiple|select multiple"
    r"|select all that apply|select all that apply from)\s+(\S+)(\s+or_other|\s+or specify other)?"
)
RANGE = re.compile(
    r"\. >= (-?[\d.]+)(?: and \. <= (-?[\d.]+))?(?: and \((.+)\))?"
    r"|\. <= (-?[\d.]+)(?: and \((.+)\))?"
)
LENGTH = re.compile(r"string-length\(\.\) <= (\d+)(?: and \((.+)\))?")


def question_of(row: Row, kind: str, cells: dict[str, Any], wrong: Wrong) -> dict[str, Any] | None:
    """One row of the survey sheet as a question; None where its type is not known here."""
    made: dict[str, Any] = {"name": cells.get("name", "")}
    selected = SELECT.fullmatch(kind)
    if selected:
        several = "multiple" in selected[1] or "all" in selected[1]
        made["type"] = "select_multiple" if several else "select_one"
        made["list_name"] = selected[2]
        made |= {"other": True} if selected[3] else {}
    elif kind.lower() in KINDS:
        made["type"] = KINDS[kind.lower()]
    else:
        message = Phrase("the type “{type}” is not supported here", type=kind[:60])
        wrong("survey", row.number, "type", message)
        return None
    look = cells.get("appearance", "")
    if not set(look.split()) <= LOOKS:
        wrong("survey", row.number, "appearance", no_look(look))
    made |= {key: cells[key] for key in ("label", "hint", "relevant") if key in cells}
    made |= {key: cells[key] for key in ("constraint_message", "calculation") if key in cells}
    made |= {key: cells[f"datalab_{key}"] for key in ("low", "high") if f"datalab_{key}" in cells}
    made |= dict(_details(row, made["type"], cells, wrong))
    return made


def _details(row: Row, kind: str, cells: dict[str, Any], wrong: Wrong) -> Iterator[tuple[str, Any]]:
    required = cells.get("required", "no").lower().removesuffix("()")
    if required not in {"yes", "no", "true", "false"}:
        message = Phrase("write yes or no; a condition is not supported here")
        wrong("survey", row.number, "required", message)
    if required in {"yes", "true"}:
        yield "required", True
    yield from _constraint(cells.get("constraint", ""), kind)
    given = cells.get("parameters", "")
    parameters = dict(
        part.split("=", 1) for part in re.split(r"[\s,;]+", given) if part.count("=") == 1
    )
    if kind == "scale":
        try:
            yield "min", float(parameters.pop("start", 1))
            yield "max", float(parameters.pop("end", 10))
            step = float(parameters.pop("step", 1))
            if step != 1:
                yield "step", step
        except ValueError:
            message = Phrase("write numbers, as in start=1 end=5 step=1")
            wrong("survey", row.number, "parameters", message)
    if parameters or (given and kind != "scale"):
        message = Phrase("“{text}” is not supported here", text=given[:60])
        wrong("survey", row.number, "parameters", message)
    if cells.get("datalab_quasi_identifier", "no").lower() in {"yes", "true"}:
        yield "quasi_identifier", True
    try:
        if "datalab_bands" in cells:
            yield "bands", [float(part) for part in cells["datalab_bands"].split()]
        if "datalab_decimals" in cells:
            yield "decimals", int(cells["datalab_decimals"])
    except ValueError:
        wrong("survey", row.number, "datalab_bands", Phrase("write numbers here"))


def no_look(look: str) -> Phrase:
    return Phrase("the appearance “{look}” is not supported here", look=look[:60])


def _constraint(text: str, kind: str) -> Iterator[tuple[str, Any]]:
    """A constraint; bounds that stand in front of it as bounds."""
    number = RANGE.fullmatch(text) if kind in {"integer", "decimal"} else None
    length = LENGTH.fullmatch(text) if kind == "text" else None
    rest: str | None = text
    if number:
        low, high, rest = number[1], number[2] or number[4], number[3] or number[5]
        if low:
            yield "min", float(low)
        if high:
            yield "max", float(high)
    elif length:
        yield "longest", int(length[1])
        rest = length[2]
    if rest:
        yield "constraint", rest
