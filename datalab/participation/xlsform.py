"""XLSForm, the workbook in which the field writes its questionnaires (https://xlsform.org/).

pyxform says whether a workbook is a valid XLSForm at all; what of it can be asked here is read
from its rows, and everything else is an error that names sheet, row and column: nothing is
dropped in silence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from datalab.catalog.document import Place
from datalab.catalog.mistake import Mistake, mistakes_of
from datalab.errors import InvalidQuestionnaire
from datalab.i18n import Phrase
from datalab.participation import workbook
from datalab.participation.definition import mistakes_in
from datalab.participation.questionnaire import Questionnaire
from datalab.participation.workbook import Row, Sheet
from datalab.participation.xlsform_row import LOOKS, SELECT, no_look, question_of

TRANSLATED = ("label", "hint", "constraint_message", "datalab_low", "datalab_high")
PLAIN = (
    *("type", "name", "required", "relevant", "constraint", "appearance", "parameters"),
    *("calculation", "datalab_quasi_identifier", "datalab_bands", "datalab_decimals"),
)
ALIASES = {
    **{"relevance": "relevant", "caption": "label", "calculate": "calculation", "command": "type"},
    **{"constraining_message": "constraint_message", "tag": "name", "value": "name"},
}
SETTINGS = ("form_title", "title", "form_id", "id_string", "version", "default_language", "style")
OWN_SETTINGS = ("datalab_title", "datalab_introduction", "datalab_thanks")
LANGUAGE = re.compile(r"\(([a-z]{2,3})(?:-[A-Za-z]+)?\)$")
NAMED = {"french": "fr", "français": "fr", "english": "en", "anglais": "en", "default": ""}
COLUMN_OF = {  # of a key, where it is not its own name
    **{
        "list_name": "type",
        "choices": "type",
        "other": "type",
        "rows": "name",
        "min": "constraint",
    },
    **{"max": "constraint", "longest": "constraint", "step": "parameters", "title": "label"},
}


def read(content: bytes) -> Questionnaire:
    """The questionnaire of a workbook.

    Raises
    ------
    InvalidQuestionnaire
        with every mistake and its sheet, row and column.
    """
    sheets = workbook.read(content)
    if "survey" not in sheets:
        raise InvalidQuestionnaire([Phrase("there is no sheet “survey”")])
    # Ours first: it names sheet, row and column in the reader's language, which pyxform does not.
    made = _Reading(sheets)
    if not made.mistakes:
        try:
            questionnaire = Questionnaire.model_validate(made.definition)
            found = mistakes_in(questionnaire)
        except ValidationError as error:
            found = mistakes_of(error, Questionnaire)
        made.mistakes += [made.told(mistake) for mistake in found]
        if not made.mistakes:
            workbook.validate(content)
            return questionnaire
    raise InvalidQuestionnaire(made.mistakes)


@dataclass
class _Group:
    """A group that is open: its name, texts and condition."""

    name: str
    title: dict[str, str]
    introduction: dict[str, str]
    relevant: str
    row: int
    table: bool = False
    lines: list[tuple[Row, dict[str, Any]]] = field(default_factory=list)


class _Reading:
    """Goes down the sheets once; ``mistakes`` say what it found wrong."""

    def __init__(self, sheets: dict[str, Sheet]) -> None:
        self.sheets = sheets
        self.survey = sheets["survey"]
        self.mistakes: list[Phrase] = []
        self.where: dict[Place, tuple[str, int]] = {}
        self.languages: list[str] = []
        self.groups: list[_Group] = []
        self.renamed: dict[str, str] = {}
        self.sections: list[dict[str, Any]] = []
        for name in ("entities", "external_choices", "osm"):
            if name in sheets and sheets[name].rows:
                self.mistakes.append(Phrase("the sheet “{sheet}” is not supported", sheet=name))
        choices = self.read_choices()
        settings = self.read_settings()
        for row in self.survey.rows:
            self.read_row(row)
        for group in self.groups:
            message = Phrase("the group “{name}” is not closed: write end_group", name=group.name)
            self.wrong("survey", group.row, "type", message)
        if self.sections and not self.sections[-1]["questions"]:
            self.sections.pop()
        for section in self.sections:
            self.rename(section)
        title = settings.pop("datalab_title", None) or settings.pop("title", None)
        self.definition: dict[str, Any] = {
            "title": title or {"": "Questionnaire"},
            "languages": list(dict.fromkeys([*settings.pop("first", []), *self.languages]))
            or ["fr"],
            "choices": choices,
            "sections": self.sections,
            **{key: value for key, value in settings.items() if key != "title"},
        }

    # -- what is wrong -------------------------------------------------------------------

    def wrong(self, sheet: str, row: int, column: str, message: Phrase) -> None:
        facts = {"sheet": sheet, "row": row, "column": column, "message": message}
        told = "sheet “{sheet}”, row {row}, column {column}: {message}"
        self.mistakes.append(Phrase(told, **facts))

    def told(self, mistake: Mistake) -> Phrase:
        """A mistake of the definition, at its place in the workbook."""
        place = tuple(mistake.place)
        message = Phrase(str(mistake.message))
        if isinstance(mistake.message, Phrase):
            message = mistake.message
        for length in range(len(place), 0, -1):
            if place[:length] in self.where:
                sheet, row = self.where[place[:length]]
                key = str(place[length]) if length < len(place) else "name"
                facts = {"sheet": sheet, "row": row, "column": COLUMN_OF.get(key, key)}
                told = "sheet “{sheet}”, row {row}, column {column}: {message}"
                return Phrase(told, **facts, message=message)
        return Phrase("{key}: {message}", key=mistake.key, message=message)

    # -- sheets --------------------------------------------------------------------------

    def columns(self, sheet: Sheet, row: Row, translated: Any, plain: Any) -> dict[str, Any]:
        """The cells of a row by what their columns mean; texts by language."""
        found: dict[str, Any] = {}
        for header, text in row.cells.items():
            name, _, language = header.partition("::")
            key = name.strip().lower().replace(" ", "_")
            key = ALIASES.get(key, key) if sheet is self.survey else key
            if key in translated:
                code = self.language(sheet, row, header, language.strip())
                if code is not None:
                    found.setdefault(key, {})[code] = text
            elif key in plain and not language:
                found[key] = text
            else:
                message = Phrase("this column is not supported here; take it out")
                self.wrong(sheet.name, row.number, header, message)
        return found

    def language(self, sheet: Sheet, row: Row, header: str, said: str) -> str | None:
        if not said:
            return ""
        match = LANGUAGE.search(said)
        code = match[1] if match else NAMED.get(said.lower(), said.lower())
        if code and not re.fullmatch("[a-z]{2,3}", code):
            message = Phrase("give the code of the language, as in label::Français (fr)")
            self.wrong(sheet.name, row.number, header, message)
            return None
        if code and code not in self.languages:
            self.languages.append(code)
        return code

    def read_choices(self) -> dict[str, list[dict[str, Any]]]:
        sheet = self.sheets.get("choices")
        lists: dict[str, list[dict[str, Any]]] = {}
        if sheet is None:
            return lists
        for row in sheet.rows:
            cells = self.columns(sheet, row, ("label",), ("list_name", "name", "value"))
            name, value = cells.get("list_name", ""), cells.get("name", cells.get("value", ""))
            listed = lists.setdefault(name, [])
            self.where[("choices", name, len(listed))] = (sheet.name, row.number)
            self.where.setdefault(("choices", name), (sheet.name, row.number))
            listed.append({"name": value, "label": cells.get("label", {"": value})})
        return lists

    def read_settings(self) -> dict[str, Any]:
        sheet = self.sheets.get("settings")
        if sheet is None or not sheet.rows:
            return {}
        row = sheet.rows[0]
        cells = self.columns(sheet, row, OWN_SETTINGS, (*SETTINGS, "datalab_minutes"))
        found = {
            key.removeprefix("datalab_"): cells[key] for key in OWN_SETTINGS[1:] if key in cells
        }
        if "datalab_title" in cells:
            found["datalab_title"] = cells["datalab_title"]
        title = cells.get("form_title") or cells.get("title")
        if title:
            found["title"] = {"": title}
        if cells.get("datalab_minutes", "").isdigit():
            found["minutes"] = int(cells["datalab_minutes"])
        first = cells.get("default_language", "")
        if first:
            code = self.language(sheet, row, "default_language", first)
            self.languages.clear()
            found["first"] = [code] if code else []
        return found

    def read_row(self, row: Row) -> None:
        cells = self.columns(self.survey, row, (*TRANSLATED, "datalab_introduction"), PLAIN)
        kind = re.sub(r"\s+", " ", cells.get("type", "")).strip()
        word = kind.lower().replace("_", " ")
        if word == "begin group":
            self.begin(row, cells)
        elif word == "end group":
            self.end(row)
        elif self.groups and self.groups[-1].table:
            self.groups[-1].lines.append((row, cells))
        else:
            self.add(row, question_of(row, kind, cells, self.wrong))

    # -- groups and questions --------------------------------------------------------------

    def begin(self, row: Row, cells: dict[str, Any]) -> None:
        outer = self.groups[-1] if self.groups else None
        conditions = [outer.relevant if outer else "", cells.get("relevant", "")]
        held = [text for text in conditions if text]
        relevant = " and ".join(f"({text})" for text in held) if len(held) > 1 else "".join(held)
        look = cells.get("appearance", "")
        if look not in {*LOOKS, "table-list"}:
            self.wrong("survey", row.number, "appearance", no_look(look))
        table = look == "table-list"
        group = _Group(
            cells.get("name", ""),
            cells.get("label", {}),
            cells.get("datalab_introduction", {}),
            cells.get("relevant", "") if table else relevant,
            row.number,
            table,
        )
        self.groups.append(group)
        if not table:
            self.open_section(group)

    def end(self, row: Row) -> None:
        if not self.groups:
            message = Phrase("no group is open here; take this line out")
            self.wrong("survey", row.number, "type", message)
            return
        group = self.groups.pop()
        if group.table:
            self.table(group)
        elif self.groups:
            self.open_section(self.groups[-1])

    def open_section(self, group: _Group) -> None:
        """A page; one that stays empty is dropped when the next one begins."""
        if self.sections and not self.sections[-1]["questions"]:
            self.sections.pop()
        names = {section["name"] for section in self.sections}
        name, number = group.name, 2
        while name in names:
            name, number = f"{group.name}_{number}", number + 1
        section: dict[str, Any] = {"name": name, "questions": []}
        section |= {"title": group.title} if group.title else {}
        section |= {"introduction": group.introduction} if group.introduction else {}
        section |= {"relevant": group.relevant} if group.relevant else {}
        self.where[("sections", len(self.sections))] = ("survey", group.row)
        self.sections.append(section)

    def add(self, row: Row, question: dict[str, Any] | None) -> None:
        if question is None:
            return
        if not self.groups and (not self.sections or self.sections[-1].get("closed", True)):
            self.open_section(_Group(f"page_{len(self.sections) + 1}", {}, {}, "", row.number))
            self.sections[-1]["closed"] = False
        here = self.sections[-1]["questions"]
        place = ("sections", len(self.sections) - 1, "questions", len(here))
        self.where[place] = ("survey", row.number)
        here.append(question)

    def table(self, group: _Group) -> None:
        """A group shown as a table: one question of type matrix."""
        rows, lists, required = [], set(), set()
        for row, cells in group.lines:
            selected = SELECT.fullmatch(re.sub(r"\s+", " ", cells.get("type", "")).strip())
            extra = set(cells) - {"type", "name", "label", "required"}
            if not selected or "multiple" in selected[1] or selected[3] or extra:
                message = Phrase("a table-list holds questions select_one of one list, no more")
                self.wrong("survey", row.number, "type", message)
                continue
            lists.add(selected[2])
            required.add(cells.get("required", "no").lower() in {"yes", "true", "true()"})
            name = cells.get("name", "")
            short = name.removeprefix(f"{group.name}_")
            self.renamed[name] = f"{group.name}_{short}"
            rows.append({"name": short, "label": cells.get("label", {"": name})})
        if len(lists) > 1 or len(required) > 1:
            message = Phrase(
                "every line of a table-list has the same choices, all required or none"
            )
            self.wrong("survey", group.row, "appearance", message)
        if not rows:
            return
        question: dict[str, Any] = {
            "name": group.name,
            "type": "matrix",
            "label": group.title or {"": group.name},
            "list_name": min(lists),
            "rows": rows,
            "required": True in required,
        }
        question |= {"relevant": group.relevant} if group.relevant else {}
        self.add(Row(group.row, {}), question)

    def rename(self, section: dict[str, Any]) -> None:
        """Say the lines of tables by the names that they have here."""
        section.pop("closed", None)
        for holder in (section, *section["questions"]):
            for key in ("relevant", "constraint", "calculation"):
                if key in holder:
                    holder[key] = re.sub(
                        r"\$\{\s*([\w.-]+)\s*\}",
                        lambda m: "${" + self.renamed.get(m[1], m[1]) + "}",
                        holder[key],
                    )
