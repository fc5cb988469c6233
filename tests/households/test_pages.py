"""From joining to a voucher that a shop takes, through the pages, as people click."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, update

from datalab.households import (
    ambassador,
    cells,
    consent,
    household,
    ledger,
    linky,
    reading,
)
from datalab.households.tables import HOUSEHOLD
from datalab.households.vault import Vault
from datalab.isolation.private import secret
from tests.households.conftest import invited
from tests.households.test_linky import curve
from tests.households.test_saving import MILD
from tests.portal.conftest import Workshop, described
from tests.portal.desk import ORIGIN, TOKEN, Browser, Desk

NOW = 1_790_000_000.0
ROOT = "smart-citizen"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "home")
    yield made
    made.app.state.households.close()


def at(browser: Browser, path: str) -> str:
    """A page as its reader sees it; the browser keeps the token of its forms."""
    browser.get(path)
    answer = browser.get(path)
    assert answer.status_code == 200, answer.text[:500]
    found = TOKEN.search(answer.text)
    browser.token = found[1] if found else ""
    return str(answer.text)


def sent(browser: Browser, path: str, **fields: str) -> str:
    """The page that follows a form."""
    answer = browser.post(path, fields)
    assert answer.status_code == 303, answer.text[:800]
    return str(browser.follow(answer).text)


def code_of(desk: Desk) -> str:
    """An invitation that a new ambassador gives by hand."""
    vault = Vault(desk.settings.custody)
    moment = datetime.now(UTC).timestamp()
    with desk.app.state.households.writing() as connection:
        whose, _ = ambassador.appoint(connection, vault, "Ada", 20, moment)
        return ambassador.make_codes(connection, whose, 1, moment)[0]


def joined(desk: Desk) -> tuple[Browser, str]:
    browser = desk.browser()
    at(browser, f"{ROOT}/")
    fields = {"name": "Les Tilleuls", "quarter": "centre", "dwelling": "house"}
    answer = browser.post(f"{ROOT}/join", {**fields, "code": code_of(desk)})
    assert answer.status_code == 303
    return browser, answer.headers["location"].removeprefix("/services/datalab/")


def test_from_joining_to_a_voucher_that_a_shop_takes(desk: Desk) -> None:
    browser, mine = joined(desk)
    page = at(browser, mine)
    assert "Les Tilleuls" in page
    assert "Shower in five minutes" not in page
    refused = browser.post(f"{mine}pledge", {"action": "shower", "commitment": "month"})
    assert refused.status_code == 403
    assert "You have not agreed" in refused.text
    page = sent(browser, f"{mine}consent", domain="gas", use="follow")
    assert "Insulate the attic" in page
    page = sent(browser, f"{mine}pledge", action="attic", commitment="year")
    assert "200 points more" in page
    again = browser.post(f"{mine}pledge", {"action": "attic", "commitment": "year"})
    assert again.status_code == 409

    keeper, key = desk.browser(), secret(desk.settings.custody, "custodian")
    at(keeper, f"{ROOT}/keep/{key}/")
    page = sent(keeper, f"{ROOT}/keep/{key}/shop", name="Boulangerie")
    shop_path = re.search(rf"/services/datalab/({ROOT}/shop/[\w-]+/)", page)
    assert shop_path
    page = at(browser, mine)
    merchant = re.search(r'<option value="([0-9a-f]{16})">Boulangerie', page)
    assert merchant
    page = sent(browser, f"{mine}voucher", merchant=merchant[1], points="200")
    code = re.search(r"([B-Z2-9]{5}-[B-Z2-9]{5})", page)
    assert code
    poor = browser.post(f"{mine}voucher", {"merchant": merchant[1], "points": "200"})
    assert "not enough points" in poor.text

    shop = desk.browser()
    at(shop, shop_path[1])
    seen = shop.post(f"{shop_path[1]}look", {"code": code[1]})
    assert "2 €" in seen.text
    assert "Tilleuls" not in seen.text
    assert "attic" not in seen.text
    assert "Taken: 2 €" in sent(shop, f"{shop_path[1]}redeem", code=code[1])
    twice = shop.post(f"{shop_path[1]}redeem", {"code": code[1]})
    assert twice.status_code == 409
    at(keeper, f"{ROOT}/keep/{key}/")
    assert "To be paid: 2.00 €" in sent(keeper, f"{ROOT}/keep/{key}/pay", merchant=merchant[1])
    with desk.app.state.households.reading() as connection:
        assert ledger.audit(connection) == ledger.Books(0, 0, 0, 0)


def test_a_linky_file_comes_in_with_consent_alone_and_is_taken_away(desk: Desk) -> None:
    browser, mine = joined(desk)
    at(browser, mine)
    file = {"file": ("linky.csv", curve(date(2026, 2, 1), 28).encode(), "text/csv")}
    headers = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin", "Accept-Language": "en"}

    def upload() -> object:
        return browser.client.post(
            f"{mine}linky",
            data={"_token": browser.token},
            files=file,
            headers=headers,
            follow_redirects=False,
        )

    assert upload().status_code == 403  # type: ignore[attr-defined]
    sent(browser, f"{mine}consent", domain="electricity", use="curve")
    assert upload().status_code == 303  # type: ignore[attr-defined]
    assert "336 kWh" in at(browser, mine)
    document = browser.get(f"{mine}export.json")
    assert document.headers["cache-control"] == "private, no-store"
    assert len(document.json()["readings"]["electricity"]["daily_kwh"]) == 28
    file["file"] = ("x.csv", b"=cmd|' /C calc'!A0", "text/csv")
    refused = upload()
    assert refused.status_code == 422  # type: ignore[attr-defined]
    assert "was not read" in refused.text  # type: ignore[attr-defined]
    sent(browser, f"{mine}withdraw", domain="electricity", use="curve")
    assert "336 kWh" not in at(browser, mine)


def test_readings_teams_tips_and_the_end(desk: Desk) -> None:
    browser, mine = joined(desk)
    at(browser, mine)
    for use in ("readings", "follow"):
        sent(browser, f"{mine}consent", domain="water", use=use)
    sent(browser, f"{mine}reading", domain="water", day="2026-01-01", shown="100")
    page = sent(browser, f"{mine}reading", domain="water", day="2026-02-01", shown="112,5")
    assert "12.5 m³" in page
    wrong = browser.post(f"{mine}reading", {"domain": "water", "day": "x", "shown": "1"})
    assert wrong.status_code == 422
    assert "Rue Haute" in sent(browser, f"{mine}team", name="Rue Haute")
    sent(browser, f"{mine}tip", domain="water", text="<b>Un seau</b>")
    assert "waits to be read" in at(browser, mine)
    stranger, key = desk.browser(), secret(desk.settings.custody, "custodian")
    assert "Un seau" not in at(stranger, f"{ROOT}/")
    page = at(stranger, f"{ROOT}/keep/{key}/")
    tip = re.search(r'name="tip" value="(\w+)"', page)
    assert tip
    sent(stranger, f"{ROOT}/keep/{key}/accept", tip=tip[1])
    assert "&lt;b&gt;Un seau" in at(stranger, f"{ROOT}/")
    assert browser.post(f"{mine}erase").status_code == 422
    assert "erased" in sent(browser, f"{mine}erase", sure="yes")
    assert browser.get(mine).status_code == 404


def test_what_was_done_is_forgotten_with_its_consent_and_does_not_count_twice(desk: Desk) -> None:
    browser, mine = joined(desk)
    at(browser, mine)
    sent(browser, f"{mine}consent", domain="gas", use="follow")
    sent(browser, f"{mine}pledge", action="attic", commitment="year")
    sent(browser, f"{mine}withdraw", domain="gas", use="follow")
    document = browser.get(f"{mine}export.json").json()
    assert document["actions"] == []
    assert document["points"]["balance"] == 200
    sent(browser, f"{mine}consent", domain="gas", use="follow")
    again = browser.post(f"{mine}pledge", {"action": "attic", "commitment": "year"})
    assert again.status_code == 422
    assert "counts twice" in again.text


def test_who_keeps_pays_no_shop_that_is_not_there_and_a_tip_says_why_it_was_not_taken(
    desk: Desk,
) -> None:
    browser, mine = joined(desk)
    at(browser, mine)
    sent(browser, f"{mine}consent", domain="water", use="follow")
    sent(browser, f"{mine}tip", domain="water", text="Appelez le 06")
    keeper, key = desk.browser(), secret(desk.settings.custody, "custodian")
    page = at(keeper, f"{ROOT}/keep/{key}/")
    assert keeper.post(f"{ROOT}/keep/{key}/pay", {"merchant": "nobody"}).status_code == 422
    tip = re.search(r'name="tip" value="(\w+)"', page)
    assert tip
    sent(keeper, f"{ROOT}/keep/{key}/reject", tip=tip[1], reason="un numéro de téléphone")
    page = at(browser, mine)
    assert "was not taken up" in page
    assert "un numéro de téléphone" in page


def test_doors_that_are_nobodys_and_forms_from_elsewhere_are_shut(desk: Desk) -> None:
    browser, mine = joined(desk)
    at(browser, mine)
    for path in (f"{ROOT}/home/nobody/", f"{ROOT}/shop/nobody/", f"{ROOT}/keep/nobody/"):
        assert browser.get(path).status_code == 404
    forged = browser.post(f"{mine}erase", {"sure": "yes"}, Origin="https://evil.example")
    assert forged.status_code == 403
    assert desk.browser().post(f"{mine}erase", {"sure": "yes"}).status_code == 403
    bad = browser.post(f"{ROOT}/join", {"name": " ", "quarter": "centre", "dwelling": "flat"})
    assert bad.status_code == 422
    assert "a name has 1 to 60 characters" in bad.text
    assert desk.settings.households != desk.settings.participation
    assert desk.settings.custody.stat().st_mode & 0o777 == 0o700


def test_only_agents_see_cells_and_only_of_eleven_homes(desk: Desk) -> None:
    assert desk.browser().get(f"{ROOT}/cells.json").status_code == 401
    for name in ("citizen", "student", "facilitator"):
        assert desk.browser_of(name).get(f"{ROOT}/cells").status_code == 403
    agent = desk.browser_of("agent")
    assert "Not enough data" in agent.get(f"{ROOT}/cells").text
    vault = Vault(desk.settings.custody)
    with desk.app.state.households.writing() as connection:
        for number in range(40):
            quarter = "north" if number < 4 else ("centre", "south")[number % 2]
            one, _ = household.join(connection, vault, f"F{number}", quarter, "house", NOW)
            consent.give(connection, one, "water", "cells", NOW)
            invited(connection, vault, one)
    document = agent.get(f"{ROOT}/cells.json").json()
    shown = [
        count
        for rows in document["tables"].values()
        for columns in rows.values()
        for count in columns.values()
    ]
    assert None in shown
    assert all(count is None or count == 0 or count >= cells.FEWEST for count in shown)
    assert "hidden" in agent.get(f"{ROOT}/cells").text


def test_a_home_reads_what_it_saved_at_the_weather_of_dijon(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    rows = "\n".join(f"21473001,DIJON-LONGVIC,{day},{value}" for day, value in MILD.items())
    columns: dict[str, object] = {"post": "varchar", "name": "varchar", "day": "date"}
    columns["mean_temperature"] = "double"
    made = described("weather-stations", columns, key=["post", "day"])
    workshop.write(
        made, f"post,name,day,mean_temperature\n{rows}\n21000001,AILLEURS,2024-01-01,99\n"
    )
    assert workshop.refresh() == {"weather-stations": "published"}
    desk = Desk(workshop.settings.home)
    browser, mine = joined(desk)
    with desk.app.state.households.writing() as connection:
        at_new_year = datetime(2024, 12, 31, 12, tzinfo=UTC).timestamp()
        connection.execute(update(HOUSEHOLD).values(joined_at=at_new_year))
        one = connection.execute(select(HOUSEHOLD.c.id)).scalar_one()
        consent.give(connection, one, "electricity", "curve", NOW)
        days = {
            day: (6 + 2 * max(0.0, 17 - t)) * (0.9 if day.year == 2025 else 1)
            for day, t in MILD.items()
        }
        kept = linky.Curve(days, 30, 0, 0, 0, 0, ())
        reading.take_curve(connection, Vault(desk.settings.custody), one, kept, NOW)
    page = at(browser, mine)
    desk.app.state.households.close()
    assert "Against your own past" in page
    assert "in 12 months or times between readings since you joined" in page
    assert "kgCO2e" in page
