"""The territorial diagnosis of each commune: what it says, in three forms, and what it keeps."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from pypdf import PdfReader
from starlette.testclient import TestClient

from datalab.methods.intruder import counts_of, found_out, ratios_of
from datalab.methods.territory import INDICATORS, VARIABLES, WHOLE
from datalab.participation import decision, session, survey
from datalab.people import accounts
from datalab.portal.app import create_app
from datalab.portal.diagnosis import NEEDED, diagnosis_of
from datalab.portal.person import COOKIE, HUB_COOKIE
from datalab.portal.views import diagnosis as door
from datalab.refresh import refresh
from datalab.settings import Settings
from tests.portal.conftest import PREFIX
from tests.portal.desk import Desk, now
from tests.portal.serving import served
from tests.portal.test_browser import WCAG
from tests.portal.test_diagnosis_links import asked

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.network
SENNECEY, FLAVIGNEROT = "21605", "21270"
BARE = "\u00a0\u202f"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(home=tmp_path_factory.mktemp("diagnosis") / "home")
    wanted = [*NEEDED, "population-history", "published-figures"]
    states = {run.dataset: run.state for run in refresh(wanted, settings, "essai")}
    if "failed" in states.values():
        pytest.skip(f"the package index does not answer: {states}")
    return settings


@pytest.fixture(scope="module")
def portal(lake: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(lake), base_url=f"http://lab.test{PREFIX}/") as client:
        yield client


def words(text: str) -> str:
    for space in BARE:
        text = text.replace(space, " ")
    return " ".join(text.split())


def told(portal: TestClient, insee: str) -> dict[str, Any]:
    found: dict[str, Any] = portal.get(f"diagnosis/{insee}.json").json()
    return found


def test_every_commune_of_the_metropole_has_a_diagnosis(portal: TestClient) -> None:
    communes = portal.get("diagnosis.json").json()["communes"]
    assert len(communes) == 23
    assert sum(one["population"] for one in communes) == 258_630
    page = portal.get("diagnosis/").text
    assert all(f'href="{PREFIX}/diagnosis/{one["insee"]}"' in page for one in communes)
    led = portal.get("diagnosis/", params={"commune": SENNECEY}, follow_redirects=False)
    assert led.headers["location"] == f"{PREFIX}/diagnosis/{SENNECEY}"


def test_the_page_of_sennecey_says_its_figures_beside_larger_territories(
    portal: TestClient,
) -> None:
    text = words(portal.get(f"diagnosis/{SENNECEY}", headers={"Accept-Language": "fr"}).text)
    assert "comptait 2 125 habitants en 2022, soit 0,8 % de Dijon Métropole" in text
    found = told(portal, SENNECEY)["diagnosis"]
    values = {
        figure["id"]: {one["level"]: (one["value"], one["reason"]) for one in figure["values"]}
        for figure in found["figures"]
    }
    assert values["density"]["metropole"] == (1077.8, "")  # INSEE, dossier complet
    assert [values["vacancy_2021"][level][0] for level in ("department", "country")] == [8.5, 8.1]
    assert values["median_income"]["metropole"] == (None, "median")
    assert values["poverty_rate"]["commune"] == (None, "secret")
    assert values["poverty_rate"]["region"] == (13.4, "")
    assert values["unemployment_rate"]["country"] == (None, "incomparable")
    assert [finding["id"] for finding in found["findings"]][:2] == ["vacancy_2022", "owner_share"]


def test_the_pdf_says_what_the_page_says_and_is_the_same_each_time(portal: TestClient) -> None:
    answer = portal.get(f"diagnosis/{SENNECEY}.pdf", headers={"Accept-Language": "fr"})
    assert answer.headers["content-type"] == "application/pdf"
    assert "sennecey" in answer.headers["content-disposition"]
    read = PdfReader(io.BytesIO(answer.content))
    assert str(read.root_object["/Lang"]) == "fr-FR"
    text = words(" ".join(page.extract_text() for page in read.pages))
    for said in ("2 125 habitants", "Petite enfance", "CAF et MSA", "1 077,8"):
        assert said in text
    assert portal.get(f"diagnosis/{SENNECEY}.pdf").content == answer.content
    english = PdfReader(io.BytesIO(portal.get(f"diagnosis/{SENNECEY}.pdf?lang=en").content))
    assert str(english.root_object["/Lang"]) == "en-GB"


@pytest.mark.parametrize("insee", ["99999", "21231'--", "a" * 300])
def test_another_code_is_refused_with_the_way_on(portal: TestClient, insee: str) -> None:
    answer = portal.get(f"diagnosis/{insee}", headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert "page of the diagnoses" in answer.text or "page des diagnostics" in answer.text


def test_a_lab_without_the_datasets_says_so(tmp_path: Path) -> None:
    client = TestClient(create_app(Settings(home=tmp_path)), base_url=f"http://lab.test{PREFIX}/")
    answer = client.get("diagnosis.json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "diagnosis-not-there")


def test_who_solves_programs_over_all_documents_comes_near_no_hidden_count(
    portal: TestClient,
) -> None:
    """Every count, total, rate of two or three counts, density, yearly change, quotient and rank
    that the 23 documents publish, put into one system: linear programs, and integer ones where
    people and establishments were counted one by one. The attacker even knows by how much each sum
    fails through rounding."""
    names = [one["insee"] for one in portal.get("diagnosis.json").json()["communes"]]
    basis = next(iter(door.KEPT.kept.values()))
    known = basis.known
    diagnoses = [diagnosis_of(basis, insee) for insee in names]
    for made in diagnoses:  # nothing is written that the intruder has not read
        said = told(portal, made.insee)["diagnosis"]
        assert said["counts"] == [asdict(one) for one in made.counts]
        assert said["sectors"] == [asdict(one) for one in made.sectors]
        assert [one["rank"] for one in said["figures"]] == [one.rank for one in made.figures]
        assert [one["values"] for one in said["figures"]] == [
            [asdict(value) for value in one.values] for one in made.figures
        ]
    published = counts_of(diagnoses)
    assert published.keys() == {(p, v) for p in (*names, WHOLE) for v in VARIABLES}
    assert all(published[WHOLE, variable] is not None for variable in VARIABLES)
    small = {k for k, v in published.items() if v is not None and 0 < v < 5}
    assert {variable for _, variable in small} <= {"natural_balance", "migratory_balance"}
    areas = {str(row["insee_code"]): float(row["area_km2"]) for row in basis.rows[INDICATORS]}
    assert len(ratios_of(diagnoses, areas)) > 400
    found = found_out(known, diagnoses, areas)
    assert found.keys() == {cell for cell, value in published.items() if value is None}
    assert len(found) > 80
    near = {cell: interval for cell, interval in found.items() if interval.is_within(5)}
    assert near == {}
    for cell, interval in found.items():
        assert interval.low - 1 <= known.exact[cell] <= interval.high + 1, "no count that fits"


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing(browser: Browser, lake: Settings, width: int) -> None:
    with served(lake) as address:
        page = browser.new_context(viewport={"width": width, "height": 800}).new_page()
        for path in ("diagnosis/", f"diagnosis/{SENNECEY}", f"diagnosis/{FLAVIGNEROT}"):
            page.goto(address + path)
            found = Axe().run(page, options=WCAG).response["violations"]
            assert [(v["id"], v["nodes"][0]["html"]) for v in found] == [], path
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        page.context.close()


def test_who_runs_the_workshop_links_a_decision_to_a_finding(lake: Settings, desk: Desk) -> None:
    shutil.copytree(lake.lake, desk.settings.lake, dirs_exist_ok=True)
    with desk.app.state.participation.writing() as connection:
        made = session.create(
            connection, title="Atelier", question="Ces constats sont-ils justes ?",
            template="diagnosis", receipt="sennecey-essai-0001", now=1.0, actor="agent",
        )  # fmt: skip
        opened = session.open(connection, made, now=2.0, actor="agent")
        one = decision.make(
            connection, opened, text="Un relais d’assistantes maternelles", owner="CCAS", due=None,
            receipt="decision-essai-0001", now=3.0, actor="agent",
        )  # fmt: skip
        session.close(connection, session.get(connection, made.id), now=4.0, actor="agent")
    at = f"diagnosis/{SENNECEY}/links"
    assert desk.browser_of("student").get(at).status_code == 403
    agent = desk.browser_of("agent")
    page = agent.get(at)
    assert page.status_code == 200, page.text
    finding = told(agent.client, SENNECEY)["diagnosis"]["findings"][2]["id"]
    refused = agent.post(at, {"finding": "wealth", "target": f"decision:{one.id}"})
    assert refused.status_code == 422
    assert 'id="wrong-finding"' in refused.text
    assert agent.post(at, {"finding": finding, "target": f"decision:{one.id}"}).status_code == 303
    read = desk.browser().client.get(f"diagnosis/{SENNECEY}").text
    assert "F3. " in read
    third = read[read.index("F3. ") : read.index("F4. ")]
    assert "Décision liée : Un relais d’assistantes maternelles" in words(third)
    behind = told(desk.browser().client, SENNECEY)["evidence"]
    assert list(behind) == [finding]
    (link,) = re.findall(r'name="remove" value="([^"]+)"', agent.get(at).text)
    assert agent.post(at, {"remove": link}).status_code == 303
    assert told(desk.browser().client, SENNECEY)["evidence"] == {}


def test_a_linked_question_is_told_with_its_campaign(lake: Settings, desk: Desk) -> None:
    shutil.copytree(lake.lake, desk.settings.lake, dirs_exist_ok=True)
    store = desk.app.state.participation
    made, carried = asked(store, 40)
    with store.writing() as connection:
        survey.close(connection, made, 7.0, "ana")
    at, agent = f"diagnosis/{SENNECEY}/links", desk.browser_of("agent")
    target = f"campaign:{carried.id}:expecting"
    assert agent.post(at, {"finding": "household_size", "target": target}).status_code == 303
    linked = words(agent.get(at).text.partition('id="new"')[0])
    assert f"→ {carried.title} – " in linked


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_of_links_is_for_everybody(
    lake: Settings, desk: Desk, browser: Browser, width: int
) -> None:
    shutil.copytree(lake.lake, desk.settings.lake, dirs_exist_ok=True)
    made, carried = asked(desk.app.state.participation, 40)
    with served(desk.settings) as address:
        context = browser.new_context(locale="fr-FR", viewport={"width": width, "height": 800})
        token = desk.visits.open(accounts.get(desk.store, "agent"), "session", now())
        for cookie, value in ((COOKIE, token), (HUB_COOKIE, "session")):
            context.add_cookies([{"name": cookie, "value": value, "url": address}])
        page = context.new_page()
        for linked in (False, True):
            page.goto(f"{address}diagnosis/{SENNECEY}/links")
            if linked:
                with desk.app.state.participation.writing() as connection:
                    survey.close(connection, made, 7.0, "ana")
                page.reload()
                page.locator("select[name=finding]").select_option("household_size")
                page.locator("[name=target]").select_option(f"campaign:{carried.id}:expecting")
                page.locator("main form button").last.click()
                page.get_by_text(f"{carried.title} – ").first.wait_for()
            found = Axe().run(page, options=WCAG).response["violations"]
            assert [(v["id"], v["nodes"][0]["html"]) for v in found] == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        context.close()


def test_small_counts_stand_only_where_insee_publishes_them(portal: TestClient) -> None:
    """INSEE's own table is carried as it is, and says so; no document of ours repeats them."""
    insee = portal.get("datasets/commune-indicators", headers={"Accept-Language": "fr"}).text
    assert "ceux que l’INSEE publie" in words(insee)
    rows = portal.get("api/v1/datasets/commune-indicators/rows?limit=100").json()["rows"]
    named = {one.id: one for one in VARIABLES.values() if one.dataset == INDICATORS and one.column}
    small = [
        (str(row["insee_code"]), id)
        for row in rows
        for id, one in named.items()
        if 0 < float(row[one.column]) < 4.5
    ]
    assert len(small) > 20
    shown = {
        insee: {one["id"]: one["commune"] for one in told(portal, insee)["diagnosis"]["counts"]}
        for insee in sorted({insee for insee, _ in small})
    }
    assert [(insee, id) for insee, id in small if shown[insee][id] is not None] == []


def test_income_of_another_year_or_source_stands_beside_the_table(portal: TestClient) -> None:
    page = words(portal.get(f"diagnosis/{SENNECEY}", headers={"Accept-Language": "fr"}).text)
    _, *beside = page.split("Hors du tableau")
    assert len(beside) == 3
    assert "2021 : 23 160 euros par an (INSEE" in beside[0]
    assert "Côte-d’Or, 2020 : 11,5 %" in beside[1]
    every = told(portal, SENNECEY)["diagnosis"]["figures"]
    figure = next(one for one in every if one["id"] == "median_income")
    by_level = {one["level"]: one["value"] for one in figure["values"]}
    assert by_level["country"] is None, "never in the same line as Filosofi"
