"""A document as DOCX: real headings, header rows of tables that repeat, its language said."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Pt, RGBColor

from datalab.participation.documents.block import (
    Block,
    Document,
    Heading,
    Items,
    Paragraph,
    Table,
)
from datalab.participation.documents.parcel import settled

MUTED, BRAND = RGBColor(94, 84, 75), RGBColor(123, 30, 43)
LOCALES = {"fr": "fr-FR", "en": "en-GB"}


def write(document: Document) -> bytes:
    """The bytes of a DOCX."""
    made = docx.Document()
    _describe(made, document)
    if document.mark:
        header = made.sections[0].header.paragraphs[0]
        header.alignment = WD_ALIGN_PARAGRAPH.CENTER
        run = header.add_run(document.mark)
        run.bold, run.font.size, run.font.color.rgb = True, Pt(16), BRAND
    for block in document.blocks:
        _put(made, block)
    out = io.BytesIO()
    made.save(out)
    return settled(out.getvalue(), document.at)


def _describe(made: Any, document: Document) -> None:
    about, moment = made.core_properties, datetime.fromtimestamp(document.at, UTC)
    about.title, about.subject = document.title[:255], document.subject[:255]
    about.language = LOCALES[document.language]
    about.author, about.comments, about.last_modified_by = "datalab", "", "datalab"
    about.created = about.modified = moment.replace(tzinfo=None)
    for language in made.styles.element.iter(qn("w:lang")):
        language.set(qn("w:val"), LOCALES[document.language])
    for level in (1, 2, 3):
        made.styles[f"Heading {level}"].font.color.rgb = BRAND


def _put(made: Any, block: Block) -> None:
    match block:
        case Heading():
            made.add_heading(block.text, block.level)
        case Paragraph():
            written = made.add_paragraph(style="Intense Quote" if block.kind == "quote" else None)
            run = written.add_run(block.text)
            run.bold = block.kind == "lead" or None
            if block.kind == "note":
                run.font.size, run.font.color.rgb = Pt(9), MUTED
        case Items():
            for item in block.items:
                made.add_paragraph(item.text, style="List Bullet")
                for detail in item.details:
                    made.add_paragraph(detail, style="List Bullet 2")
        case Table():
            _table(made, block)


def _table(made: Any, block: Table) -> None:
    made.add_paragraph(block.caption, style="Caption")
    table = made.add_table(rows=1, cols=len(block.head), style="Table Grid")
    repeated = OxmlElement("w:tblHeader")
    repeated.set(qn("w:val"), "true")
    table.rows[0]._tr.get_or_add_trPr().append(repeated)
    for cell, text in zip(table.rows[0].cells, block.head, strict=True):
        cell.paragraphs[0].add_run(text).bold = True
    for row in block.rows:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    made.add_paragraph()
