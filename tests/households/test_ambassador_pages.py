"""The association appoints an ambassador, who prints codes by which homes join, as people click."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from datalab.households import ambassador, consent, household
from datalab.households.vault import Vault
from datalab.isolation.private import secret
from tests.households.conftest import NOW, invited
from tests.households.test_pages import ROOT, at, joined, sent
from tests.portal.conftest import Workshop, described
from tests.portal.desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "home")
    yield made
    made.app.state.households.close()


def test_the_association_appoints_an_ambassador_who_prints_codes_that_homes_use(
    desk: Desk,
) -> None:
    desk.browser().get(f"{ROOT}/keep/nobody/")
    keeper, key = desk.browser(), secret(desk.settings.custody, "custodian")
    assert "nobody invents homes" in at(keeper, f"{ROOT}/keep/{key}/")
    for fields in ({"name": "Ada", "allowance": "0"}, {"name": "", "allowance": "4"}):
        refused = keeper.post(f"{ROOT}/keep/{key}/ambassador", fields)
        assert refused.status_code == 422
        assert 'aria-describedby="wrong"' in refused.text
        assert f'name="name" maxlength="80" value="{fields["name"]}"' in refused.text
    page = sent(keeper, f"{ROOT}/keep/{key}/ambassador", name="Ada <b>", allowance="14")
    link = re.search(rf"/services/datalab/({ROOT}/ambassador/[\w-]+/)", page)
    assert link
    ada = desk.browser()
    page = at(ada, link[1])
    assert "Ada &lt;b&gt;" in page
    assert "Hidden: fewer than 11" in page
    assert "0 codes made of 14: 14 are left" in page
    wrong = ada.post(f"{link[1]}sheet", {"many": "13"})
    assert wrong.status_code == 422
    assert 'aria-invalid="true"' in wrong.text
    printed = ada.post(f"{link[1]}sheet", {"many": "12"})
    codes = re.findall(r"<b>([B-Z2-9]{4}-[B-Z2-9]{4})</b>", printed.text)
    assert len(set(codes)) == 12
    assert printed.text.count("<svg") >= 12
    assert printed.headers["cache-control"] == "private, no-store"
    assert codes[0] not in at(ada, link[1])
    home = desk.browser()
    assert f'value="{codes[0]}"' in at(home, f"{ROOT}/?code={codes[0]}")
    fields = {"name": "Foyer", "quarter": "north", "dwelling": "flat"}
    refused = home.post(f"{ROOT}/join", {**fields, "code": ""})
    assert refused.status_code == 422
    assert 'value="Foyer"' in refused.text
    assert home.post(f"{ROOT}/join", {**fields, "code": codes[0]}).status_code == 303
    again = home.post(f"{ROOT}/join", {**fields, "code": codes[0]})
    assert "is not good" in again.text
    at(keeper, f"{ROOT}/keep/{key}/")
    assert "Anybody joins" in sent(keeper, f"{ROOT}/keep/{key}/codes")
    made = home.post(f"{ROOT}/join", fields)
    assert made.status_code == 303
    free = made.headers["location"].removeprefix("/services/datalab/")
    assert "Use this code" in at(home, free)
    assert "can become vouchers" in sent(home, f"{free}invitation", invitation=codes[1])
    page = at(keeper, f"{ROOT}/keep/{key}/")
    whose = re.search(r'name="ambassador" value="(\w+)"', page)
    assert whose
    sent(keeper, f"{ROOT}/keep/{key}/dismiss", ambassador=whose[1])
    assert ada.get(link[1]).status_code == 404
    assert "is not good" in home.post(f"{ROOT}/join", {**fields, "code": codes[2]}).text


def test_what_is_lost_is_said_before_a_consent_is_withdrawn_by_one_click(desk: Desk) -> None:
    browser, mine = joined(desk)
    assert "points again a year after" not in at(browser, mine)
    page = sent(browser, f"{mine}consent", domain="gas", use="follow")
    assert "points again a year after" in page
    assert page.count('action="/services/datalab/' + mine + 'withdraw"') == 1
    assert "Withdrawn." in sent(browser, f"{mine}withdraw", domain="gas", use="follow")


def test_the_funnel_of_agents_starts_at_the_published_homes_of_the_town(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    columns: dict[str, object] = dict.fromkeys(("figure", "date", "status", "source"), "varchar")
    columns["value"] = "double"
    made = described("published-figures", columns, key=["figure"])
    rows = "genlis-households,2019,announced,La région,2400\ngenlis-aim,2019,target,La région,600\n"
    workshop.write(made, "figure,date,status,source,value\n" + rows)
    assert workshop.refresh() == {"published-figures": "published"}
    desk = Desk(workshop.settings.home)
    vault = Vault(desk.settings.custody)
    with desk.app.state.households.writing() as connection:
        for number in range(24):
            one, _ = household.join(connection, vault, f"F{number}", "centre", "house", NOW)
            consent.give(connection, one, "water", "cells", NOW)
            invited(connection, vault, one)
        _, link = ambassador.appoint(connection, vault, "Ada", 4, NOW)
    page = at(desk.browser_of("agent"), f"{ROOT}/cells")
    theirs = at(desk.browser(), f"{ROOT}/ambassador/{link}/")
    desk.app.state.households.close()
    for seen in (page, theirs):
        assert "2,400" in seen
        assert "25 %" in seen
        assert "Source of the figures of 2019: La région." in seen
        assert re.search(r"agreed to be counted</th><td>24</td><td>1 %", seen)
