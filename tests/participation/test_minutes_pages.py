"""Minutes, exports, calendar and follow-up as people get them."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import icalendar
import pytest
from sqlalchemy import select

from datalab.participation import decision, session
from datalab.participation.tables.journal import CHANGE
from tests.participation.meeting import BEGIN, PHONE, REFUSED, STREET, Meeting, begun, held
from tests.portal.desk import Browser, Desk

HIDDEN = (REFUSED, PHONE, STREET, "5.0415", "Zoé", "insulte")


@pytest.fixture
def lab(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "home")


def meeting_of(lab: Desk, **more: Any) -> Meeting:
    return held(lab.app.state.participation, **more)


def ana(lab: Desk) -> Browser:
    """The account that made the session."""
    lab.add("ana", "facilitators")
    return lab.browser_of("ana")


def test_minutes_are_a_draft_of_those_who_run_it_until_it_is_closed(lab: Desk) -> None:
    meeting = meeting_of(lab)
    path = f"sessions/{meeting.session.id}/minutes"
    for ending in ("", ".pdf", ".docx", ".odt"):
        assert lab.browser().get(path + ending).status_code == 404
    assert lab.browser_of("student").get(path).status_code == 404
    mine = ana(lab).get(path)
    assert mine.status_code == 200
    assert "Draft: the session is not closed" in mine.text
    meeting.close()
    public = lab.browser().get(path)
    assert public.status_code == 200
    assert "Draft" not in public.text
    assert "Poser des bancs à l’ombre" in public.text
    assert "Foreword</label>" not in public.text
    for ending, magic in ((".pdf", b"%PDF"), (".docx", b"PK"), (".odt", b"PK")):
        answer = lab.browser().get(path + ending)
        assert answer.content.startswith(magic)
        assert "attachment" in answer.headers["content-disposition"]
        again = lab.browser().get(path + ending, **{"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304


def test_nothing_hidden_leaves_by_any_door(lab: Desk) -> None:
    meeting = meeting_of(lab)
    root = f"sessions/{meeting.session.id}"
    meeting.close()
    for path in ("minutes", "follow-up", "follow-up.json", "export.json", "export.csv"):
        text = lab.browser().get(f"{root}/{path}").content.decode()
        for word in HIDDEN:
            assert word not in text, path
    parcel = zipfile.ZipFile(io.BytesIO(lab.browser().get(f"{root}/export.zip").content))
    assert "moderation.csv" not in parcel.namelist()
    for name in parcel.namelist():
        for word in HIDDEN:
            assert word not in parcel.read(name).decode()


def test_those_who_run_it_take_away_what_was_not_published(lab: Desk) -> None:
    meeting = meeting_of(lab)
    meeting.close()
    path = f"sessions/{meeting.session.id}/export.json?part=all"
    assert lab.browser().get(path).status_code in (302, 303, 401)
    assert lab.browser_of("student").get(path).status_code == 403
    told = ana(lab).get(path)
    assert "access-control-allow-origin" not in told.headers
    inside = json.loads(told.content)["internal"]["contributions"]
    assert {one["typed"]: one["reason"] for one in inside}[REFUSED] == "insulte"


def test_tables_open_in_a_spreadsheet_and_run_nothing(lab: Desk) -> None:
    meeting = meeting_of(lab)
    who = meeting.person("Max")
    meeting.said(who, '=HYPERLINK("http://evil";"clic")')
    meeting.said(who, "ligne une\nligne; deux")
    meeting.close()
    content = lab.browser().get(f"sessions/{meeting.session.id}/export.csv").content
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
    texts = [row["text"] for row in rows]
    assert '\'=HYPERLINK("http://evil";"clic")' in texts
    assert "ligne une\nligne; deux" in texts
    assert {row["state"] for row in rows} == {"accepted", "merged"}


def test_the_json_keeps_its_shape(lab: Desk) -> None:
    import jsonschema

    meeting = meeting_of(lab)
    meeting.close()
    found = json.loads(lab.browser().get(f"sessions/{meeting.session.id}/export.json").content)
    schema = json.loads(Path("docs/reference/session-export.schema.json").read_text())
    jsonschema.validate(found, schema)
    ideas = {one["text"]: one for one in found["contributions"]}
    merged = ideas["Des bancs pour les aînés"]
    assert merged["merged_into"] == ideas["Poser des bancs à l’ombre"]["id"]
    assert merged["decisions"] == [found["decisions"][0]["id"]]
    assert ideas["Poser des bancs à l’ombre"]["cluster"] == "S’asseoir"


def test_a_session_is_closed_after_a_look_and_opened_again(lab: Desk) -> None:
    meeting = meeting_of(lab)
    root, me = f"sessions/{meeting.session.id}", ana(lab)
    asked = me.get(f"{root}/close")
    assert "Contributions that nobody read yet: 1" in asked.text
    done = me.post(f"{root}/close")
    assert done.status_code == 303
    after = me.follow(done)
    assert "The session is closed" in after.text
    assert me.post(f"{root}/close").status_code == 303, "sent twice, done once"
    store = lab.app.state.participation
    with store.reading() as connection:
        kinds = list(connection.execute(select(CHANGE.c.kind)).scalars())
        assert kinds.count("session.close") == 1
    assert me.post(f"{root}/reopen").status_code == 303
    with store.reading() as connection:
        assert session.get(connection, meeting.session.id).state == "open"
    assert lab.browser_of("student").post(f"{root}/close").status_code == 403
    assert lab.browser().post(f"{root}/close").status_code in (302, 303, 401)


def test_a_foreword_is_written_and_what_looks_personal_is_said(lab: Desk) -> None:
    meeting = meeting_of(lab)
    path, me = f"sessions/{meeting.session.id}/minutes", ana(lab)
    me.post(path, {"foreword": f"Merci à tous.\n\nÉcrivez-moi au {PHONE} <b>"})
    text = me.get(path).text
    assert "Merci à tous." in text
    assert "&lt;b&gt;" in text
    assert "looks like somebody" in text
    long = me.post(path, {"foreword": "x" * 4000})
    assert long.status_code == 422
    assert "x" * 4000 in long.text


def test_what_becomes_of_a_decision_is_told_and_taken_back(lab: Desk) -> None:
    meeting = meeting_of(lab)
    meeting.close()
    root = f"sessions/{meeting.session.id}/follow-up"
    store = lab.app.state.participation
    with store.reading() as connection:
        (made,) = decision.decisions(connection, meeting.session)
    fields = {"decision": made.id, "state": "started", "news": "Commandés", "seen": "1"}
    agent = lab.browser_of("agent")
    assert "Say where this stands" in agent.get(root).text
    assert "Say where this stands" not in lab.browser().get(root).text
    assert lab.browser_of("citizen").post(root, fields).status_code == 403
    done = agent.post(root, fields)
    assert done.status_code == 303
    page = agent.follow(done).text
    assert "Commandés" in page
    change = re.search(r'name="change" value="(\d+)"', page)
    assert change
    stale = agent.post(root, {**fields, "news": "Autre chose", "seen": "1"})
    assert stale.status_code == 409
    assert "Autre chose" in stale.text, "what was typed stays"
    again = agent.post(root, fields)
    assert again.status_code == 303, "sent twice, said once"
    assert agent.post(f"{root}/undo", {"change": change[1]}).status_code == 303
    with store.reading() as connection:
        (made,) = decision.decisions(connection, meeting.session)
    assert (made.state, made.news) == ("planned", "")
    bad = agent.post(root, {**fields, "state": "exploded", "seen": str(made.version)})
    assert bad.status_code == 422
    first = agent.post(f"{root}/undo", {"change": "1"})
    assert first.status_code == 409, "only what was said of decisions"


def test_a_late_decision_says_so(lab: Desk) -> None:
    meeting = meeting_of(lab)
    meeting.decide("Déjà dû", due="2020-01-01")
    meeting.close()
    found = lab.browser().get(f"sessions/{meeting.session.id}/follow-up.json").json()
    assert [one["overdue"] for one in found["decisions"]] == [False, True]
    assert "version" not in found["decisions"][0]


def test_a_calendar_holds_the_session_and_follows_its_changes(lab: Desk) -> None:
    store = lab.app.state.participation
    title = "Rue; apaisée, ou pas\\?"
    meeting = begun(store, title=title, place="Salle Devosge, Dijon; 1er étage")
    path = f"sessions/{meeting.session.id}/calendar.ics"

    def event() -> Any:
        answer = lab.browser().get(path)
        assert answer.headers["content-type"].startswith("text/calendar")
        calendar = icalendar.Calendar.from_ical(answer.content)
        assert [str(zone["TZID"]) for zone in calendar.walk("VTIMEZONE")] == ["Europe/Paris"]
        (found,) = calendar.walk("VEVENT")
        return found

    first = event()
    assert str(first["summary"]) == title
    assert str(first["location"]) == "Salle Devosge, Dijon; 1er étage"
    assert first.decoded("dtstart").timestamp() == BEGIN
    assert first.decoded("dtstart").utcoffset().total_seconds() == 3600
    with store.writing() as connection:
        made = session.get(connection, meeting.session.id)
        values = {"starts_at": BEGIN + 86_400, "ends_at": BEGIN + 90_000}
        session.edit(connection, made, values, seen=None, now=meeting.tick(), actor="ana")
    moved = event()
    assert str(moved["uid"]) == str(first["uid"])
    assert moved["sequence"] == first["sequence"] + 1
    meeting.vote({})
    assert event()["sequence"] == moved["sequence"], "what it does not tell does not count"


def test_a_session_without_a_day_is_in_no_calendar(lab: Desk) -> None:
    meeting = begun(lab.app.state.participation, starts_at=None, ends_at=None)
    answer = lab.browser().get(f"sessions/{meeting.session.id}/calendar.ics")
    assert answer.status_code == 404


def test_many_who_ask_for_documents_at_once_keep_nobody_else_waiting() -> None:
    from datalab.errors import TooFast
    from datalab.participation.documents.block import Document, Heading
    from datalab.portal.printing import MOST_WAITING, Press

    press = Press()
    document = Document("t", "s", "fr", "", 0.0, (Heading(1, "Titre"),))
    made = press.written(document, "odt")
    for _ in range(MOST_WAITING):
        press._queue.acquire()
    assert press.written(document, "odt") == made, "what is kept is given at once"
    with pytest.raises(TooFast):
        press.written(document, "docx")
