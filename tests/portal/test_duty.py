"""The open-data duty on the portal: a mayor reads it, a harvester too, and a table is prepared."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from lxml import html
from pypdf import PdfReader
from rdflib import RDF, Graph
from rdflib.namespace import DCAT

from datalab.people import accounts
from datalab.people.store import Store
from datalab.portal.duty import NEEDED
from datalab.proposal import Proposals
from datalab.refresh import refresh
from datalab.settings import CHECKOUT, Settings
from tests.hub.lab import eventually
from tests.portal.desk import ORIGIN, PAGE, Browser, Desk, now
from tests.portal.serving import served
from tests.portal.test_browser import WCAG
from tests.portal.test_dcat import SHAPES, violations
from tests.portal.test_smart_territory_browser import signed_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser as Chromium

FILE = "DELIB_ID,DELIB_DATE,DELIB_MATIERE_CODE,DELIB_MATIERE_NOM,DELIB_OBJET,COLL_NOM,COLL_SIRET\n"
ROW = "{n},2026-01-12,7.1,Finances,Objet {n},Talant,21210617300017\n"
DATASET = """
id: deliberations-talant
title: {fr: Délibérations, en: Council decisions}
description: {fr: Essai, en: Trial}
publisher: Commune de Talant
license: lov2
steward: essai
periodicity: annual
schema: scdl-deliberations
commune: "21617"
source: {connector: file, path: deliberations-talant.csv}
columns:
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with a publication of Talant beside what the pages are made of."""
    folder = tmp_path_factory.mktemp("duty")
    shutil.copytree(CHECKOUT / "catalog", folder / "catalog")
    names = FILE.strip().split(",")
    columns = "".join(
        f"  {n}: {{type: varchar, description: {{fr: {n}, en: {n}}}}}\n" for n in names
    )
    target = folder / "catalog" / "government"
    (target / "deliberations-talant.yaml").write_text(DATASET + columns, "utf-8")
    rows = "".join(ROW.format(n=n) for n in range(1, 4))
    (target / "deliberations-talant.csv").write_text(FILE + rows, "utf-8")
    settings = Settings(home=folder / "home", catalog=folder / "catalog")
    runs = refresh([*NEEDED, "deliberations-talant"], settings, "essai")
    assert {run.state for run in runs} == {"published"}
    return folder / "home"


@pytest.fixture(scope="module")
def desk(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    made = Desk(tmp_path_factory.mktemp("desk") / "home")
    shutil.copytree(home / "lake", made.settings.lake)
    return made


def test_all_communes_and_how_many_are_concerned(desk: Desk) -> None:
    view = desk.browser().get("open-data-duty.json").json()
    assert view["counts"] == {"yes": 0, "no": 13, "unknown": 10}
    assert view["population"] == {"yes": 9, "no": 13, "unknown": 1}
    by_name = {one["name"]: one for one in view["communes"]}
    assert by_name["Talant"]["valid"] == 1
    answer = desk.browser().get("open-data-duty/?commune=21617")
    assert answer.headers["location"].endswith("/open-data-duty/21617/")


def test_a_mayor_reads_the_answer_and_can_say_how_many_agents(desk: Desk) -> None:
    browser = desk.browser()
    page = browser.get("open-data-duty/21231/", **{"Accept-Language": "fr"}).text
    assert "On ne sait pas encore" in page
    said = browser.get("open-data-duty/21231/?staff=2 100", **{"Accept-Language": "fr"}).text
    assert "Concernée" in said
    assert "personne ne l’a vérifié" in said.replace("&#39;", "’")
    wrong = browser.get("open-data-duty/21231/?staff=beaucoup")
    assert wrong.status_code == 422
    assert 'value="beaucoup"' in wrong.text, "what was typed is kept"
    assert 'aria-invalid="true"' in wrong.text
    assert browser.get("open-data-duty/99999/").status_code == 404
    view = browser.get("open-data-duty/21605.json?staff=500").json()["case"]
    assert view["verdict"]["answer"] == "no", "under 3,500 inhabitants whatever the staff"


def test_what_is_there_is_held_against_its_schema(desk: Desk) -> None:
    case = desk.browser().get("open-data-duty/21617.json").json()["case"]
    (there,) = [one for duty in case["duties"] for one in duty["there"]]
    assert (there["rows"], there["faulty"], there["valid"]) == (3, 0, True)
    assert (there["version"], there["license_legal"]) == ("2.1.5", True)


def test_the_proof_can_be_computed_again_by_anybody(desk: Desk) -> None:
    browser = desk.browser()
    proof = browser.get("open-data-duty/21617/proof.json").json()
    text = json.dumps(proof["content"], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert hashlib.sha256(text.encode()).hexdigest() == proof["sha256"]
    assert all(one["sha256"] and one["snapshot"] for one in proof["content"]["sources"])
    pdf = PdfReader(io.BytesIO(browser.get("open-data-duty/21617.pdf").content))
    whole = re.sub(r"\s", "", "".join(one.extract_text() for one in pdf.pages))
    assert proof["sha256"] in whole


@pytest.mark.parametrize(
    ("syntax", "format_"), [("ttl", "turtle"), ("jsonld", "json-ld"), ("rdf", "xml")]
)
def test_the_feed_of_a_commune_holds_its_publications_alone(
    desk: Desk, syntax: str, format_: str
) -> None:
    for insee, count in (("21617", 1), ("21231", 0)):
        answer = desk.browser().get(f"open-data-duty/{insee}/catalog.{syntax}")
        graph = Graph().parse(data=answer.text, format=format_)
        assert len(set(graph.subjects(RDF.type, DCAT.Dataset))) == count
        assert len(set(graph.subjects(RDF.type, DCAT.Catalog))) == 1
        assert violations(graph, Graph().parse(data=SHAPES, format="turtle")) == []


def sent(browser: Browser, name: str, data: bytes, **said: str) -> Any:
    fields = {"commune": "21617", "schema": "scdl-deliberations", "siret": "", **said}
    return browser.client.post(
        "open-data-duty/prepare",
        data={"_token": browser.token, **fields},
        files={"file": (name, data, "text/csv")},
        headers={**PAGE, "Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"},
        follow_redirects=False,
    )


TABLE = (
    "N°;Date de séance;Code matière;Matière;Objet\n"
    "1;12/01/2026;7.10;Finances;Budget\n"
    "2;12/01/2026;4.1;Personnel;Recrutement de Mme Claire Martin\n"
    "3;31/02/2026;4.1;Personnel;Emploi\n"
)


def test_a_table_is_prepared_corrected_and_proposed_without_scripts(desk: Desk) -> None:
    browser, other = desk.browser_of("student"), desk.browser_of("citizen")
    assert desk.browser().get("open-data-duty/prepare").status_code in (302, 303, 401)
    assert browser.get("open-data-duty/prepare/").status_code == 200
    begun = sent(browser, "séances.csv", TABLE.encode("cp1252"))
    assert begun.status_code == 303, begun.text
    address = begun.headers["location"].split("/services/datalab/")[1]
    page = browser.get(address).text
    assert "2 valid rows" in page
    assert "31/02/2026" in page
    assert "Claire Martin" not in browser.get(f"{address}/valid.csv").text
    assert browser.get(f"{address}/report.json").json()["rejected"] == 1
    for path in ("", "/valid.csv", "/rejected.csv", "/report.json"):
        assert other.get(address + path).status_code == 404, "it is somebody else's"
    assert browser.get(f"{address}/state.json").status_code == 404

    def fields(**more: str) -> dict[str, str]:
        form = html.fromstring(browser.get(address).text).get_element_by_id("table")
        found = {name: str(value) for name, value in form.form_values() if name != "_token"}
        return {**found, **more}

    wrong = browser.post(address, fields(do="prepare", f_COLL_SIRET="123"))
    assert "not a SIRET" in browser.follow(wrong).text
    right = browser.post(address, fields(do="prepare", f_COLL_SIRET="21210617300017"))
    assert "2 valid rows" in browser.follow(right).text
    stale = browser.post(address, {**fields(do="prepare"), "version": "0"})
    assert stale.status_code == 422
    unread = browser.post(address, {"do": "propose"})
    assert unread.status_code == 422
    done = browser.post(address, {"do": "propose", "read": "yes"})
    assert "/datasets/new/" in done.headers["location"]
    proposals = Proposals(desk.settings.proposals)
    id = done.headers["location"].rsplit("/", 1)[-1]
    browser.follow(done)
    eventually(lambda: not proposals.get(id).trying, "the proposal is tried")
    assert (proposals.get(id).trial or {})["publishable"]
    yaml = browser.get(f"datasets/new/{id}.yaml").text
    assert "schema: scdl-deliberations" in yaml
    assert "commune: '21617'" in yaml
    gone = browser.post(address, {"do": "delete"})
    assert gone.status_code == 303
    assert browser.get(address).status_code == 404


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("vide.csv", b""),
        ("image.png", b"\x89PNG\r\n\x1a\n" + bytes(2000)),
        ("../../etc/passwd.csv", b"\x00\x01\x02" * 500),
        ("objet.json", b'[{"a": 1}, {"a": 2}]'),
    ],
)
def test_what_is_no_table_is_refused_next_to_the_field(desk: Desk, name: str, data: bytes) -> None:
    answer = sent(desk.browser_of("student"), name, data)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert "Traceback" not in answer.text


def test_the_commune_for_which_somebody_answers_is_chosen_already(desk: Desk) -> None:
    agent = desk.browser_of("agent")
    assert "selected" not in agent.get("open-data-duty/prepare").text
    agent.post("smart-territory/begin", {"code": "21617", "name": "Talant", "population": "1"})
    assert '<option value="21617" selected>' in agent.get("open-data-duty/prepare").text
    elsewhere = agent.get("open-data-duty/prepare?commune=21231").text
    assert '<option value="21231" selected>' in elsewhere


def test_a_table_beyond_twenty_megabytes_is_refused_next_to_the_field(desk: Desk) -> None:
    answer = sent(desk.browser_of("student"), "t.csv", b"a;b\n" + b"1;2\n" * 5_010_000)
    assert answer.status_code == 422
    assert "it is larger than 20" in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_another_schema_or_commune_is_refused(desk: Desk) -> None:
    browser = desk.browser_of("student")
    for said in ({"schema": "../../secret"}, {"commune": "75056"}):
        assert sent(browser, "t.csv", TABLE.encode(), **said).status_code == 422


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    for folder in ("hub", "secrets", "accounts"):
        (home / folder).mkdir(exist_ok=True)
    with served(Settings(home=home)) as host:
        yield host


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 1280])
def test_pages_fit_a_phone_and_axe_finds_nothing(
    browser: Chromium, address: str, width: int
) -> None:
    context = browser.new_context(locale="fr-FR", viewport={"width": width, "height": 800})
    page = context.new_page()
    for path in ("open-data-duty/", "open-data-duty/21617/", "open-data-duty/21452/?staff=x"):
        page.goto(address + path)
        assert Axe().run(page, options=WCAG).violations_count == 0, path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    context.close()


@pytest.mark.browser
def test_the_assistant_is_walked_by_keys_alone(
    browser: Chromium, address: str, home: Path, tmp_path: Path
) -> None:
    """From an empty form to a proposal; a table too large is refused on the way."""
    settings = Settings(home=home)
    accounts.add(Store(settings.people), now(), "tests", "steward", ("stewards",), "Steward")
    context = signed_in(browser, settings, address)
    page = context.new_page()

    def reach(selector: str) -> None:
        """By Tab, seen all the way."""
        for _ in range(120):
            if page.evaluate("s => document.activeElement.matches(s)", selector):
                shown = "getComputedStyle(document.activeElement).outlineStyle"
                assert page.evaluate(shown) != "none", selector
                return
            page.keyboard.press("Tab")
        raise AssertionError(selector)

    def choose(file: Path) -> None:
        reach("#file")
        with page.expect_file_chooser() as chooser:
            page.keyboard.press("Space")
        chooser.value.set_files(file)
        reach("button[type=submit]")

    large, small = tmp_path / "large.csv", tmp_path / "small.csv"
    large.write_bytes(b"a;b\n" + b"1;2\n" * 5_010_000)
    small.write_bytes(TABLE.encode("cp1252"))
    page.goto(f"{address}open-data-duty/prepare")
    reach("#commune")
    page.keyboard.type("Talant")
    reach("#schema")
    page.keyboard.press("Home")
    choose(large)
    page.keyboard.press("Enter")
    page.get_by_text("il dépasse 20 Mo").wait_for()
    page.keyboard.press("Shift+Tab")
    choose(small)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    reach("[name=f_COLL_SIRET]")
    page.keyboard.press("Control+A")
    page.keyboard.type("21210617300017")
    reach("[value=prepare]")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.get_by_text("2 lignes valides").wait_for()
    assert Axe().run(page, options=WCAG).violations_count == 0
    reach("[name=read]")
    page.keyboard.press("Space")
    reach("[value=propose]")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "/datasets/new/" in page.url
    context.close()
