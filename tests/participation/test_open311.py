"""Open311 GeoReport v2 as its specification has it, in JSON and XML, on both databases."""

from __future__ import annotations

import io
import sqlite3
import time
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from datalab.errors import CannotUndo
from datalab.participation import api_key, journal, request, service
from datalab.participation.contact import Vault
from datalab.participation.request_state import DAY
from datalab.participation.store import Store
from datalab.participation.tables.author import AUTHOR, CONTACT
from datalab.participation.tables.request import REQUEST
from tests.participation.georeport import (
    DEFINITION,
    DISCOVERY,
    ERRORS,
    EXTENDED,
    RECORDED,
    REQUESTS,
    SERVICES,
    TOKEN,
    Client,
    check,
)
from tests.portal.desk import Desk


@pytest.fixture
def client(desk: Desk) -> Client:
    return Client(desk)


@pytest.fixture
def lab(client: Client) -> Store:
    found: Store = client.desk.app.state.participation
    return found


def refused(answer: Any, status: int) -> list[str]:
    """What was wrong, in an answer of errors."""
    assert answer.status_code == status, answer.text
    check(answer.json(), ERRORS)
    assert {error["code"] for error in answer.json()} == {status}
    return [error["description"] for error in answer.json()]


def fields(answer: Any, status: int = 400) -> list[str]:
    """The arguments that an answer complains of."""
    return [said.partition(":")[0].strip() for said in refused(answer, status)]


def move(lab: Store, id: str, state: Any, now: float = 0.0, **more: Any) -> None:
    with lab.writing() as connection:
        request.change_state(
            connection, id, state, actor="agent", seen=None, now=now or time.time(), **more
        )


def picture() -> dict[str, Any]:
    drawn = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(drawn, "JPEG")
    return {"media": ("lampe.jpg", drawn.getvalue(), "image/jpeg")}


# -- what is offered ---------------------------------------------------------------------------


def test_discovery_names_both_endpoints_and_how_to_get_a_key(client: Client) -> None:
    found = client.read("discovery", DISCOVERY)
    assert [one["type"] for one in found["endpoints"]] == ["production", "test"]
    for endpoint in found["endpoints"]:
        address = endpoint["url"].removeprefix("http://lab.test/services/datalab/open311/")
        client.read(f"{address}/services", SERVICES)
    guide = found["key_service"].partition("http://lab.test/services/datalab/")[2].split()[0]
    assert client.desk.browser().get(guide.rstrip(".,: ")).status_code == 200


def test_a_change_of_a_service_moves_the_changeset(client: Client, lab: Store) -> None:
    before = client.read("discovery", DISCOVERY)["changeset"]
    with lab.writing() as connection:
        service.change(
            connection, "noise", {"active": False}, actor="ana", seen=1, now=time.time() + DAY
        )
    assert client.read("discovery", DISCOVERY)["changeset"] > before
    assert "noise" not in [one["service_code"] for one in client.read("v2/services", SERVICES)]


def test_services_speak_the_language_of_who_asks(client: Client) -> None:
    french = client.get("v2/services.json").json()[0]["service_name"]
    english = client.http.get("open311/v2/services.json", headers={"Accept-Language": "en"})
    assert (french, english.json()[0]["service_name"]) == ("Éclairage public", "Street lighting")
    assert "Accept-Language" in english.headers["vary"]


def test_every_service_has_a_definition_and_says_whether_it_asks_more(client: Client) -> None:
    kinds = set()
    for one in client.read("v2/services", SERVICES):
        asked = client.read(f"v2/services/{one['service_code']}", DEFINITION)["attributes"]
        assert bool(asked) is one["metadata"]
        orders = [attribute["order"] for attribute in asked]
        assert orders == sorted(set(orders))
        kinds |= {attribute["datatype"] for attribute in asked}
    assert kinds == {"string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"}


# -- sending -----------------------------------------------------------------------------------


