"""A document as PDF: its own fonts inside, tagged for screen readers, with an outline.

The fonts are DejaVu, which come with matplotlib; letters that they do not have (most emoji) are
written out by their name in Unicode.
"""

from __future__ import annotations

import importlib.util
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.prefs import ViewerPreferences

from datalab.i18n import translate
from datalab.participation.documents.block import (
    Block,
    Document,
    Heading,
    Items,
    Paragraph,
    Table,
)

MARGIN = 20.0  # mm
SIZES = {1: 20.0, 2: 14.0, 3: 11.5}  # points
BODY = 10.0
LINE = 1.45  # heights of a letter
MM = 0.3528  # of a point
HANG = 4.0  # mm between the sign of an item and its text
INK, MUTED, BRAND, RULE = (36, 29, 25), (94, 84, 75), (123, 30, 43), (220, 209, 191)
NARROWEST = 18.0  # mm of a column


def write(document: Document) -> bytes:
    """The bytes of a PDF."""
    paper = _Paper(document)
    paper.add_page()
    for block, after in zip(document.blocks, [*document.blocks[1:], None], strict=True):
        # A heading stands on the page of what it is about, a small table on one page.
        needed = _height(block) + (_height(after) if isinstance(block, Heading) else 0.0)
        if isinstance(block, Heading | Table) and needed < paper.eph / 2:
            paper.keep_together(needed)
        _put(paper, block)
    return bytes(paper.output())


def fonts() -> Path:
    """The folder of the fonts.

    Raises
    ------
    FileNotFoundError
        where matplotlib is not installed.
    """
    found = importlib.util.find_spec("matplotlib")
    if found is None or found.origin is None:
        raise FileNotFoundError("matplotlib, whose fonts are used for PDF, is not installed")
    return Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"


def drawable(text: str) -> str:
    """``text`` with each letter that the font lacks replaced by its name."""
    known = _letters()
    return "".join(letter if ord(letter) in known else _named(letter) for letter in text)


@cache
def _letters() -> frozenset[int]:
    held: list[set[int]] = []
    for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"):
        with TTFont(fonts() / name, lazy=True) as font:
            held.append(set(font.getBestCmap()))
    return frozenset(set.intersection(*held) | {ord("\n")})


def _named(letter: str) -> str:
    if unicodedata.category(letter) in {"Mn", "Me", "Cf", "Sk"}:
        return ""  # a joiner, a variant or a skin tone of the letter before
    return f"[{unicodedata.name(letter, 'U+' + format(ord(letter), 'X')).lower()}]"


