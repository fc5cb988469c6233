"""Pages for people: languages, errors, headers, hostile addresses."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

PAGES = [
    "",
    "datasets/",
    "datasets/communes",
    "datasets/for-members",
    "datasets/never-there",
    "nothing",
]
BROWSER = {"Accept": "text/html"}


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_page_says_its_language(client: TestClient, page: str, language: str) -> None:
    answer = client.get(page, headers={**BROWSER, "Accept-Language": language})
    assert f'<html lang="{language}">' in answer.text
    assert answer.headers["content-language"] == language
    assert "Accept-Language" in answer.headers["vary"]
    assert re.search(r'<a href="[^"]*lang=(fr|en)" lang="(fr|en)" hreflang="(fr|en)"', answer.text)


def test_the_switch_is_remembered(client: TestClient) -> None:
    client.cookies.clear()
    chosen = client.get("datasets/?lang=en", headers={"Accept-Language": "fr"})
    assert '<html lang="en">' in chosen.text
    assert "Path=/services/datalab/" in chosen.headers["set-cookie"]
    later = client.get("datasets/", headers={"Accept-Language": "fr"})
    assert '<html lang="en">' in later.text
    client.cookies.clear()


def test_an_unknown_language_counts_as_not_said(client: TestClient) -> None:
    answer = client.get("?lang=<script>", headers={"Cookie": "datalab-language=xx"})
    assert '<html lang="fr">' in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("page", [*PAGES, "datasets/communes.csv", "static/base.css", "health"])
def test_every_answer_carries_the_policy(client: TestClient, page: str) -> None:
    headers = client.get(page).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "geolocation=()" in headers["permissions-policy"]


@pytest.mark.parametrize("page", PAGES)
def test_pages_hold_no_inline_script_or_style(client: TestClient, page: str) -> None:
    text = client.get(page, headers=BROWSER).text
    # What describes a dataset to search engines is data: no browser runs a script of that type.
    assert not re.search(r'<script(?![^>]*\bsrc=| type="application/ld\+json">)', text)
    assert "<style" not in text
    assert not re.search(r"\sstyle=", text)
    assert not re.search(r"\son[a-z]+=", text)


@pytest.mark.parametrize("page", PAGES)
def test_pages_load_nothing_from_elsewhere(client: TestClient, page: str) -> None:
    text = client.get(page, headers=BROWSER).text
    loaded = re.findall(r'<(?:script|img|iframe|link)[^>]*(?:src|href)="([^"]+)"', text)
    assert loaded
    assert all(address.startswith("/services/datalab/") for address in loaded)


def test_values_are_text_and_never_markup(client: TestClient) -> None:
    text = client.get("datasets/communes").text
    assert "<b>Ouest</b>" not in text
    assert "&lt;b&gt;Ouest&lt;/b&gt;" in text
    text = client.get("datasets/?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E").text
    assert "<script>alert" not in text


HOSTILE = [
    ("datasets/communes?sort=population;DROP TABLE communes", 400, "invalid-parameter"),
    ('datasets/communes.json?sort="population"', 400, "invalid-parameter"),
    ("datasets/communes.json?sort=rowid", 400, "invalid-parameter"),
    ("datasets/commune-boundaries.json?sort=geometry", 400, "invalid-parameter"),
    ("datasets/communes.json?limit=10001", 400, "invalid-parameter"),
    ("datasets/communes.json?limit=0", 400, "invalid-parameter"),
    ("datasets/communes.json?limit=many", 400, "invalid-parameter"),
    ("datasets/communes.json?offset=-1", 400, "invalid-parameter"),
    ("datasets/communes.json?snapshot=1%20OR%201", 400, "invalid-parameter"),
    ("datasets/communes.json?snapshot=99999999999999999999", 400, "invalid-parameter"),
    ("datasets/communes.json?snapshot=4000", 404, "unknown-snapshot"),
    ("datasets/communes.csv?snapshot=4000", 404, "unknown-snapshot"),
    ("datasets/communes.csv?dialect=evil", 400, "invalid-parameter"),
    ("datasets/communes?map=insee_code", 400, "invalid-parameter"),
    ("datasets/..%2f..%2fsecrets", 404, "unknown-page"),
    ("datasets/communez.json", 404, "unknown-dataset"),
    ("datasets/communes%00.json", 404, "unknown-dataset"),
    ("datasets/never-there.csv", 404, "not-published"),
    ("static/..%2fapp.py", 404, "unknown-page"),
    ("assets/..%2f..%2fsecrets", 404, "unknown-page"),
    ("datasets.json?theme=" + "&theme=".join("x" * 30), 400, "invalid-parameter"),
]


@pytest.mark.parametrize(("address", "status", "code"), HOSTILE)
def test_hostile_addresses_get_one_shape_of_error(
    client: TestClient, address: str, status: int, code: str
) -> None:
    answer = client.get(address)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert set(error) == {"code", "status", "message", "details"}
    assert error["code"] == code
    assert error["status"] == status
    page = client.get(address, headers=BROWSER)
    assert page.status_code == status
    assert "Traceback" not in page.text


def test_an_error_page_names_the_next_step(client: TestClient) -> None:
    page = client.get("datasets/communez", headers=BROWSER)
    assert page.status_code == 404
    assert 'href="/services/datalab/datasets/communes"' in page.text
    page = client.get("datasets/for-members.csv", headers=BROWSER)
    assert page.status_code == 403
    assert 'href="/services/datalab/datasets/for-members"' in page.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_written(client: TestClient, method: str) -> None:
    answer = client.request(method, "datasets/communes")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"
    assert answer.json()["error"]["code"] == "method-refused"


def test_head_answers_like_get_without_a_body(client: TestClient) -> None:
    for page in ("", "datasets/", "datasets/communes", "datasets/communes.json"):
        answer = client.head(page)
        assert answer.status_code == 200
        assert answer.content == b""


def test_addresses_without_a_slash_lead_on(client: TestClient) -> None:
    answer = client.get("datasets?q=x", follow_redirects=False)
    assert answer.status_code == 308
    assert answer.headers["location"] == "/services/datalab/datasets/?q=x"


def test_own_files_may_be_kept_for_long(client: TestClient) -> None:
    answer = client.get("static/base.css")
    assert answer.headers["content-type"].startswith("text/css")
    assert "max-age=2592000" in answer.headers["cache-control"]
    assert client.get("static/icon.svg").headers["content-type"].startswith("image/svg+xml")


def test_map_scripts_are_served_to_notebooks(client: TestClient, workshop: object) -> None:
    folder = workshop.settings.assets  # type: ignore[attr-defined]
    (folder / "images").mkdir(parents=True, exist_ok=True)
    (folder / "leaflet.js").write_text("1;", encoding="utf-8")
    answer = client.get("assets/leaflet.js")
    assert answer.status_code == 200
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "javascript" in answer.headers["content-type"]


def test_the_answer_about_reuse_is_in_words(client: TestClient) -> None:
    page = client.get("datasets/many-rows?lang=en").text
    assert "May I reuse this, also commercially?" in page
    assert "The source does not say." in page
    client.cookies.clear()


def test_what_broke_stands_above_the_description(client: TestClient) -> None:
    text = client.get("datasets/kept-back", headers={**BROWSER, "Accept-Language": "en"}).text
    state, lead = text.index('id="state"'), text.index('class="lead"')
    assert state < lead
    box = re.sub(r"<[^>]+>", "", text[state:lead])
    assert "appears twice" in box
    assert "Row 1: code = a" in " ".join(box.split())


def test_a_search_without_result_says_so_in_words(client: TestClient) -> None:
    french = {**BROWSER, "Accept-Language": "fr"}
    assert "Aucun jeu de données trouvé" in client.get("datasets/?q=zzzzzz", headers=french).text


def test_numbers_are_written_as_people_write_them(client: TestClient) -> None:
    page = client.get("datasets/communes", headers={"Accept-Language": "fr"}).text
    assert "15\u202f300" in page
    assert "3,5" in page
    page = client.get("datasets/communes", headers={"Accept-Language": "en"}).text
    assert "15,300" in page
