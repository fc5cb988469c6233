"""Whatever is asked of Open311, it answers in its own shapes and never fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from datalab.participation.store import sqlite_url
from tests.participation.databases import Cluster
from tests.participation.georeport import ERRORS, Client, check
from tests.portal.desk import Desk

EXAMPLES = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
# Texts that parsers, databases and formats stumble over, and any other.
ODD = st.sampled_from(
    ["", " ", "\0", "'", '"', "%", "%00", "]]>", "<x>", "&amp;", "\u2028", "\ufeff", "\U0001f6a7",
     "-1", "0", "1e309", "nan", "9" * 40, "٣", "null", "[]", "2026-01-31T08:15:00Z",
     "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "open,closed", ",", "true"]
)  # fmt: skip
TEXT = ODD | st.text(max_size=30)
READ = st.dictionaries(
    st.sampled_from(
        ["service_request_id", "service_code", "status", "start_date", "end_date", "page",
         "page_size", "updated_after", "updated_before", "extensions", "jurisdiction_id", "lang"]
    ),
    TEXT,
    max_size=6,
)  # fmt: skip
SENT = st.dictionaries(
    st.sampled_from(
        ["service_code", "lat", "long", "address_string", "address_id", "email", "description",
         "attribute[failure]", "attribute[lamp_number]", "attribute[]", "attribute", "media",
         "attribute[failure][]", "attribute[[]]", "jurisdiction_id", "media_url", "phone"]
    ),
    TEXT,
    max_size=8,
)  # fmt: skip


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = Path(tmp_path_factory.mktemp("fuzz"))
    url = sqlite_url(folder / "p.sqlite")
    if request.param == "postgresql":
        cluster: Cluster = request.getfixturevalue("postgresql")
        url = cluster.database()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATALAB_PARTICIPATION_DATABASE", url)
        patch.setenv("DATALAB_KEY_REPORTS_PER_SECOND", "1000000")
        made = Client(Desk(folder / "home"))
    made.report()
    yield made
    made.desk.app.state.participation.close()


def sane(answer: Any, *possible: int) -> None:
    assert answer.status_code in possible, (answer.status_code, answer.text)
    if answer.headers["content-type"].startswith("text/xml"):
        etree.fromstring(answer.content)
    elif answer.status_code != 200:
        check(answer.json(), ERRORS)


@EXAMPLES
@given(arguments=READ, format=st.sampled_from(["json", "xml"]))
def test_any_question_is_answered(client: Client, arguments: dict[str, str], format: str) -> None:
    sane(client.http.get(f"open311/v2/requests.{format}", params=arguments), 200, 400, 404)


@EXAMPLES
@given(
    kind=st.sampled_from(["services", "requests", "tokens"]),
    name=TEXT.filter(lambda name: name not in (".", "..") and "/" not in name),
    format=st.sampled_from(["json", "xml"]),
)
def test_any_name_is_found_or_not(client: Client, kind: str, name: str, format: str) -> None:
    from urllib.parse import quote

    address = f"open311/v2/{kind}/{quote(name, safe='')}.{format}"
    sane(client.http.get(address), 200, 404)


@EXAMPLES
@given(fields=SENT, receipt=st.text("abc 1", max_size=3), format=st.sampled_from(["json", "xml"]))
def test_any_report_is_recorded_or_refused(
    client: Client, fields: dict[str, str], receipt: str, format: str
) -> None:
    answer = client.post(f"v2/requests.{format}", receipt=receipt.strip(), **fields)
    sane(answer, 200, 400, 404)
    everything = client.get(f"v2/requests.{format}", extensions="true")
    sane(everything, 200)
    assert "Traceback" not in answer.text


@EXAMPLES
@given(body=st.binary(max_size=200), form=st.booleans())
def test_any_body_is_read_or_refused(client: Client, body: bytes, form: bool) -> None:
    kind = "application/x-www-form-urlencoded" if form else "multipart/form-data; boundary=x"
    headers = {"Content-Type": kind}
    answer = client.http.post("open311/v2/requests.json", content=body, headers=headers)
    sane(answer, 400, 403, 404, 429)
