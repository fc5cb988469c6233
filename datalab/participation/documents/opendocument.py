"""A document as ODT (OpenDocument): real headings, header rows of tables, its language said."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

from odfdo import Cell, Header, HeaderRows, LineBreak, List, ListItem, Row, Style
from odfdo import Document as Odt
from odfdo import Paragraph as OdtParagraph
from odfdo import Table as OdtTable

from datalab.participation.documents.block import (
    Block,
    Document,
    Heading,
    Items,
    Paragraph,
    Table,
    lines,
)
from datalab.participation.documents.parcel import settled

LOCALES = {"fr": "fr-FR", "en": "en-GB"}
STYLES = {"plain": "Text_20_body", "lead": "lab-lead", "note": "lab-note", "quote": "lab-quote"}

BOLD = {"fo:font-weight": "bold"}
LOOKS: dict[str, dict[str, str]] = {
    "lab-lead": BOLD,
    "lab-quote": BOLD,
    "lab-head": BOLD,
    "lab-note": {"fo:color": "#5e544b", "fo:font-size": "9pt"},
    "lab-mark": {**BOLD, "fo:color": "#7b1e2b", "fo:font-size": "16pt"},
}


def write(document: Document) -> bytes:
    """The bytes of an ODT."""
    made = Odt("text")
    _describe(made, document)
    made.body.clear()
    for number, block in enumerate(document.blocks):
        _put(made.body, block, f"T{number}")
    out = io.BytesIO()
    made.save(out)
    return settled(out.getvalue(), document.at)


def _describe(made: Any, document: Document) -> None:
    moment = datetime.fromtimestamp(document.at, UTC).replace(tzinfo=None)
    made.meta.set_title(document.title)
    made.meta.set_subject(document.subject)
    made.language = LOCALES[document.language]
    made.meta.set_generator("datalab")
    made.meta.set_creation_date(moment)
    made.meta.set_modification_date(moment)
    for name, look in LOOKS.items():
        style = Style("paragraph", name=name, parent_style="Text_20_body")
        style.set_properties(look, area="text")
        made.insert_style(style)
    if document.mark:
        pages = made.get_style("master-page", "Standard")
        pages.set_page_header(OdtParagraph(document.mark, style="lab-mark"))


def _put(body: Any, block: Block, name: str) -> None:
    match block:
        case Heading():
            header = Header(block.level, block.text, style=f"Heading_20_{block.level}")
            body.append(header)
        case Paragraph():
            body.append(_paragraph(block.text, STYLES[block.kind]))
        case Items():
            body.append(_list(block))
        case Table():
            body.append(_paragraph(block.caption, "Caption"))
            body.append(_table(block, name))
            body.append(OdtParagraph("", style="Text_20_body"))


def _paragraph(text: str, style: str) -> Any:
    made = OdtParagraph("", style=style)
    for number, line in enumerate(lines(text)):
        if number:
            made.append(LineBreak())
        made.append_plain_text(line)
    return made


def _list(block: Items) -> Any:
    made = List(style="List_20_1")
    for item in block.items:
        entry = ListItem()
        entry.append(_paragraph(item.text, "Text_20_body"))
        if item.details:
            inner = List(style="List_20_1")
            for detail in item.details:
                below = ListItem()
                below.append(_paragraph(detail, "lab-note"))
                inner.append(below)
            entry.append(inner)
        made.append(entry)
    return made


def _table(block: Table, name: str) -> Any:
    made = OdtTable(name, width=len(block.head), height=0)
    head = HeaderRows()
    head.append(_row(block.head, "lab-head"))
    made.append(head)
    for row in block.rows:
        made.append(_row(row, "Text_20_body"))
    return made


def _row(cells: tuple[str, ...], style: str) -> Any:
    row = Row()
    for text in cells:
        cell = Cell(cell_type="string")
        cell.append(_paragraph(text, style))
        row.append(cell)
    return row