class _Paper(FPDF):
    """Pages with a foot and, where the document has one, a mark across them."""

    def __init__(self, document: Document) -> None:
        super().__init__(format="A4", unit="mm")
        self.document = document
        self._open = ""  # the kind of the tag that is open
        for style, name in (("", "DejaVuSans"), ("B", "DejaVuSans-Bold")):
            self.add_font("DejaVu", style, str(fonts() / f"{name}.ttf"))
        self.set_margins(MARGIN, MARGIN, MARGIN)
        self.set_auto_page_break(True, margin=MARGIN + 4)
        self.set_title(document.title)
        self.set_subject(document.subject)
        self.set_lang({"fr": "fr-FR", "en": "en-GB"}[document.language])
        self.set_creator("datalab")
        self.set_producer("fpdf2")
        self.set_creation_date(datetime.fromtimestamp(document.at, UTC))
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)

    def header(self) -> None:
        if self.document.mark:
            with self.aside(), self.local_context():
                self.set_font("DejaVu", "B", 62)
                self.set_text_color(243, 226, 222)
                wide = self.get_string_width(self.document.mark)
                with self.rotation(45, self.w / 2, self.h / 2):
                    self.text((self.w - wide) / 2, self.h / 2 + 8, self.document.mark)

    def footer(self) -> None:
        with self.aside(), self.local_context():
            self.set_y(-MARGIN + 4)
            self.set_font("DejaVu", "", 8)
            self.set_text_color(*MUTED)
            page = translate("page {number}", self.document.language, number=self.page_no())
            title = drawable(self.document.title)
            self.cell(0, 5, f"{title[:90]} · {page}", align="C")

    def keep_together(self, needed: float) -> None:
        """Go on at the next page where less than ``needed`` mm are left on this one."""
        if self.will_page_break(needed):
            self.add_page()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What belongs to the page and is not read out (PDF 32000-1, section 14.8.2.2)."""
        self._out("/Artifact BMC")
        yield
        self._out("EMC")

    @contextmanager
    def tagged(self, kind: str) -> Iterator[None]:
        """What is written meanwhile is of this kind: H1, H2, H3 or P."""
        self._begin(kind)
        yield
        self._out("EMC")
        self._open = ""

    def _begin(self, kind: str) -> None:
        # fpdf2 tags pictures by itself; of text it only offers the parts.
        number = self.struct_builder.next_mcid_for_page(self.page)
        self._add_marked_content(struct_type=f"/{kind}", mcid=number)
        self._out(f"/{kind} <</MCID {number}>> BDC")
        self._open = kind

    def _perform_page_break(self) -> None:
        kind = self._open
        if kind:  # a tag stays on its page, and the rest gets one of the same kind
            self._out("EMC")
        super()._perform_page_break()
        if kind:
            self._begin(kind)

    def said(
        self,
        text: str,
        *,
        size: float = BODY,
        style: str = "",
        color: Sequence[int] = INK,
        indent: float = 0.0,
        sign: str = "",
    ) -> None:
        """Write ``text``, ``sign`` before it and none of its lines left of ``indent``."""
        high = size * LINE * MM
        self.set_font("DejaVu", style, size)
        self.set_text_color(*color)
        self._perform_page_break_if_need_be(high)
        if sign:
            self.set_x(MARGIN + indent - HANG)
            self.cell(HANG, high, sign)
        self.set_left_margin(MARGIN + indent)
        self.multi_cell(0, high, drawable(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_left_margin(MARGIN)
        self.set_x(MARGIN)


def _height(block: Block | None) -> float:
    """Roughly, in mm."""
    match block:
        case Heading():
            return SIZES[block.level] * LINE * MM + 8
        case Table():
            return 8 + (len(block.rows) + 1) * 7
        case _:
            return 16.0


def _put(paper: _Paper, block: Block) -> None:
    match block:
        case Heading():
            _heading(paper, block)
        case Paragraph():
            size, color = (8.5, MUTED) if block.kind == "note" else (BODY, INK)
            style = "B" if block.kind in {"lead", "quote"} else ""
            with paper.tagged("P"):
                paper.said(block.text, size=size, color=color, style=style)
            paper.ln(2)
        case Items():
            _items(paper, block)
        case Table():
            _table(paper, block)


def _heading(paper: _Paper, block: Heading) -> None:
    size = SIZES[block.level]
    paper.ln({1: 0.0, 2: 5.0, 3: 2.5}[block.level])
    paper.start_section(drawable(block.text), level=block.level - 1, strict=False)
    with paper.tagged(f"H{block.level}"):
        paper.said(block.text, size=size, style="B", color=INK if block.level == 3 else BRAND)
    paper.ln(1.5)


def _items(paper: _Paper, block: Items) -> None:
    for item in block.items:
        with paper.tagged("P"):
            paper.said(item.text, indent=6, sign="•")
        for detail in item.details:
            with paper.tagged("P"):
                paper.said(detail, size=9, color=MUTED, indent=11, sign="–")
        paper.ln(1)
    paper.ln(1.5)


def _table(paper: _Paper, block: Table) -> None:
    with paper.tagged("P"):
        paper.said(block.caption, size=9, style="B")
    paper.ln(0.5)
    paper.set_font("DejaVu", "", 9)
    paper.set_text_color(*INK)
    paper.set_draw_color(*RULE)
    with (
        paper.tagged("P"),
        paper.table(
            col_widths=_widths(paper, block),
            line_height=9 * LINE * MM,
            text_align="LEFT",
            borders_layout="HORIZONTAL_LINES",
            padding=1,
        ) as table,
    ):
        for row in (block.head, *block.rows):
            drawn: Any = table.row()
            for cell in row:
                drawn.cell(drawable(cell))
    paper.ln(3)


def _widths(paper: _Paper, block: Table) -> tuple[float, ...]:
    """Columns in mm: what their longest cells ask for, within what the page has."""
    asked = []
    for column in zip(block.head, *block.rows, strict=True):
        words = [word for cell in column for word in drawable(cell).split()]
        word = max((paper.get_string_width(w) for w in words), default=0.0)
        whole = max(paper.get_string_width(drawable(cell).replace("\n", " ")) for cell in column)
        most = paper.epw * 0.6
        asked.append(max(NARROWEST, min(word + 4, most), min(whole + 4, most)))
    beyond = sum(asked) - NARROWEST * len(asked)
    free = paper.epw - NARROWEST * len(asked)
    share = free / beyond if beyond else 1.0
    return tuple(NARROWEST + (width - NARROWEST) * share for width in asked)
