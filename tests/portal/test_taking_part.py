"""What participants send, what becomes of it, and what nobody else learns."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from datalab.participation import contribution, decision, material, session, vote
from datalab.participation.tables.author import PICTURE
from tests.portal.assembly import WHO, Assembly, receipt
from tests.portal.desk import Desk, now

MARKUP = '<img src=x onerror=alert(1)>"><script>alert(2)</script>'


@pytest.fixture
def room(desk: Desk) -> Assembly:
    return Assembly(desk)


def photo() -> bytes:
    made, file = Image.new("RGB", (640, 480), "green"), io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "SECRET-PHONE"
    made.save(file, "JPEG", exif=exif)
    return file.getvalue()


def test_what_is_sent_waits_and_its_author_sees_what_becomes_of_it(room: Assembly) -> None:
    author, other = room.phone(), room.phone()
    answer = author.say("Planter des arbres.").json()
    assert answer["said"] == "Sent. Somebody reads it before everybody sees it."
    assert "waits to be read" in author.page()
    assert "Planter" not in other.page()
    (one,) = room.said()
    room.accept(one)
    assert "Planter des arbres." in other.page()
    assert "shown to everybody" in author.page()

    def refuse(connection: Any) -> None:
        found = session.get(connection, room.id)
        kept = contribution.get(connection, found, one.id)
        contribution.reject(
            connection, found, kept, reason="C’est hors sujet.", now=now(), actor=WHO
        )

    room.do(refuse)
    assert "Why it is not shown: C’est hors sujet." in author.page()
    assert "hors sujet" not in other.page()


def test_a_decision_answers_the_phone_that_sent_the_idea(room: Assembly) -> None:
    author = room.phone()
    author.say("Planter des arbres.")
    (one,) = room.said()
    room.accept(one)
    answered = {"text": "Dix tilleuls.", "owner": "Espaces verts", "due": None, "answers": [one.id]}
    room.change(decision.make, receipt=receipt(), **answered)
    page = author.page()
    assert "Answered by a decision:" in page
    assert "Dix tilleuls." in page


def test_the_same_post_counts_once_however_often_it_comes(room: Assembly) -> None:
    phone, key = room.phone(), receipt()
    answers = [phone.say("Une fois.", key).json() for _ in range(3)]
    assert len({str(answer) for answer in answers}) == 1
    assert len(room.said()) == 1
    # Somebody else's receipt opens nothing and makes nothing.
    assert room.phone().say("Deux fois.", key).status_code in (404, 409)
    assert [one.text for one in room.said()] == ["Une fois."]


def test_a_photo_comes_once_and_without_what_the_phone_wrote_into_it(room: Assembly) -> None:
    phone, key = room.phone(), receipt()
    for _ in range(2):
        sent = {"_token": phone.browser.token, "text": "Ce banc.", "receipt": key}
        answer = phone.browser.client.post(
            phone.here,
            data={**sent, "alternative": "Un banc. Appelez le 06 12 34 56 78"},
            files={"photo": ("p.jpg", photo(), "image/jpeg")},
            headers={
                "Origin": "http://lab.test",
                "Sec-Fetch-Site": "same-origin",
                "Accept": "application/json",
            },
        )
        assert answer.status_code == 200, answer.text
    (row,) = room.do(lambda c: c.execute(PICTURE.select()).all())
    assert "06 12" not in row.alternative
    kept = (room.desk.settings.pictures / f"{row.id}.jpg").read_bytes()
    assert b"SECRET-PHONE" not in kept
    assert len(list(room.desk.settings.pictures.glob("*.jpg"))) == 2  # two sizes of one


def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(room: Assembly) -> None:
    phone = room.phone()
    fields = {"receipt": receipt(), "text": "À garder", "latitude": "400", "longitude": "5"}
    page = phone.browser.post(phone.here, fields)
    assert page.status_code == 422
    assert "À garder" in page.text
    assert "not a point of the earth" in page.text
    nothing = phone.say("   ")
    assert nothing.status_code == 422
    assert nothing.json()["error"]["details"]["name"] == "text"
    long = phone.say("x" * 1001)
    assert long.status_code == 422
    assert phone.say("x", evidence="dataset:communes@1").status_code == 422
    assert phone.say("x", parent="nothing").status_code == 404
    assert room.said() == []


def test_markup_is_text_wherever_it_is_read(room: Assembly) -> None:
    author, other = room.phone(), room.phone()
    author.say(MARKUP)
    room.accept(room.said()[0], wording=MARKUP)
    screen = room.desk.browser().get(f"sessions/{room.id}/screen").text
    live = other.browser.get(f"{other.here}/now").json()
    for text in (author.page(), other.page(), screen, *live["pieces"].values()):
        assert "<script>alert" not in text
        assert "<img src=x" not in text
    assert any("&lt;script&gt;" in piece for piece in live["pieces"].values())


def test_dots_are_given_within_the_quota_and_taken_back(room: Assembly) -> None:
    phone = room.phone()
    for text in ("Une", "Deux"):
        phone.say(text)
    one, two = room.said()
    for each in (one, two):
        room.accept(each)
    assert phone.give(one.id, 1).status_code == 409  # nobody votes yet
    room.change(vote.open_vote)
    assert phone.give(one.id, 2).json()["said"] == "You have 1 of 3 dots left."
    assert phone.give(one.id, 2).json()["said"] == "You have 1 of 3 dots left."
    assert phone.give(two.id, 2).status_code == 409
    assert phone.give(one.id, 1).json()["said"] == "You have 2 of 3 dots left."
    assert phone.give(one.id, -1).status_code == 422
    page = phone.page()
    assert "You have 2 of 3 dots left." in page
    assert "1 dot" in page
    assert room.phone(joined=False).give(one.id, 1).status_code in (403, 404)


def test_its_author_writes_it_anew_until_it_is_read_and_withdraws_it(room: Assembly) -> None:
    phone, other = room.phone(), room.phone()
    phone.say("Plnter")
    (one,) = room.said()
    assert other.send("/rewrite", contribution=one.id, text="volé").status_code == 404
    assert other.send("/withdraw", contribution=one.id).status_code == 404
    for _ in range(2):
        assert phone.send("/rewrite", contribution=one.id, text="Planter").status_code == 200
    assert room.said()[0].text == "Planter"
    room.accept(room.said()[0])
    assert phone.send("/rewrite", contribution=one.id, text="Autre").status_code == 409
    for _ in range(2):
        assert phone.send("/withdraw", contribution=one.id).status_code == 200
    assert "Planter" not in other.page()


def test_nothing_is_taken_after_the_end(room: Assembly) -> None:
    phone = room.phone()
    room.change(session.close)
    late = phone.say("Trop tard")
    assert late.status_code == 409
    assert "not open" in late.json()["error"]["message"]
    assert room.said() == []


def test_evidence_leads_to_the_snapshot_of_a_material(desk: Desk, workshop: Any) -> None:
    from datalab.portal.library import Library

    desk.app.state.library = Library(workshop.settings.lake)
    room = Assembly(desk)
    about = {"kind": "dataset", "title": "Communes", "reference": "communes"}
    room.change(material.add, receipt=receipt(), **about)
    phone = room.phone()
    found = phone.page()
    start = found.index('value="dataset:communes@') + len('value="')
    chosen = found[start : found.index('"', start)]
    assert phone.say("Voyez les chiffres.", evidence=chosen).status_code == 200
    (one,) = room.said()
    assert one.evidence is not None
    assert one.evidence["dataset"] == "communes"
    room.accept(one)
    number = chosen.partition("@")[2]
    assert f"/datasets/communes?snapshot={number}" in phone.page()
    reserved = "dataset:for-members@1"
    assert phone.say("x", evidence=reserved).status_code == 422


def test_a_script_without_the_pages_token_reads_nobodys_own(room: Assembly) -> None:
    phone = room.phone()
    phone.say("À moi seule.")
    script = {"Sec-Fetch-Mode": "cors"}
    stolen = phone.browser.get(phone.here, **script)
    assert "À moi seule." not in stolen.text
    assert phone.browser.get(f"{phone.here}/mine", **script).status_code == 403
    own = phone.browser.get(
        f"{phone.here}/mine", **script, **{"X-Datalab-Token": phone.browser.token}
    )
    assert "À moi seule." in own.text
