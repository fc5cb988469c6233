"""Figures for Prometheus: for who holds the token, bounded, and nobody's name among them."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from datalab.isolation.private import secret
from tests.portal.desk import Browser, Desk


def scraped(desk: Desk, browser: Browser | None = None) -> str:
    token = secret(desk.settings.secrets, "metrics_token")
    answer = (browser or desk.browser()).get("metrics", Authorization=f"Bearer {token}")
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def values(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.parametrize("name", ["", "student", "citizen", "agent", "steward", "facilitator"])
def test_figures_are_for_operators_and_who_holds_the_token(desk: Desk, name: str) -> None:
    browser = desk.browser_of(name) if name else desk.browser()
    for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer é"}):
        answer = browser.client.get("metrics", headers=[(k, v.encode()) for k, v in header.items()])
        assert answer.status_code in {401, 403}
        assert "datalab_" not in answer.text
    assert browser.get("operations/").status_code in {401, 403}
    forged = {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1"}
    assert browser.get("metrics", **forged).status_code in {401, 403}


def test_an_operator_may_look_at_them_in_a_browser(desk: Desk) -> None:
    answer = desk.browser_of("operator").get("metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")


def test_answers_are_counted_by_area_whatever_somebody_types(desk: Desk) -> None:
    browser = desk.browser()
    before = values(scraped(desk, browser))
    browser.get("participate/")
    for number in range(40):
        browser.get(f"nothing-{number}/{number}")
        browser.client.request(f"WORD{number}", "participate/")
    after = values(scraped(desk, browser))
    name = "datalab_portal_answers_total"
    seen = {
        labels: n - before.get((name, labels), 0) for (s, labels), n in after.items() if s == name
    }
    assert seen[("area", "participate"), ("status", "2xx")] == 1
    assert seen[("area", "other"), ("status", "4xx")] == 40
    methods = {dict(labels).get("method") for s, labels in after if "request_seconds" in s}
    assert methods <= {"GET", "POST", "HEAD", "other"}
    assert len(after) < 400


def test_figures_name_nobody(desk: Desk) -> None:
    desk.add("marie-dupont", "students", email="marie.dupont@dijon.test")
    desk.browser_of("marie-dupont").get("me/")
    text = scraped(desk)
    assert "dupont" not in text
    assert "dijon.test" not in text


def test_participation_that_is_away_is_a_figure_and_no_failure(desk: Desk) -> None:
    assert values(scraped(desk))["datalab_participation_up", ()] == 1
    desk.app.state.participation.close()
    folder = desk.settings.home / "participation"
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    folder.write_text("in the way")
    desk.app.state.watched = None
    assert values(scraped(desk))["datalab_participation_up", ()] == 0
    page = desk.browser_of("operator").get("operations/")
    assert page.status_code == 200
    assert "does not answer" in page.text
