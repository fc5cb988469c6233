"""A flag from the page to the answer, and from the flag to a test, in one portal."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from datalab.catalog.catalog import Catalog
from datalab.isolation.private import secret
from datalab.participation import flag
from tests.portal.desk import Browser, Desk, now
from tests.quality.shelf import Shelf, described, results

OPEN = re.compile(r'name="_token" value="([0-9a-f]{64})"')
HIDDEN = re.compile(r'name="(receipt|_shown|version)" value="([^"]*)"')
TEXT = "La population de 21003 est dix fois trop grande."


@pytest.fixture
def shelf(desk: Desk, tmp_path: Path) -> Shelf:
    made = Shelf(tmp_path)
    columns = {"code": "varchar", "population": {"type": "integer", "unit": "inhabitants"}}
    made.write(
        described("communes", columns, key=["code"], steward="stewards"),
        "code,population\n21001,100\n21002,200\n21003,3000\n",
    )
    assert made.refresh()["communes"].state == "published"
    return made


def form(browser: Browser, path: str) -> dict[str, str]:
    page = browser.get(path)
    assert page.status_code == 200, page.text[:500]
    fields = dict(HIDDEN.findall(page.text))
    fields["_token"] = OPEN.findall(page.text)[-1]
    return fields


def flagged(desk: Desk, browser: Browser, **more: str) -> Any:
    fields = form(browser, "datasets/communes/flag?column=population&key-code=21003")
    fields |= {"text": TEXT, "column": "population", "key-code": "21003", "consent": "yes", **more}
    fields["_shown"] = shown_before(desk)
    return browser.post("datasets/communes/flag", fields)


def shown_before(desk: Desk) -> str:
    """The moment that a page shown a minute ago would have sent."""
    found = re.search(r'value="([^"]*)">$', desk.app.state.trap.field(now() - 60, "fr"))
    assert found
    return found[1]


def only(desk: Desk) -> flag.Flag:
    with desk.app.state.participation.reading() as connection:
        (found,) = flag.listed(connection)
    return found


def test_a_reader_flags_and_reads_the_answer_by_a_private_link(desk: Desk, shelf: Shelf) -> None:
    reader = desk.browser()
    sent = flagged(desk, reader)
    assert sent.status_code == 303, sent.text
    assert "/mine/" in sent.headers["location"]
    assert only(desk).row == {"code": "21003"}
    assert TEXT in reader.follow(sent).text
    assert TEXT not in desk.browser().get("datasets/communes").text
    assert TEXT in reader.get("datasets/communes").text

    steward = desk.browser_of("steward")
    assert TEXT in steward.get("flags/").text
    one = only(desk)
    done = steward.post(
        f"flags/{one.id}",
        {"do": "answer", "state": "fixed", "text": "Corrigé, merci.", "version": str(one.version)},
    )
    assert done.status_code == 303, done.text
    assert "Corrigé, merci." in reader.follow(sent).text
    assert "Corrigé, merci." in desk.browser().get("datasets/communes").text


def test_what_is_wrong_is_said_beside_its_field_and_nothing_typed_is_lost(
    desk: Desk, shelf: Shelf
) -> None:
    reader = desk.browser()
    answer = flagged(desk, reader, text="x", consent="", email="nobody")
    assert answer.status_code == 422
    assert 'id="text-wrong"' in answer.text
    assert 'id="consent-wrong"' in answer.text
    assert 'id="email-wrong"' in answer.text
    assert 'value="21003"' in answer.text
    assert flagged(desk, reader, website="spam").status_code == 422


def test_a_flag_becomes_a_test_in_one_click_and_is_made_from_then_on(
    desk: Desk, shelf: Shelf
) -> None:
    flagged(desk, desk.browser())
    one, steward = only(desk), desk.browser_of("steward")
    page = steward.get(f"flags/{one.id}")
    assert "It would fail now." in page.text
    assert "population = 3000" in page.text  # the row that would fail
    done = steward.post(
        f"flags/{one.id}",
        {"do": "save", "test": "0", "min_value-0": "100", "max_value-0": "2 000",
         "severity": "error", "version": str(one.version)},
    )  # fmt: skip
    assert done.status_code == 303, done.text
    own = desk.settings.own_catalog
    written = yaml.safe_load((own / "expectations" / "communes.yaml").read_text())
    assert written["expectations"][0]["max_value"] == 2000
    catalog = Catalog.load(shelf.settings.catalog, None, own)
    assert catalog.problems == []
    assert catalog.get("communes").expectations[0].severity == "error"
    record = shelf.refresh()["communes"]
    assert record.state == "kept"
    assert results(record)["expect_column_values_to_be_between"].unexpected_count == 1
    assert only(desk).expectation is not None
    again = steward.post(f"flags/{one.id}", {"do": "save", "test": "0", "version": "2"})
    assert again.status_code == 422


def test_a_test_is_tried_before_it_is_saved_and_a_wrong_one_is_refused(
    desk: Desk, shelf: Shelf
) -> None:
    flagged(desk, desk.browser())
    one, steward = only(desk), desk.browser_of("steward")
    path, seen = f"flags/{one.id}", {"version": str(one.version), "test": "0"}
    tried = steward.post(path, {**seen, "do": "try", "min_value-0": "0", "max_value-0": "9000"})
    assert tried.status_code == 200
    assert "It would hold now." in tried.text
    for wrong in (
        {"min_value-0": "many"},
        {"min_value-0": "9", "max_value-0": "1"},
        {"test": "77"},
        {"test": "٣"},
        {"severity": "fatal"},
    ):
        refused = steward.post(path, {**seen, "do": "save", **wrong})
        assert refused.status_code == 422, wrong
    assert not (desk.settings.own_catalog / "expectations").exists()


def test_only_who_answers_for_the_dataset_sees_and_answers_its_flags(
    desk: Desk, shelf: Shelf
) -> None:
    flagged(desk, desk.browser())
    one = only(desk)
    student = desk.browser_of("student")
    assert TEXT not in student.get("flags/").text
    assert student.get(f"flags/{one.id}").status_code == 403
    assert student.post(f"flags/{one.id}", {"do": "answer"}).status_code == 403
    assert desk.browser().get(f"flags/{one.id}").status_code in (303, 401)


def test_a_notebook_flags_in_the_name_of_its_account(desk: Desk, shelf: Shelf) -> None:
    client = desk.browser().client
    body = {"account": "student", "text": TEXT, "column": "population", "row": "21003"}
    assert client.post("api/v1/datasets/communes/flags", json=body).status_code == 401
    key = {"X-Datalab-Hub": secret(desk.settings.secrets, "portal_token")}
    answer = client.post("api/v1/datasets/communes/flags", json=body, headers=key)
    assert answer.status_code == 201, answer.text
    assert only(desk).account == "student"
    assert only(desk).row == {"code": "21003"}
    assert TEXT in desk.browser_of("student").get("datasets/communes").text
    for wrong in ({"text": ""}, {"column": "x"}, {"row": {"x": 1}}, {"row": [1]}):
        refused = client.post("api/v1/datasets/communes/flags", json={**body, **wrong}, headers=key)
        assert refused.status_code == 422, wrong


def test_whoever_has_an_account_finds_the_answer_there(desk: Desk, shelf: Shelf) -> None:
    student, steward = desk.browser_of("student"), desk.browser_of("steward")
    assert 'href="/services/datalab/flags/"' not in student.get("me/").text
    flagged(desk, student)
    assert "1 in all, 0 answered" in student.get("me/").text
    one = only(desk)
    answer = {"do": "answer", "state": "answered", "text": "Seen.", "version": str(one.version)}
    assert steward.post(f"flags/{one.id}", answer).status_code == 303
    assert "1 in all, 1 answered" in student.get("me/").text
    assert "Seen." in student.get("flags/").text
