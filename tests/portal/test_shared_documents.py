"""What municipalities share: read over before all, searched, taken away; hostile files refused."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from typing import Any

import pytest

from datalab.errors import UploadRefused
from datalab.participation.upload import LARGEST, look
from tests.portal.desk import ORIGIN, PAGE, Browser, Desk

LIBRARY = "smart-territory/library/"
PEERS = "smart-territory/peers/"
WAITING = "smart-territory/waiting"
PDF = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"
DESCRIBED = {
    "kind": "specification",
    "title": "Éclairage connecté",
    "summary": "Cahier des charges d’un marché de 2025.",
    "tags": "Éclairage, marché",
    "license": "lov2",
    "origin": "Ville d’essai",
    "mine": "yes",
}


def packed(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def docx(**more: bytes) -> bytes:
    plain = {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<document/>"}
    return packed(plain | more)


def send(browser: Browser, name: str, content: bytes, path: str = "new", **more: str) -> Any:
    return browser.client.post(
        f"{LIBRARY}{path}",
        data={"_token": browser.token, **DESCRIBED, **more},
        files={"file": (name, content)},
        headers={**PAGE, "Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"},
        follow_redirects=False,
    )


def decide(desk: Desk, state: str = "published", reason: str = "") -> Any:
    """The steward decides on what stands first in the queue."""
    steward = desk.browser_of("steward")
    page = steward.get(WAITING).text
    hidden = dict(re.findall(r'name="(what|id|seen)" value="([^"]+)"', page))
    return steward.post(WAITING, {**hidden, "state": state, "reason": reason})


def test_a_document_is_read_over_found_and_taken_away_as_an_attachment(desk: Desk) -> None:
    agent, anyone = desk.browser_of("agent"), desk.browser()
    sent = send(agent, "../../etc/Cahier <b>.pdf", PDF)
    assert sent.status_code == 303, sent.text
    address = sent.headers["location"].split("/services/datalab/")[1]
    assert anyone.get(address).status_code == 404, "nobody has read it yet"
    assert anyone.get(f"{address}1").status_code == 404
    assert "waits to be read" in agent.get(address).text
    assert decide(desk, "refused").status_code == 422, "a reason is needed"
    assert decide(desk).status_code == 303
    for words in ("eclairage", "MARCHÉ 2025", "ville essai"):
        assert "Éclairage connecté" in anyone.get(f"{LIBRARY}?q={words}").text
    assert "Nothing holds" in anyone.get(f"{LIBRARY}?q=parking").text
    assert "Éclairage connecté" in anyone.get(f"{LIBRARY}?tag=éclairage").text
    file = anyone.get(f"{address}1")
    assert file.content == PDF
    assert file.headers["content-type"] == "application/pdf"
    assert file.headers["x-content-type-options"] == "nosniff"
    assert file.headers["content-disposition"].endswith("''Cahier%20b-v1.pdf")
    assert "sandbox" in file.headers["content-security-policy"]


def test_a_new_version_keeps_the_old_one_and_is_read_over_too(desk: Desk) -> None:
    agent, anyone = desk.browser_of("agent"), desk.browser()
    address = send(agent, "a.pdf", PDF).headers["location"].split("/services/datalab/")[1]
    decide(desk)
    path = address.removeprefix(LIBRARY)
    assert send(agent, "a.txt", b"Deux", f"{path}new", note="Plus court").status_code == 303
    assert "Plus court" not in anyone.get(address).text
    decide(desk)
    page = anyone.get(address).text
    assert "Plus court" in page
    assert "a.pdf" in page
    assert anyone.get(f"{address}2").text == "Deux"
    other = desk.browser_of("facilitator")
    assert send(other, "a.txt", b"Trois", f"{path}new", note="x").status_code == 404


def test_what_is_wrong_with_a_form_is_said_and_kept(desk: Desk) -> None:
    agent = desk.browser_of("agent")
    page = send(agent, "a.exe", b"MZ", title="Gardé", mine="")
    assert page.status_code == 422
    assert 'value="Gardé"' in page.text
    assert "only these are taken" in page.text
    assert "right to share" in page.text
    assert send(desk.browser_of("student"), "a.pdf", PDF).status_code == 403


BOMB = docx(**{"word/media.xml": b"0" * 30_000_000})
HIDDEN = zlib.compress(b"<< /S /JavaScript /JS (app.alert(1)) >>")
HOSTILE = {
    "empty": ("a.pdf", b""),
    "too large": ("a.txt", b"a" * (LARGEST + 1)),
    "program": ("a.pdf.exe", b"MZ"),
    "page": ("a.html", b"<script>"),
    "drawing": ("a.svg", b"<svg onload=x>"),
    "another content": ("a.pdf", b"<html>"),
    "program as text": ("a.txt", b"MZ\x00\x01"),
    "script in a pdf": ("a.pdf", PDF.replace(b"/Catalog", b"/Catalog /OpenAction /JavaScript")),
    "written otherwise": ("a.pdf", PDF.replace(b"/Catalog", b"/Catalog /J#61vaScript")),
    "packed in a pdf": ("a.pdf", PDF + b"<< /Type /ObjStm >>\nstream\n" + HIDDEN + b"\n%%EOF"),
    "locked": ("a.pdf", PDF.replace(b"/Root", b"/Encrypt 2 0 R /Root")),
    "bomb": ("a.docx", BOMB),
    "macro": ("a.docx", docx(**{"word/vbaProject.bin": b"x"})),
    "macro by type": ("a.docx", docx(**{"[Content_Types].xml": b"ms-word.macroEnabled.main"})),
    "embedded": ("a.docx", docx(**{"word/embeddings/a.bin": b"x"})),
    "remote template": (
        "a.docx",
        docx(**{"word/_rels/settings.xml.rels": b"relationships/attachedTemplate"}),
    ),
    "entities": ("a.docx", docx(**{"word/styles.xml": b"<!DOCTYPE a [<!ENTITY b 'c'>]>"})),
    "way out": ("a.docx", docx(**{"../../evil.xml": b"x"})),
    "no document": ("a.docx", packed({"readme.xml": b"x"})),
    "other office": ("a.ods", docx()),
    "not a zip": ("a.xlsx", b"PK\x03\x04broken"),
    "formula": ("a.csv", b'name,value\nx,"=HYPERLINK(""http://x"")"\n'),
    "latin": ("a.csv", "é".encode("latin-1")),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_are_refused_with_a_reason(case: str) -> None:
    with pytest.raises(UploadRefused) as raised:
        look(*HOSTILE[case])
    assert len(raised.value.message("fr")) > 40


@pytest.mark.parametrize(
    ("name", "content", "kept"),
    [
        ("Grille d'évaluation.docx", docx(), "Grille dévaluation.docx"),
        ("C:\\temp\\notes.v2.txt", b"bon", "notes-v2.txt"),
        ("prix.csv", b"a;b\n-3,5;+2\n", "prix.csv"),
        ("\u202egrille.PDF", PDF, "grille.pdf"),
    ],
)
def test_honest_files_pass_under_a_plain_name(name: str, content: bytes, kept: str) -> None:
    found = look(name, content)
    assert (found.name, found.content) == (kept, content)


def test_a_question_and_its_answer_are_read_over_and_signed_by_the_municipality(
    desk: Desk,
) -> None:
    agent, other, anyone = (
        desk.browser_of("agent"),
        desk.browser_of("facilitator"),
        desk.browser(),
    )
    asked = {"kind": "question", "title": "Quel capteur ?", "origin": "Ville A", "tags": "eau"}
    assert agent.post(f"{PEERS}new", asked).status_code == 422, "the question is missing"
    text = "Appelez-moi au 06 12 34 56 78 pour <b>voir</b>."
    assert agent.post(f"{PEERS}new", {**asked, "text": text}).status_code == 303
    assert "Quel capteur" not in anyone.get(PEERS).text
    decide(desk)
    page = anyone.get(PEERS).text
    assert "Quel capteur" in page
    assert "06 12 34" not in page
    assert "<b>voir" not in page
    found = re.search(r'<li id="(\w+)">', page)
    assert found
    reply = {"kind": "answer", "parent": found[1], "text": "Le nôtre.", "origin": "Ville B"}
    assert other.get(f"{PEERS}{found[1]}/answer").status_code == 200
    assert other.post(f"{PEERS}new", reply).status_code == 303
    assert "Le nôtre" not in anyone.get(PEERS).text
    decide(desk)
    assert "Le nôtre" in anyone.get(f"{PEERS}?q=notre").text
    assert desk.browser_of("citizen").post(f"{PEERS}new", reply).status_code == 403


def test_a_sheet_that_is_refused_stands_nowhere_and_its_sender_reads_why(desk: Desk) -> None:
    agent = desk.browser_of("agent")
    sheet = {"kind": "sheet", "title": "Capteurs", "context": "Un parc", "done": "Dix capteurs"}
    assert agent.get(f"{PEERS}new?kind=sheet").status_code == 200
    assert agent.post(f"{PEERS}new", {**sheet, "origin": "Ville A"}).status_code == 303
    assert decide(desk, "refused", "Dites ce qui a coûté.").status_code == 303
    assert "Dites ce qui a coûté" in agent.get(PEERS).text
    assert "Capteurs" not in desk.browser().get(PEERS).text


@pytest.mark.parametrize("who", ["student", "agent", "facilitator"])
def test_only_those_who_moderate_see_the_queue(desk: Desk, who: str) -> None:
    browser = desk.browser_of(who)
    assert browser.get(WAITING).status_code == 403
    sent = {"what": "post", "id": "x", "seen": "1", "state": "published"}
    assert browser.post(WAITING, sent).status_code == 403


def published(desk: Desk, browser: Browser) -> str:
    address = send(browser, "a.pdf", PDF).headers["location"].split("/services/datalab/")[1]
    decide(desk)
    return str(address)


def withdraw(browser: Browser, address: str, number: str = "", reason: str = "Périmé") -> Any:
    return browser.post(f"{address}withdraw", {"number": number, "reason": reason})


def undo(browser: Browser, address: str, change: str = "") -> Any:
    found = re.search(r'name="change" value="(\d+)"', browser.get(address).text)
    return browser.post(f"{address}restore", {"change": change or (found[1] if found else "0")})


def test_an_author_withdraws_a_document_old_links_say_why_and_undo_brings_it_back(
    desk: Desk,
) -> None:
    agent, anyone = desk.browser_of("agent"), desk.browser()
    address = published(desk, agent)
    assert withdraw(agent, address, reason=" ").status_code == 422
    assert anyone.get(f"{address}1").status_code == 200
    said = agent.follow(withdraw(agent, address)).text
    assert "nobody else reads it any more" in said
    assert '<button class="plain"></button>' not in said
    for path in (address, f"{address}1"):
        gone = anyone.get(path)
        assert gone.status_code == 410
        assert "Périmé" in gone.text
    assert "Éclairage connecté" not in anyone.get(LIBRARY).text
    assert "Périmé" in agent.get(address).text
    assert withdraw(agent, address).status_code == 422, "nothing is left to withdraw"
    assert undo(agent, address).status_code == 303
    assert anyone.get(f"{address}1").content == PDF
    assert undo(agent, address, "1").status_code == 409


def test_one_version_is_withdrawn_and_the_other_stays(desk: Desk) -> None:
    agent, anyone = desk.browser_of("agent"), desk.browser()
    address = published(desk, agent)
    send(agent, "a.txt", b"Deux", f"{address.removeprefix(LIBRARY)}new", note="x")
    assert withdraw(agent, address, "2").status_code == 303
    assert anyone.get(f"{address}2").status_code == 404, "nobody else ever read it"
    assert anyone.get(address).status_code == 200
    assert undo(agent, address).status_code == 303
    assert anyone.get(f"{address}2").status_code == 404, "it waits to be read, as before"
    assert "waits to be read" in agent.get(address).text
    decide(desk)
    assert withdraw(agent, address, "1").status_code == 303
    assert anyone.get(f"{address}1").status_code == 410
    assert anyone.get(f"{address}2").text == "Deux"
    assert withdraw(agent, address, "7").status_code == 422


def test_a_moderator_withdraws_and_its_author_does_not_put_it_back(desk: Desk) -> None:
    agent, steward, anyone = desk.browser_of("agent"), desk.browser_of("steward"), desk.browser()
    address = published(desk, agent)
    assert withdraw(desk.browser_of("facilitator"), address).status_code == 403
    assert withdraw(anyone, address).status_code in {303, 401, 403}
    assert withdraw(desk.browser_of("citizen"), address).status_code == 403
    assert anyone.get(address).status_code == 200
    assert withdraw(steward, address, reason="Un nom y figure").status_code == 303
    assert "Un nom y figure" in anyone.get(address).text
    page = steward.get(address).text
    change = re.search(r'name="change" value="(\d+)"', page)
    assert change
    assert undo(agent, address, change[1]).status_code == 409
    assert anyone.get(address).status_code == 410
    assert undo(steward, address).status_code == 303
    assert anyone.get(address).status_code == 200


def test_the_municipality_of_an_account_is_asked_once(desk: Desk) -> None:
    agent, other = desk.browser_of("agent"), desk.browser_of("facilitator")
    forms = (f"{LIBRARY}new", f"{PEERS}new?kind=sheet", f"{PEERS}new?kind=question")

    def proposed(browser: Browser) -> set[str]:
        pattern = r'name="origin" maxlength="150" value="([^"]*)"'
        return {found for form in forms for found in re.findall(pattern, browser.get(form).text)}

    assert proposed(agent) == {""}
    fields = {"code": "21999", "name": "Ville d’essai", "population": "4200"}
    agent.post("smart-territory/begin", fields)
    assert proposed(agent) == {"Ville d’essai"}, "it answers for one municipality"
    assert proposed(other) == {""}
    send(agent, "a.pdf", PDF, origin="Syndicat d’essai")
    assert proposed(agent) == {"Syndicat d’essai"}, "it said so last"