def test_a_report_is_public_as_it_was_sent(client: Client) -> None:
    id = client.report(address_string="8 rue de la Liberté, 21000 Dijon", description="Tout noir")
    (found,) = client.read(f"v2/requests/{id}", REQUESTS)
    assert (found["service_request_id"], found["status"]) == (id, "open")
    assert (found["lat"], found["long"]) == (47.322, 5.0415)
    assert (found["address"], found["zipcode"]) == ("8 rue de la Liberté, 21000 Dijon", "21000")
    assert found["description"] == "Tout noir"
    assert found["expected_datetime"] > found["requested_datetime"]
    assert client.read("v2/requests", REQUESTS) == [found]


def test_a_report_in_xml_gets_xml(client: Client) -> None:
    answer = client.post("v2/requests.xml")
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    assert answer.text.startswith('<?xml version="1.0" encoding="utf-8"?>\n<service_requests>')
    assert "<account_id/>" in answer.text
    missing = client.post("v2/requests.xml", service_code=None)
    assert missing.text.endswith("</description></error></errors>")


@pytest.mark.parametrize("words", ["", "wrong", "o311_" + "x" * 32, "'; --", "é"])
def test_without_a_good_key_nothing_is_recorded(client: Client, words: str) -> None:
    for sent in (client.post(api_key=words), client.post(api_key=words, lat="here")):
        refused(sent, 403)
    assert client.read("v2/requests", REQUESTS) == []


def test_a_disabled_key_is_refused_at_once_and_can_be_enabled(client: Client, lab: Store) -> None:
    client.report()
    with lab.writing() as connection:
        (key,) = api_key.keys(connection)
        change = api_key.disable(connection, key.id, actor="ana", now=time.time())
    refused(client.post(), 403)
    with lab.writing() as connection:
        journal.undo(connection, change.id, at=time.time(), actor="ana")
    client.report()
    with pytest.raises(CannotUndo), lab.writing() as connection:
        journal.undo(connection, change.id, at=time.time(), actor="ana")


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"service_code": None}, ["service_code"]),
        ({"service_code": " "}, ["service_code"]),
        ({"lat": None}, ["lat"]),
        ({"long": ""}, ["long"]),
        ({"lat": None, "long": None}, ["address_string"]),
        ({"lat": "nan"}, ["lat"]),
        ({"lat": "1e999"}, ["lat"]),
        ({"lat": "4_7.3"}, ["lat"]),
        ({"lat": "48.85", "long": "2.35"}, ["lat"]),
        ({"lat": "north", "long": "east", "email": "no"}, ["lat", "long", "email"]),
        ({"description": "x" * 4001}, ["description"]),
        ({"attribute[failure]": None}, ["attribute[failure]"]),
        ({"attribute[failure]": "gone"}, ["attribute[failure]"]),
        ({"attribute[failure]": ["out", "day"]}, ["attribute[failure]"]),
        ({"attribute[colour]": "red"}, ["attribute[colour]"]),
        ({"attribute[lamp_number]": "12\n13"}, ["attribute[lamp_number]"]),
        ({"service_code": "road", "attribute[depth_cm]": "deep"}, ["attribute[depth_cm]"]),
        ({"service_code": "waste", "attribute[seen_at]": "monday"}, ["attribute[seen_at]"]),
        ({"service_code": "waste", "attribute[kinds][]": ["bags", "x"]}, ["attribute[kinds]"]),
    ],
)
def test_each_wrong_argument_is_named(
    client: Client, wrong: dict[str, Any], named: list[str]
) -> None:
    assert fields(client.post(**wrong)) == named
    assert client.read("v2/requests", REQUESTS) == []


def test_an_address_or_its_number_is_place_enough(client: Client) -> None:
    nowhere = {"lat": None, "long": None}
    named = client.report(**nowhere, address_string="Place Darcy")
    numbered = client.report(**nowhere, address_id="BAN-21231_1")
    found = {one["service_request_id"]: one for one in client.read("v2/requests", REQUESTS)}
    assert (found[named]["lat"], found[named]["address"]) == (None, "Place Darcy")
    assert found[numbered]["address_id"] == "BAN-21231_1"


