"""Minutes as documents: each format says the same, to a reader that is not the writer."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import docx
import odfdo
import pypdf
import pytest
from docx.oxml.ns import qn

from datalab.participation import foreword
from datalab.participation.documents import opendocument, pdf, word
from datalab.participation.documents.block import Document, Heading, Items, Paragraph, Table
from datalab.participation.documents.telling import tell
from datalab.participation.harvest import UNDESCRIBED
from datalab.participation.minutes import Minutes, minutes
from datalab.participation.store import Store, sqlite_url
from tests.participation.meeting import PHONE, REFUSED, STREET, held

ADDRESS = "https://labo.example/services/datalab/sessions/x/follow-up"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Minutes]:
    store = Store(sqlite_url(tmp_path_factory.mktemp("documents") / "p.sqlite"))
    meeting = held(store)
    meeting.decide("Étudier la zone 20\n« à l’œil nu »", due=None)
    session = meeting.close()
    with store.writing() as connection:
        foreword.write(connection, session, "Merci à tous.", now=meeting.tick(), actor="ana")
        yield minutes(connection, session, {"21231": "Dijon"})
    store.close()


def squeezed(text: str) -> str:
    return "".join(text.split()).replace("\u00a0", "")


def of_pdf(held: bytes) -> str:
    return " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(held)).pages)


def of_docx(held: bytes) -> str:
    read = docx.Document(io.BytesIO(held))
    parts = read.element.body.iter(qn("w:t"), qn("w:br"))
    return " ".join(part.text or " " for part in parts)


def of_odt(held: bytes) -> str:
    read = odfdo.Document(io.BytesIO(held))
    return " ".join(part for part in read.body.xpath("//text()") if isinstance(part, str))


READERS = {
    "pdf": (pdf.write, of_pdf),
    "docx": (word.write, of_docx),
    "odt": (opendocument.write, of_odt),
}


@pytest.mark.parametrize("format", READERS)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_format_says_everything_and_nothing_else(
    told: Minutes, format: str, language: str
) -> None:
    document = tell(told, "fr" if language == "fr" else "en", ADDRESS)
    write, read = READERS[format]
    text = squeezed(read(write(document)))
    missing = [said for said in document.texts() if squeezed(said) not in text]
    assert missing == []
    for idea in told.ideas:
        assert squeezed(idea.text) in text
    for hidden in (REFUSED, PHONE, STREET, "Zoé", "5.0415"):
        assert squeezed(hidden) not in text


@pytest.mark.parametrize("format", READERS)
def test_the_same_minutes_are_the_same_file(told: Minutes, format: str) -> None:
    write, _ = READERS[format]
    assert write(tell(told, "fr")) == write(tell(told, "fr"))


def test_a_pdf_is_tagged_and_has_its_fonts_language_title_and_outline(told: Minutes) -> None:
    read = pypdf.PdfReader(io.BytesIO(pdf.write(tell(told, "fr"))))
    root: Any = read.trailer["/Root"]
    assert root["/Lang"] == "fr-FR"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert root["/MarkInfo"]["/Marked"]
    assert read.metadata is not None
    assert read.metadata.title == "Compte rendu\u00a0: Rue apaisée"
    kinds = [kid.get_object()["/S"] for kid in root["/StructTreeRoot"]["/K"][0]["/K"]]
    assert kinds[0] == "/H1"
    assert {"/H2", "/H3", "/P"} <= set(kinds)
    titles = [part["/Title"] for part in read.outline[1] if not isinstance(part, list)]
    assert "Décisions" in titles
    pages: Any = read.pages
    fonts = {
        font.get_object()["/BaseFont"]
        for page in pages
        for font in page["/Resources"]["/Font"].values()
    }
    assert all("+DejaVuSans" in name or "DejaVuSans" in name for name in fonts)


def test_a_docx_has_headings_and_rows_that_are_heads(told: Minutes) -> None:
    read = docx.Document(io.BytesIO(word.write(tell(told, "fr"))))
    styles = [part.style.name for part in read.paragraphs if part.style]
    assert styles[0] == "Heading 1"
    assert {"Heading 2", "Heading 3", "List Bullet"} <= set(styles)
    for table in read.tables:
        assert table.rows[0]._tr.xpath("./w:trPr/w:tblHeader")
    assert read.core_properties.language == "fr-FR"
    assert {e.get(qn("w:val")) for e in read.styles.element.iter(qn("w:lang"))} == {"fr-FR"}


def test_an_odt_has_headings_and_rows_that_are_heads(told: Minutes) -> None:
    read = odfdo.Document(io.BytesIO(opendocument.write(tell(told, "fr"))))
    levels = [int(str(header.get_attribute("text:outline-level"))) for header in read.body.headers]
    assert levels[0] == 1
    assert {2, 3} <= set(levels)
    heads = read.body.xpath("//table:table-header-rows")
    assert len(heads) == len(read.body.tables)
    assert read.language == "fr-FR"


@pytest.mark.parametrize("format", READERS)
def test_a_draft_says_so_on_its_pages(told: Minutes, format: str) -> None:
    from dataclasses import replace

    write, _ = READERS[format]
    document = tell(replace(told, draft=True), "fr")
    assert document.mark == "PROVISOIRE"
    held = write(document)
    if format == "pdf":
        pages = pypdf.PdfReader(io.BytesIO(held)).pages
        assert all("PROVISOIRE" in page.extract_text() for page in pages)
    elif format == "docx":
        header = docx.Document(io.BytesIO(held)).sections[0].header
        assert header.paragraphs[0].text == "PROVISOIRE"
    else:
        styles: Any = odfdo.Document(io.BytesIO(held)).get_part("styles.xml")
        assert "PROVISOIRE" in styles.serialize().decode()


NASTY = (
    "\x00\x0b\x1b[31m", "\ud800", "\ufffe\uffff", "\u202eelif.exe", "<b>&amp;</b>", "]]>",
    "🚲🧑🏽‍🦽😀", "مرحبا", "x" * 3000, "  ", "=HYPERLINK(\"http://x\")", "%s {0} {name}", "日本語",
)  # fmt: skip


@pytest.mark.parametrize("format", READERS)
def test_whatever_was_typed_can_be_written(format: str, tmp_path: Path) -> None:
    from datalab.participation.documents.telling import _clean

    blocks = [_clean(Heading(1, "Titre")), _clean(Heading(3, "Sans deux"))]
    for text in NASTY:
        blocks += [
            _clean(Paragraph(text)),
            _clean(Items(())),
            _clean(Table("c", ("a", "b"), ((text, "1"),))),
        ]
    document = Document("t", "s", "fr", "PROVISOIRE", 0.0, tuple(blocks))
    write, read = READERS[format]
    text = read(write(document))
    assert "<b>&amp;</b>" in text
    assert "\u202e" not in text


def test_a_project_has_its_title_and_a_picture_without_words_says_so(told: Minutes) -> None:
    group = next(group for group in told.groups if group.ideas)
    ideas = tuple(replace(idea, picture=UNDESCRIBED) for idea in group.ideas)
    bare = replace(told, project="x", groups=(replace(group, ideas=ideas),))
    said = list(tell(bare, "en", ADDRESS, "Calm streets").texts())
    assert "Project: Calm streets" in said
    assert "Project: x" in list(tell(bare, "en", ADDRESS).texts())
    assert "Picture: no description" in said
