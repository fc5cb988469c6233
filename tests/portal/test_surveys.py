"""Questionnaires through the portal: who runs them, who answers, and who should not."""

from __future__ import annotations

import csv
import html
import io
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from datalab.participation import code, response, survey, xlsform_export
from datalab.participation.answers import check
from datalab.participation.campaign import Campaign, Draft, add
from datalab.participation.definition import read_yaml
from datalab.participation.response import Sender
from datalab.participation.survey import Survey
from datalab.participation.tables.survey import CAMPAIGN
from datalab.portal.asking import NOBODY
from datalab.portal.survey_upload import template_text
from tests.portal.desk import Browser, Desk, now

SLUG = "petite-enfance"
HOME = f"surveys/{SLUG}/"
DAY = date(2026, 11, 22)
XSS = "<script>alert(1)</script>"


class Field:
    """A survey that is open, with one campaign, and phones that answer it."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.store = desk, desk.app.state.participation
        made = read_yaml(template_text("childcare").encode())
        with self.store.writing() as connection:
            draft = survey.make(connection, made, SLUG, now(), "agent")
            self.survey: Survey = survey.open_(connection, draft, now(), "agent")
            asked = Draft("Courrier", "Parents", 40)
            self.campaign: Campaign = add(connection, self.survey, asked, now(), "agent")
        self.at = f"s/{self.campaign.code}"

    def phone(self) -> tuple[Browser, dict[str, str]]:
        """A browser that opened the questionnaire, and the hidden fields of its form."""
        browser = self.desk.browser()
        page = browser.get(self.at).text
        fields = {name: hidden(page, name) for name in ("receipt", "phone", "_shown")}
        browser.token = hidden(page, "_token")
        # A person needs a moment to read.
        moment = f"{int(now()) - 30}"
        signed = self.desk.app.state.trap._sign(moment)
        return browser, {**fields, "_shown": f"{moment}.{signed}"}

    def responses(self) -> list[response.Response]:
        with self.store.reading() as connection:
            return response.counted(connection, self.survey)

    def fill(self, count: int) -> None:
        for number in range(count):
            raw = {
                "commune": ["dijon" if number % 3 else "first_ring"],
                "young_children": ["0"],
                "expecting": ["yes" if number % 2 else "no"],
                "idea": [f"{XSS} {number}"],
            }
            checked = check(self.survey.questionnaire, raw, DAY)
            sender = Sender(f"secret-of-respondent-{number}", "fr")
            receipt = f"receipt-{number:012}"
            self.store.write(
                lambda c, s=sender, r=receipt, k=checked: response.submit(
                    c, self.survey, self.campaign, s, k, r, now()
                )
            )


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return found[1]


def step_of(page: str) -> str:
    return hidden(page, "step")


@pytest.fixture
def field(desk: Desk) -> Field:
    return Field(desk)


ANSWERS = {"agreed": "yes", "q-commune": "dijon", "q-young_children": "0", "q-expecting": "no"}


def test_without_scripts_it_goes_page_by_page_and_is_sent_once(field: Field) -> None:
    browser, fields = field.phone()
    page = browser.post(field.at, {**fields, "go": "next", "step": "intro"})
    assert (page.status_code, step_of(page.text)) == (422, "intro"), "nobody agreed"
    page = browser.post(field.at, {**fields, "go": "next", "step": "intro", "agreed": "yes"})
    assert step_of(page.text) == "household"
    page = browser.post(field.at, {**fields, "go": "next", "step": "household", "agreed": "yes"})
    assert page.status_code == 422
    assert page.text.count("This question needs an answer.") >= 2
    full = {**fields, **ANSWERS}
    page = browser.post(field.at, {**full, "go": "next", "step": "household"})
    assert step_of(page.text) == "words", "three pages are skipped"
    page = browser.post(field.at, {**full, "go": "next", "step": "words"})
    assert step_of(page.text) == "review"
    assert "Attendez-vous" in page.text or "Are you expecting" in page.text
    assert field.responses() == []
    for _ in range(2):
        done = browser.post(field.at, {**full, "go": "send"})
        assert (done.status_code, done.headers["location"].endswith("/thanks")) == (303, True)
    (one,) = field.responses()
    assert one.answers == {"commune": "dijon", "young_children": 0, "expecting": "no"}
    thanks = browser.follow(done)
    assert "private, no-store" in thanks.headers[
        "cache-control"
    ] or "no-store" in thanks.text + str(thanks.headers)
    link = re.search(r"mine/([\w-]{20,})", thanks.text)
    assert link
    mine = browser.get(f"mine/{link[1]}/")
    assert "They count." in mine.text
    assert browser.get(field.at).status_code == 303, "who answered is led to the thanks"


def test_who_reads_the_questions_in_english_reads_what_they_agree_to_in_english(
    field: Field,
) -> None:
    browser = field.desk.browser()
    french = browser.get(f"{field.at}?lang=fr").text
    assert "J’ai moins de 15 ans" in french
    (chosen,) = re.findall(rf'<a lang="en" href="[^"]*/{field.at}(\?in=en[^"]*)"', french)
    english = browser.get(f"{field.at}{html.unescape(chosen)}").text
    assert "I agree to this." in english
    assert "I am under 15, and an adult agrees with me." in english


def test_another_receipt_from_the_same_phone_changes_nothing(field: Field) -> None:
    browser, fields = field.phone()
    browser.post(field.at, {**fields, **ANSWERS, "go": "send"})
    again = {**fields, **ANSWERS, "q-commune": "elsewhere", "receipt": "x" * 20, "go": "send"}
    answer = browser.post(field.at, again, Accept="application/json")
    assert "already" in answer.json()["said"]
    (one,) = field.responses()
    assert one.answers["commune"] == "dijon"


def test_what_was_begun_is_resumed_by_the_private_link_on_another_phone(field: Field) -> None:
    browser, fields = field.phone()
    kept = browser.post(f"{field.at}/keep", {**fields, "agreed": "yes", "q-commune": "dijon"})
    assert kept.json() == {"kept": 1}
    where = browser.get(f"{field.at}/continue").headers["location"]
    other = field.desk.browser()
    page = other.get(where)
    assert 'value="dijon" checked' in page.text
    assert page.headers["cache-control"] == NOBODY["Cache-Control"]
    other.token = hidden(page.text, "_token")
    more = {**fields, **ANSWERS, "link": hidden(page.text, "link"), "phone": "other-phone-key-1"}
    assert other.post(field.at, {**more, "go": "send"}).status_code == 303
    assert len(field.responses()) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"_shown": ""},
        {"website": "http://spam.example"},
        {"receipt": ""},
        {"phone": "short"},
        {"agreed": ""},
        {"_token": "0" * 64},
        {"q-commune": "atlantis"},
        {"q-young_children": "-1"},
    ],
)
def test_what_no_person_sends_is_refused(field: Field, change: dict[str, str]) -> None:
    browser, fields = field.phone()
    sent = {**fields, **ANSWERS, **change, "go": "send"}
    answer = browser.post(field.at, sent, Accept="application/json")
    assert 400 <= answer.status_code < 500
    assert answer.json()["error"]["message"]
    assert field.responses() == []


def test_a_flood_is_told_to_wait(field: Field) -> None:
    browser, fields = field.phone()
    states = [
        browser.post(f"{field.at}/keep", {**fields, "agreed": "yes"}).status_code for _ in range(60)
    ]
    assert states[0] == 200
    assert states[-1] == 429


def test_a_closed_or_unknown_code_says_so_kindly(field: Field) -> None:
    agent = field.desk.browser_of("agent")
    assert agent.post(f"{HOME}close").status_code == 303
    page = field.desk.browser().get(field.at)
    assert page.status_code == 200
    assert "takes no answers now" in page.text
    assert field.desk.browser().get("s/ZZZZZZ").status_code == 404
    assert field.desk.browser().get(f"s/{field.campaign.code.lower()}").status_code == 200


def test_a_code_is_six_letters_and_one_of_once_with_digits_still_leads_in(field: Field) -> None:
    assert set(field.campaign.code) <= set(code.LETTERS)
    assert len(field.campaign.code) == 6
    browser, mistyped = field.desk.browser(), field.campaign.code.replace("Q", "0")
    assert browser.get(f"s/{mistyped}").status_code == 200
    with field.desk.app.state.participation.writing() as connection:
        connection.execute(CAMPAIGN.update().values(code="AB2CD9"))
    onward = browser.get("participate/?code=ab2-cd9")
    assert onward.headers["location"].endswith("/s/AB2CD9")
    assert browser.get("s/ab2cd9").status_code == 200


def test_an_agent_brings_a_questionnaire_and_is_told_every_mistake(desk: Desk) -> None:
    agent = desk.browser_of("agent")
    text = template_text("childcare")
    wrong = agent.post("surveys/new", {"text": text.replace("longest", "lonest")})
    assert wrong.status_code == 422
    assert "line 1" in wrong.text
    assert "longest" in wrong.text
    assert "lonest: 800" in wrong.text, "what was typed is kept"
    made = agent.post("surveys/new", {"text": text})
    assert made.headers["location"].endswith(
        "/surveys/accueil-des-jeunes-enfants-vos-besoins/"
    ) or ("childcare" in made.headers["location"])
    assert agent.post("surveys/new", {"text": text, "slug": "../x"}).status_code == 422
    with desk.app.state.participation.reading() as connection:
        (found,) = survey.surveys(connection)
    sent = xlsform_export.write(found.questionnaire, "x", 1)
    uploaded = agent.client.post(
        "surveys/new",
        data={"_token": agent.token, "slug": "par-xlsform"},
        files={"file": ("q.xlsx", sent)},
        headers={
            "Origin": "http://lab.test",
            "Sec-Fetch-Site": "same-origin",
            "Accept": "text/html",
        },
        follow_redirects=False,
    )
    assert uploaded.headers["location"].endswith("/surveys/par-xlsform/")
    assert agent.get("surveys/par-xlsform/definition.xlsx").content[:2] == b"PK"
    assert agent.get("surveys/par-xlsform/preview").status_code == 200


def test_opening_makes_the_dataset_and_closing_releases_it_all(
    field: Field, tmp_path: Path
) -> None:
    field.fill(7)
    agent = field.desk.browser_of("agent")
    agent.post(f"{HOME}open")
    path = field.desk.settings.own_catalog / "population" / f"survey-{SLUG}.yaml"
    assert "released_answer" in path.read_text("utf-8")
    assert "5 of 7" in agent.get(HOME).text
    agent.post(f"{HOME}close")
    assert "7 of 7" in agent.get(HOME).text


def test_texts_are_read_escaped_decided_and_undone(field: Field) -> None:
    field.fill(6)
    agent = field.desk.browser_of("agent")
    page = agent.get(f"{HOME}texts").text
    assert XSS not in page
    assert "&lt;script&gt;" in page
    fields = {"response": hidden(page, "response"), "variable": "idea"}
    done = agent.post(f"{HOME}texts", {**fields, "go": "accepted"})
    said = agent.follow(done).text
    assert "The text is accepted." in said
    results = agent.get(f"{HOME}results").text
    assert XSS not in results
    assert "&lt;script&gt;" in results
    undo = {"go": "undo", "change": hidden(said, "change")}
    assert agent.post(f"{HOME}texts", undo).status_code == 303
    out = agent.post(f"{HOME}texts", {**fields, "go": "out"})
    assert out.status_code == 303
    assert len(field.responses()) == 5


def test_results_say_nothing_of_too_few_and_spread_no_formula(field: Field) -> None:
    field.fill(4)
    agent = field.desk.browser_of("agent")
    assert "Nothing is shown yet" in agent.get(f"{HOME}results").text
    field.fill(23)
    page = agent.get(f"{HOME}results?question=expecting&by=commune").text
    assert "hidden" in page or "100" in page
    text = agent.get(f"{HOME}results.csv").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["variable"] for row in rows} >= {"commune", "idea"}
    assert not any(
        cell.startswith(("=", "+", "@")) for row in rows for cell in row.values() if cell
    )


def test_margins_give_a_comparison_and_weights(field: Field) -> None:
    field.fill(30)
    agent = field.desk.browser_of("agent")
    here = f"{HOME}campaigns/{field.campaign.id}"
    margins = {f"m-commune-{c}": n for c, n in {"dijon": "160000", "first_ring": "60000"}.items()}
    part = agent.post(f"{here}/margins", {**margins, "source": "INSEE", "go": "keep"})
    assert part.status_code == 422, "every category, or none"
    margins |= {"m-commune-elsewhere": "0", "m-commune-outside": "0"}
    assert agent.post(f"{here}/margins", {**margins, "go": "keep"}).status_code == 422
    done = agent.post(f"{here}/margins", {**margins, "source": "INSEE", "go": "keep"})
    assert done.status_code == 303
    page = agent.get(here).text
    assert "Effective sample size" in page
    assert "72.7%" in page
    assert "weighted" in agent.get(f"{HOME}results").text
    look = {
        "variable": "commune",
        "dataset": "none-such",
        "category": "a",
        "size": "b",
        "go": "look",
    }
    assert "none-such" in agent.post(f"{here}/margins", {**margins, **look}).text
    french = agent.get(here, **{"Accept-Language": "fr"}).text
    assert re.search(r"Khi-deux \d+,\d\d\b", french)
    assert re.search(r"degrés de liberté\s: 1, p (= 0,\d{3}|< 0,001)\.", html.unescape(french))
    assert "Tours de calcul\N{NO-BREAK SPACE}: 1." in html.unescape(french)
    assert "à 0,3 fois" in french


def test_a_paper_is_checked_and_recorded_once(field: Field) -> None:
    agent = field.desk.browser_of("agent")
    here = f"{HOME}campaigns/{field.campaign.id}/paper"
    fields: dict[str, Any] = {"receipt": hidden(agent.get(here).text, "receipt")}
    assert agent.post(here, fields).status_code == 422
    for _ in range(2):
        assert agent.post(here, {**fields, **ANSWERS}).status_code == 303
    (one,) = field.responses()
    assert one.way == "paper"


@pytest.mark.parametrize("name", ["citizen", "student", "entrepreneur"])
def test_who_runs_no_surveys_sees_and_changes_nothing(field: Field, name: str) -> None:
    person = field.desk.browser_of(name)
    here = f"{HOME}campaigns/{field.campaign.id}"
    for path in ("surveys/", HOME, f"{HOME}results", f"{HOME}results.csv", f"{HOME}texts", here):
        assert person.get(path).status_code == 403
    for path in (f"{HOME}close", f"{HOME}texts", f"{here}/margins", f"{here}/paper", "surveys/new"):
        assert person.post(path, {"go": "out", "receipt": "r" * 20}).status_code == 403
    assert field.desk.browser().get(f"{HOME}results").status_code == 401