def test_answers_of_every_kind_are_kept_and_choices_shown(client: Client) -> None:
    id = client.report(
        service_code="waste",
        **{
            "attribute[kinds][]": ["rubble", "bags"],
            "attribute[seen_at]": "2026-03-01T08:00:00+01:00",
        },
    )
    (found,) = client.read(f"v2/requests/{id}", EXTENDED, extensions="true")
    assert [one["value"] for one in found["attributes"]] == ["bags", "rubble"]
    assert found["attributes"][0]["name"] == "Sacs d’ordures"
    road = client.report(service_code="road", **{"attribute[depth_cm]": "12,5"})
    with client.desk.app.state.participation.reading() as connection:
        assert request.get(connection, road).attributes == {"depth_cm": 12.5}


def test_the_same_key_twice_is_one_report_and_another_client_s_is_another(client: Client) -> None:
    first = client.report(receipt="key-1")
    assert client.report(receipt="key-1") == first
    assert Client(client.desk, "Other").report(receipt="key-1") != first
    assert len(client.read("v2/requests", REQUESTS)) == 2
    assert fields(client.post(receipt="x" * 256)) == ["Idempotency-Key"]


@pytest.mark.parametrize(
    "change",
    [
        {"description": "Autre"},
        {"lat": "47.33"},
        {"email": "quelquun@example.org"},
        {"attribute[depth_cm]": "7"},
        {"files": True},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_report_under_a_used_key_is_refused_and_not_taken_for_the_first(
    client: Client, change: dict[str, Any]
) -> None:
    about = {"service_code": "road", "receipt": "key-1"}
    first = client.report(**about)
    other = {**change, "files": picture()} if "files" in change else change
    answer = client.post(**about, **other)
    (told,) = refused(answer, 400)
    assert "Idempotency-Key" in told
    assert client.report(**about) == first
    assert client.report(**{**about, "receipt": "key-2"}, **other) != first
    assert len(client.read("v2/requests", REQUESTS)) == (1 if "files" in change else 2)


def test_the_test_endpoint_checks_and_records_nothing(client: Client) -> None:
    answer = client.post("test/v2/requests.json")
    check(answer.json(), RECORDED)
    assert fields(client.post("test/v2/requests.json", lat="x")) == ["lat"]
    refused(client.post("test/v2/requests.json", api_key=""), 403)
    assert client.read("v2/requests", REQUESTS) == []


# -- what is not shown -------------------------------------------------------------------------


def test_what_waits_gets_a_token_and_is_nowhere_until_it_was_read(
    client: Client, lab: Store
) -> None:
    token = client.report(description="Rappelez-moi au 06 12 34 56 78")
    assert client.read(f"v2/tokens/{token}", TOKEN) == [
        {"service_request_id": None, "token": token}
    ]
    assert client.read("v2/requests", REQUESTS) == []
    with lab.reading() as connection:
        id = request.of_token(connection, token).id
    refused(client.get(f"v2/requests/{id}.json"), 404)
    assert client.read("v2/requests", REQUESTS, service_request_id=id) == []
    with lab.writing() as connection:
        request.moderate(connection, id, True, actor="ana", seen=None, now=time.time())
    assert client.read(f"v2/tokens/{token}", TOKEN)[0]["service_request_id"] == id
    (found,) = client.read(f"v2/requests/{id}", REQUESTS)
    assert "06 12" not in found["description"]
    with lab.writing() as connection:
        request.moderate(connection, id, False, actor="ana", seen=None, now=time.time())
    refused(client.get(f"v2/requests/{id}.json"), 404)
    refused(client.get(f"v2/tokens/{token}.json"), 404)


def test_a_picture_goes_along_waits_and_is_shown_by_our_own_address(
    client: Client, lab: Store
) -> None:
    token = client.report(files=picture(), receipt="shot")
    assert client.report(files=picture(), receipt="shot") == token
    with lab.reading() as connection:
        id = request.of_token(connection, token).id
    with lab.writing() as connection:
        request.moderate(connection, id, True, actor="ana", seen=None, now=time.time())
    (found,) = client.read(f"v2/requests/{id}", REQUESTS)
    assert found["media_url"].startswith("http://lab.test/services/datalab/pictures/")
    assert client.http.get(found["media_url"]).headers["content-type"] == "image/jpeg"


def test_a_picture_that_is_none_and_one_without_a_key_are_refused(client: Client) -> None:
    refused(client.post(files={"media": ("a.jpg", b"<svg/>", "image/jpeg")}), 400)
    refused(client.post(files=picture(), api_key="wrong"), 403)
    assert list(client.desk.settings.pictures.glob("*")) == []


def test_who_sent_it_is_never_told_and_only_the_address_is_kept_encrypted(
    client: Client, lab: Store
) -> None:
    mine = {
        "email": "zoe@example.org",
        "first_name": "Zoé",
        "last_name": "Secrète",
        "phone": "0612345678",
        "device_id": "dev-4711",
        "account_id": "acc-4711",
        "media_url": "https://elsewhere.example/zoe.jpg",
    }
    answer = client.post(**mine).json()[0]
    assert "first_name" in answer["service_notice"]
    assert "media_url" in answer["service_notice"]
    id = answer["service_request_id"]
    shown = client.get(f"v2/requests/{id}.json", extensions="true").text
    with lab.reading() as connection:
        row = repr(connection.execute(select(REQUEST)).all())
        row += repr(connection.execute(select(AUTHOR)).all())
        row += repr(connection.execute(select(CONTACT)).all())
        row += repr(journal.since(connection, 0))
        (author_id,) = connection.execute(select(REQUEST.c.author_id)).scalars()
        vault = Vault(client.desk.settings.secrets)
        assert vault.reveal(connection, author_id) == "zoe@example.org"
    for word in mine.values():
        assert word not in shown
        assert word not in row


def test_noise_is_placed_coarsely_and_without_its_address(client: Client) -> None:
    id = client.report(
        service_code="noise", lat="47.3256", long="5.0467", address_string="8 rue Chabot-Charny"
    )
    (found,) = client.read(f"v2/requests/{id}", REQUESTS)
    assert (found["lat"], found["long"], found["address"]) == (47.33, 5.05, None)


# -- reading -----------------------------------------------------------------------------------


def listed(client: Client, **arguments: str) -> list[str]:
    return [one["service_request_id"] for one in client.read("v2/requests", REQUESTS, **arguments)]


def at(lab: Store, id: str, moment: float) -> None:
    """Let a report have come at ``moment``."""
    with lab.writing() as connection:
        values = {"requested_at": moment, "updated_at": moment}
        connection.execute(REQUEST.update().where(REQUEST.c.id == id).values(**values))


def test_a_list_is_chosen_by_service_status_and_number(client: Client, lab: Store) -> None:
    lamp, hole, bin = (client.report(service_code=c) for c in ("lighting", "road", "waste"))
    move(lab, hole, "fixed", note="Rebouché.")
    assert set(listed(client)) == {lamp, hole, bin}
    assert set(listed(client, service_code="lighting, road")) == {lamp, hole}
    assert listed(client, status="closed") == [hole]
    assert set(listed(client, status="open,closed")) == {lamp, hole, bin}
    assert listed(client, status="closed", service_code="waste") == []
    assert listed(client, service_code="unknown") == []
    both = {"service_request_id": f"{lamp},{bin},none"}
    assert set(listed(client, **both)) == {lamp, bin}
    ignored = {"status": "closed", "start_date": "never", "page": "x"}
    assert set(listed(client, **both, **ignored)) == {lamp, bin}


def test_an_empty_argument_is_none(client: Client) -> None:
    id = client.report()
    names = ("service_request_id", "service_code", "status", "start_date", "end_date")
    empty = dict.fromkeys((*names, "jurisdiction_id", "page", "extensions", "updated_after"), "")
    assert listed(client, **empty) == [id]
    assert listed(client, service_request_id=" , ") == [id]


def test_a_span_is_at_most_ninety_days_and_the_last_ones_by_default(
    client: Client, lab: Store
) -> None:
    new, old = client.report(), client.report()
    then = 1_700_000_000.0  # 2023-11-14T22:13:20Z
    at(lab, old, then + 0.4)
    assert listed(client) == [new]
    day = "2023-11-14T22:13:20Z"
    assert listed(client, start_date=day) == [old]
    assert listed(client, end_date=day) == [old]
    assert listed(client, start_date=day, end_date=day) == [old]
    assert listed(client, start_date="2023-11-14T23:13:20+01:00", end_date=day) == [old]
    assert listed(client, start_date="2023-11-14T22:13:21Z", end_date="2023-12-14T00:00:00Z") == []
    assert listed(client, start_date="2023-08-17T00:00:00Z", end_date=day) == [old]
    for wrong in (
        {"start_date": "2023-08-01T00:00:00Z", "end_date": day},
        {"start_date": day, "end_date": "2023-11-01T00:00:00Z"},
        {"end_date": "2023-11-14"},
        {"end_date": "2023-11-14T22:13:20"},
    ):
        assert fields(client.get("v2/requests.json", **wrong)) == ["end_date"]


def test_what_changed_since_is_found_however_old(client: Client, lab: Store) -> None:
    still, changed = client.report(), client.report()
    for id in (still, changed):
        at(lab, id, 1_600_000_000.0)
    move(lab, changed, "acknowledged", now=1_700_000_000.0)
    assert listed(client, updated_after="2023-01-01T00:00:00Z") == [changed]
    assert listed(client, updated_before="2023-01-01T00:00:00Z") == [still]


def test_pages_are_turned(client: Client) -> None:
    made = [client.report(receipt=f"p{number}") for number in range(5)]
    first = client.get("v2/requests.json", page_size="2")
    assert 'rel="next"' in first.headers["link"]
    pages = [listed(client, page=str(page), page_size="2") for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert sorted(id for page in pages for id in page) == sorted(made)
    following = client.http.get("http://lab.test" + first.links["next"]["url"]).json()
    assert [one["service_request_id"] for one in following] == pages[1]
    for wrong in ("0", "-1", "x", "1001", "9" * 30, "²"):
        assert fields(client.get("v2/requests.json", page_size=wrong)) == ["page_size"]


def test_a_closed_report_says_why_and_when_and_its_history_on_demand(
    client: Client, lab: Store
) -> None:
    first, id = client.report(), client.report()
    move(lab, id, "scheduled", note="Jeudi.")
    closed_at = time.time() + 60
    move(lab, id, "duplicate", now=closed_at, duplicate_of=first)
    (found,) = client.read(f"v2/requests/{id}", EXTENDED, extensions="true")
    assert found["status"] == "closed"
    assert "duplicate" in found["status_notes"]
    closed = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(closed_at))
    assert found["updated_datetime"] == closed
    assert found["extended_attributes"]["duplicate_of"] == first
    assert [note["type"] for note in found["notes"]] == ["submitted", "answer", "answer"]
    assert client.read("v2/requests", EXTENDED, extensions="true", service_request_id=id) == [found]


# -- errors and the web around -----------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "v2/services/nothing.json",
        "v2/requests/nothing.json",
        "v2/tokens/nothing.json",
        "v2/nothing.json",
        "v3/services.json",
        "v2/requests/a%00b.json",
        "v2/services.json?jurisdiction_id=sfgov.org",
        "v2/requests.json?jurisdiction_id=sfgov.org",
        "v2/requests/x/y.json",
    ],
)
def test_what_does_not_exist_is_404(client: Client, path: str) -> None:
    refused(client.http.get(f"open311/{path}"), 404)


