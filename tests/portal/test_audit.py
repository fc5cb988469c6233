"""The log: found, paged, taken as a file that no spreadsheet evaluates."""

from __future__ import annotations

import csv
import io
import re
import sqlite3

from datalab.people import audit
from tests.portal.desk import Desk, now


def fill(desk: Desk, count: int) -> None:
    for number in range(count):
        audit.record(desk.store, now(), "agent", "project.create", f"p-{number}")


def subjects(text: str) -> list[str]:
    return re.findall(r"<span class=\"long\">(p-\d+)</span>", text)


def test_the_log_is_read_newest_first_page_by_page(desk: Desk) -> None:
    fill(desk, 120)
    operator = desk.browser_of("operator")
    seen, path = [], "audit/?who=agent&what=project"
    while path:
        page = operator.get(path)
        seen += subjects(page.text)
        older = re.search(r'href="([^"]*before=[^"]*)">Older', page.text)
        path = older[1].replace("&amp;", "&") if older else ""
    assert seen == [f"p-{n}" for n in reversed(range(120))]
    assert "Every entry follows" in page.text


def test_filters_fit_and_a_wrong_one_is_left_out(desk: Desk) -> None:
    fill(desk, 1)
    operator = desk.browser_of("operator")
    for query, found in {
        "?who=agent": True,
        "?who=p-0": True,
        "?who=steward&what=project": False,
        "?what=project": True,
        "?what=proj": False,
        "?what=%25": True,
        "?first=2020-01-01&last=2099-01-01": True,
        "?first=2099-01-01": False,
        "?last=2020-01-01": False,
        "?first=yesterday": True,
        "?before=-3": True,
        "?before=999999999999999999999": True,
    }.items():
        answer = operator.get(f"audit/{query}")
        assert answer.status_code == 200, query
        assert (subjects(answer.text) == ["p-0"]) is found, query
    assert operator.get("audit/?before=x").status_code == 400


def test_a_changed_row_is_said(desk: Desk) -> None:
    fill(desk, 3)
    with sqlite3.connect(desk.store.path) as database:
        database.execute("DROP TRIGGER audit_is_not_changed")
        database.execute("UPDATE audit SET subject = 'other' WHERE subject = 'p-1'")
    assert "does not follow from the one before" in desk.browser_of("operator").get("audit/").text


def test_the_file_holds_everything_and_no_formula(desk: Desk) -> None:
    fill(desk, 1500)
    for text in ("=1+1", "+x", "-x", "@SUM(A1)", "\tx", "＝1", 'a;"b"\r\nc'):
        audit.record(desk.store, now(), "agent", "project.create", text, note=text)
    operator = desk.browser_of("operator")
    answer = operator.get("audit.csv?who=agent&what=project")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.text.startswith("\ufeffnumber;at;actor;action;subject;detail\r\n")
    rows = list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff")), delimiter=";"))
    assert len(rows) == 1507
    assert not [v for row in rows for v in row.values() if re.match(r"[=+\-@\t\r＝]", v)]
    assert rows[6]["subject"] == "'=1+1"
    assert rows[0]["subject"] == 'a;"b"\r\nc'
    assert audit.entries(desk.store)[0].action == "audit.export"


def test_what_was_written_is_text_and_never_markup(desk: Desk) -> None:
    hostile = "<script>alert(1)</script>"
    audit.record(desk.store, now(), hostile, "x.y", hostile, note=hostile)
    page = desk.browser_of("operator").get(f"audit/?who={hostile}").text
    assert hostile not in page
    assert "&lt;script&gt;" in page
