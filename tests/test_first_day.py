"""The first day of a newcomer, whole: one command, a real hub, real data, a real browser.

Every source is fetched for real, so these tests need the package index; the downloads are kept
between runs.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Browser, Page, expect

from datalab.catalog.catalog import Catalog
from datalab.connectors.registry import is_remote, source_models
from tests.hub.lab import DOWNLOADS, bring_downloads, free_port

CHECKOUT = Path(__file__).resolve().parent.parent
ARTIFACTS = DOWNLOADS.parent
DATALAB = Path(sys.executable).with_name("datalab")
PERSONAS = {"student", "citizen", "entrepreneur", "steward", "facilitator", "agent", "operator"}

pytestmark = [pytest.mark.hub, pytest.mark.network, pytest.mark.xdist_group("first-day")]


@dataclass(frozen=True)
class Lab:
    """A running lab and its own copy of the catalog, which a steward may edit."""

    url: str
    home: Path
    catalog: Path
    environment: dict[str, str]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [DATALAB, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def json(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.url}/services/datalab/{path}", timeout=30) as answer:
            return json.load(answer)

    def notebook(self, code: str) -> str:
        """What ``code`` prints where the lab's package is imported, reading the published lake."""
        return subprocess.run(
            [sys.executable, "-c", f"import datalab; lab = datalab.connect()\n{code}"],
            env={**self.environment, "DATALAB_LAKE": str(self.home / "lake")},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        ).stdout

    def link(self, persona: str) -> str:
        answer = self.run("signin", persona)
        assert answer.returncode == 0, answer.stderr
        return next(w for w in answer.stdout.split() if w.startswith("http"))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("first-day")
    home, catalog = folder / "home", folder / "catalog"
    shutil.copytree(CHECKOUT / "catalog", catalog)
    bring_downloads(home)
    port = free_port()
    environment = {
        **os.environ,
        "DATALAB_HOME": str(home),
        "DATALAB_CATALOG": str(catalog),
        "DATALAB_LANGUAGE": "en",
    }
    log = (folder / "up.log").open("w")
    up = subprocess.Popen(
        [DATALAB, "up", "--port", str(port), "--home", str(home)],
        env=environment,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        running = Lab(f"http://127.0.0.1:{port}", home, catalog, environment)
        ready = running.run("status", "--json", "--wait", "240")
        assert ready.returncode == 0, ready.stdout + (folder / "up.log").read_text()
        yield running
        if (home / "cache").exists():
            shutil.copytree(home / "cache", DOWNLOADS, dirs_exist_ok=True)
    finally:
        up.send_signal(signal.SIGINT)
        up.wait(60)
        log.close()


def test_links_for_every_persona_are_written_for_the_owner_only(lab: Lab) -> None:
    written = lab.home / "signin.json"
    document = json.loads(written.read_text())
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert stat.S_IMODE(lab.home.stat().st_mode) == 0o700
    assert set(document["links"]) == PERSONAS
    assert document["url"].startswith(lab.url)


def test_every_dataset_of_the_catalog_is_published(lab: Lab) -> None:
    listed = {d["id"]: d for d in json.loads(lab.run("list", "--json").stdout)}
    catalog = Catalog.load(CHECKOUT / "catalog", source_models())
    assert listed.keys() == catalog.datasets.keys()
    here = {dataset.id for dataset in catalog if not is_remote(dataset)}
    assert len(here) >= 18
    assert {listed[name]["state"] for name in here} <= {"published", "unchanged"}
    # What lies on the web comes later, and nothing is said of it before; or it is said to be away.
    for name in listed.keys() - here:
        said = listed[name]
        assert said["state"] in {None, "published", "unchanged"} or said["unreachable_since"]


def test_the_portal_and_a_notebook_give_the_same_numbers(lab: Lab) -> None:
    rows = lab.json("datasets/communes.json")["rows"]
    page = sorted((row["insee_code"], row["population"]) for row in rows)
    printed = lab.notebook(
        "import json; df = lab.dataset('communes').df()\n"
        "print(json.dumps(sorted((c, int(p)) for c, p in zip(df.insee_code, df.population))))"
    )
    assert page == [tuple(pair) for pair in json.loads(printed)]
    assert len(page) == 23
    assert sum(population for _, population in page) == 258_630


def test_a_value_that_no_expectation_forbids_changes_by_every_door(lab: Lab) -> None:
    file = lab.catalog / "territory" / "communes.csv"
    text = file.read_text(encoding="utf-8")
    assert text.count("Talant") == 1
    file.write_text(text.replace("Talant", "Talant-essai"), encoding="utf-8")
    try:
        refreshed = lab.run("refresh", "communes", "--json")
        assert refreshed.returncode == 0, refreshed.stdout + refreshed.stderr
        names = {row["name"] for row in lab.json("datasets/communes.json")["rows"]}
        assert "Talant-essai" in names
        assert "Talant-essai" in lab.notebook("print(set(lab.dataset('communes').df().name))")
        assert "Talant-essai" in lab.run("sql", "SELECT name FROM communes").stdout
        csv = f"{lab.url}/services/datalab/datasets/communes.csv"
        with urllib.request.urlopen(csv, timeout=30) as answer:
            assert "Talant-essai" in answer.read().decode()
    finally:
        file.write_text(text, encoding="utf-8")
        assert lab.run("refresh", "communes").returncode == 0


@pytest.mark.browser
def test_a_broken_value_is_kept_out_named_everywhere_and_mended(lab: Lab, browser: Browser) -> None:
    file = lab.catalog / "territory" / "communes.csv"
    text = file.read_text(encoding="utf-8")
    flavignerot = "21270,Flavignerot,212102701,21160,231,"
    assert text.count(flavignerot) == 1
    broken = flavignerot.replace(",231,", ",-5,")
    file.write_text(text.replace(flavignerot, broken), encoding="utf-8")
    try:
        refreshed = lab.run("refresh", "communes")
        assert refreshed.returncode == 1
        said = refreshed.stdout + refreshed.stderr
        assert "21270" in said
        assert "-5" in said
        document = lab.json("datasets/communes.json")
        assert document["state"]["name"] == "kept"
        assert sum(row["population"] for row in document["rows"]) == 258_630
        assert "21270" in lab.notebook("print(lab.dataset('communes').quality)")
        page = browser.new_page(viewport={"width": 360, "height": 800})
        page.goto(f"{lab.url}/services/datalab/datasets/communes?lang=fr")
        assert "21270" in page.locator("main").inner_text()
        ARTIFACTS.mkdir(exist_ok=True)
        page.screenshot(path=ARTIFACTS / "kept.png", full_page=True)
        page.close()
    finally:
        file.write_text(text, encoding="utf-8")
    mended = lab.run("refresh", "communes")
    assert mended.returncode == 0, mended.stdout + mended.stderr
    assert lab.json("datasets/communes.json")["state"]["name"] in {"published", "unchanged"}


@pytest.mark.browser
def test_a_student_opens_lab_in_french_and_sees_the_map_of_real_communes(
    lab: Lab, browser: Browser
) -> None:
    ARTIFACTS.mkdir(exist_ok=True)
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="fr-FR")
    page = context.new_page()
    elsewhere: list[str] = []
    page.on(
        "request",
        lambda r: (
            None if r.url.startswith((lab.url, "data:", "blob:")) else elsewhere.append(r.url)
        ),
    )
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.goto(lab.link("student"), timeout=120_000)
    expect(page.get_by_role("menuitem", name="Fichier")).to_be_visible(timeout=120_000)
    expect(page.locator(".jp-NotebookPanel")).to_be_visible(timeout=60_000)
    page.screenshot(path=ARTIFACTS / "lab-open.png")
    run_every_cell(page)
    stderr = page.locator("[data-mime-type='application/vnd.jupyter.stderr']")
    expect(stderr).to_have_count(0)
    chart = page.locator(".jp-OutputArea-output iframe").first
    chart.scroll_into_view_if_needed()
    shapes = chart.content_frame.locator("path.leaflet-interactive")
    expect(shapes).to_have_count(23, timeout=60_000)
    expect(shapes.first).to_be_visible()
    page.screenshot(path=ARTIFACTS / "lab-map.png")
    assert elsewhere == []
    assert complaints == []
    context.close()


def run_every_cell(page: Page) -> None:
    """Through the menu, as the welcome notebook tells; returns when the last cell has run."""
    notebook = nbformat.read(CHECKOUT / "projects" / "welcome" / "bienvenue.ipynb", as_version=4)
    cells = sum(cell.cell_type == "code" for cell in notebook.cells)
    expect(page.get_by_text("Python 3 (ipykernel) | Inactif")).to_be_visible(timeout=60_000)
    page.get_by_role("menuitem", name="Exécution", exact=True).click()
    page.get_by_role("menuitem", name="Exécuter toutes les cellules", exact=True).click()
    # Cells out of sight are not in the page: the number of the last one says that all have run.
    last = page.locator(".jp-InputPrompt", has_text=re.compile(rf"^\[{cells}\]:?$"))
    expect(last).to_be_attached(timeout=180_000)
