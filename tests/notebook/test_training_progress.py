"""A cell says where a right answer was kept: on the page, to be confirmed there, later, or here."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from datalab.notebook.training import Training


class Hub(ThreadingHTTPServer):
    """Answers as the hub and the portal behind it would; keeps what it was told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.told: list[tuple[str, str, dict[str, Any]]] = []
        self.status, self.steps = 200, ["small", "sum"]


class Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.told.append((self.path, self.headers["Authorization"], body))
        answer = json.dumps({"passed": True, "steps": self.server.steps}).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args: object) -> None:
        """Tests print nothing."""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    made = Hub()
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("JUPYTERHUB_API_URL", f"http://127.0.0.1:{made.server_address[1]}/hub/api")
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "own")
    monkeypatch.setenv("DATALAB_PORTAL_URL", "/services/datalab/")
    monkeypatch.setenv("DATALAB_LANGUAGE", "en")
    monkeypatch.delenv("DATALAB_PROJECT", raising=False)
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def test_a_right_answer_is_told_and_what_was_passed_on_the_page_counts(
    hub: Hub, tmp_path: Path
) -> None:
    sql = Training("sql", tmp_path)
    assert sql.check("sum", 1).kept == "here"
    assert hub.told == [], "a wrong answer stays in the notebook"
    told = sql.check("sum", 258_630)
    assert hub.told == [
        ("/hub/api/datalab/training/sql", "token own", {"step": "sum", "answer": "258630"})
    ]
    assert (told.kept, told.done) == ("page", 2)
    assert "Kept on the page" in told._repr_html_()
    assert Training("sql", tmp_path).passed() == ["sum", "small"]
    Training("personal-data", tmp_path).check("which", {"plate", "address"})
    assert hub.told[-1][2]["answer"] == ["address", "plate"]


def test_a_portal_that_does_not_answer_loses_nothing(hub: Hub, tmp_path: Path) -> None:
    hub.status = 503
    told = Training("sql", tmp_path).check("sum", 258_630)
    assert (told.passed, told.kept, told.done) == (True, "later", 1)
    assert "run this cell again" in repr(told)
    hub.status, hub.steps = 200, ["sum", "<b>", 7]  # type: ignore[list-item]
    assert Training("sql", tmp_path).check("sum", 258_630).done == 1


def test_in_a_project_a_link_leads_to_the_page_and_nothing_is_told(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATALAB_PROJECT", "ours")
    told = Training("sql", tmp_path).check("join", "USING")
    assert hub.told == []
    address = "/services/datalab/smart-territory/training/?module=sql&step=join&answer=USING"
    assert told.page == f"{address}#sql-join"
    assert f'href="{address.replace("&", "&amp;")}#sql-join"' in told._repr_html_()
    assert "nobody knows who answered" in repr(told)


def test_outside_the_lab_nothing_is_told_and_nothing_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("JUPYTERHUB_API_URL", "JUPYTERHUB_API_TOKEN", "DATALAB_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    told = Training("sql", tmp_path).check("sum", 258_630)
    assert (told.kept, told.where) == ("here", "")
