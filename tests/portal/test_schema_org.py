"""What search engines read: schema.org in each dataset's page, and the sitemap."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from tests.portal.conftest import PREFIX, SENTINEL

if TYPE_CHECKING:
    from playwright.sync_api import Browser

BLOCK = re.compile(r'<script type="application/ld\+json">(.*?)</script>', re.DOTALL)


def told(client: TestClient, name: str) -> dict[str, object]:
    page = client.get(f"datasets/{name}", headers={"Accept": "text/html"}).text
    (found,) = BLOCK.findall(page)
    document: dict[str, object] = json.loads(found)
    return document


def test_a_page_says_what_its_dataset_is(client: TestClient) -> None:
    document = told(client, "communes")
    assert document["@type"] == "Dataset"
    assert document["license"]
    assert {one["encodingFormat"] for one in document["distribution"]} >= {"text/csv"}  # type: ignore[attr-defined]
    units = {one["name"]: one.get("unitText") for one in document["variableMeasured"]}  # type: ignore[attr-defined]
    assert units["area_km2"] == "km²"


@pytest.mark.parametrize("name", ["for-members", "not-to-pass-on"])
def test_a_closed_dataset_shows_no_value(client: TestClient, name: str) -> None:
    document = told(client, name)
    assert "distribution" not in document
    assert document["isAccessibleForFree"] is False
    assert SENTINEL not in json.dumps(document)


def test_no_text_ends_the_block() -> None:
    from datalab.portal.schema_org import as_markup

    hostile = {"name": "</script><!--<script>&amp;\u2028"}
    text = str(as_markup(hostile))
    assert "<" not in text
    assert json.loads(text) == hostile


def test_the_sitemap_names_every_dataset(client: TestClient) -> None:
    answer = client.get("sitemap.xml")
    places = set(re.findall("<loc>(.*?)</loc>", answer.text))
    listed = client.get("api/3/action/package_list").json()["result"]
    assert {f"http://lab.test{PREFIX}/datasets/{name}" for name in listed} <= places
    assert f"Sitemap: http://lab.test{PREFIX}/sitemap.xml" in client.get("robots.txt").text


@pytest.mark.browser
def test_the_block_is_no_script_to_the_browser(browser: Browser, address: str) -> None:
    page = browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.add_init_script(
        "window.refused = [];"
        "addEventListener('securitypolicyviolation', e => refused.push(e.violatedDirective));"
    )
    page.goto(f"{address}datasets/communes", wait_until="load")
    assert page.evaluate("refused") == []
    assert [line for line in said if "Content Security Policy" in line] == []
    assert (
        page.evaluate(
            "JSON.parse(document.querySelector('script[type=\"application/ld+json\"]').text)['@type']"
        )
        == "Dataset"
    )
    page.close()