@pytest.mark.parametrize("path", ["v2/services", "v2/services.yaml", "v2/", "v2/requests.xml.exe"])
def test_an_unknown_format_is_404_in_the_one_that_every_client_reads(
    client: Client, path: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    assert "<errors><error><code>404</code>" in answer.text


def test_our_own_jurisdiction_is_taken(client: Client) -> None:
    client.read("v2/services", SERVICES, jurisdiction_id="metropole-dijon.fr")
    client.report(jurisdiction_id="www.metropole-dijon.fr")
    refused(client.post(jurisdiction_id="sfgov.org"), 404)


def test_a_body_that_is_no_form_is_refused_as_such(client: Client) -> None:
    address = "open311/v2/requests.json"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    doctype = (
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
    )
    for body, headers in (
        (doctype, {"Content-Type": "text/xml"}),
        (b'{"service_code": "lighting"}', {"Content-Type": "application/json"}),
        (b"description=%FF%FE", form),
        (b"description=\xff", form),
        (b"description=%00", form),
        (b"a=" + b"x" * 300_000, form),
        (b"--x", {"Content-Type": "multipart/form-data; boundary=y"}),
        (b"", {}),
    ):
        answer = client.http.post(address, content=body, headers=headers)
        assert answer.status_code in (400, 403), answer.text
        check(answer.json(), ERRORS)
        assert "root:" not in answer.text


def test_any_site_may_call(client: Client) -> None:
    asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    address = "open311/v2/requests.json"
    before = client.http.options(address, headers=asked)
    assert before.status_code == 204
    assert "POST" in before.headers["access-control-allow-methods"]
    assert "Idempotency-Key" in before.headers["access-control-allow-headers"]
    for answer in (
        before,
        client.post(),
        client.post(lat="x"),
        client.get("v2/services.xml"),
        client.get("v2/nothing.xml"),
        client.http.put(address),
    ):
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers
        assert "set-cookie" not in answer.headers


def test_head_says_the_same_without_the_body_and_other_methods_are_refused(
    client: Client,
) -> None:
    for path in ("discovery.xml", "v2/services.json", "v2/requests.json"):
        whole, head = client.get(path), client.http.head(f"open311/{path}")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"] == whole.headers["content-type"]
    assert client.http.delete("open311/v2/requests/x.json").status_code == 405
    assert client.http.post("open311/v2/services.json").status_code == 405


def test_markup_in_a_report_stays_text(client: Client) -> None:
    payload = "</description><x>]]><script>alert(1)</script>&amp; \x1b\ufffe\U0001f4a1"
    id = client.report(description=payload)
    (found,) = client.read(f"v2/requests/{id}", REQUESTS)
    assert found["description"] == payload.replace("\x1b\ufffe", "")


def test_a_key_that_sends_too_much_waits_and_others_do_not(client: Client) -> None:
    settings = client.desk.settings
    client.desk.app.state.settings = settings.model_copy(update={"key_reports_per_second": 0.1})
    client.report()
    client.report()
    answer = client.post()
    refused(answer, 429)
    assert int(answer.headers["retry-after"]) >= 1
    Client(client.desk, "Other").report()


@pytest.mark.parametrize("path", ["open311/v2/requests.json", "cases/"])
def test_a_database_that_is_away_is_said_in_french_with_the_time_to_come_back(
    client: Client, path: str
) -> None:
    store = client.desk.app.state.participation

    def refuse(*_: object) -> None:
        raise OperationalError("", {}, sqlite3.OperationalError("disk I/O error"))

    event.listen(store.engine, "before_cursor_execute", refuse)
    try:
        answer = client.http.get(path, headers={"Accept-Language": "fr"})
    finally:
        event.remove(store.engine, "before_cursor_execute", refuse)
    assert answer.status_code == 503, answer.text
    assert answer.headers["retry-after"] == "60"
    assert "I/O" not in answer.text
    assert "base de données ne répond pas" in answer.text
