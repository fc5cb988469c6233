"""Every query of the dashboard and of the rules names a figure, and labels, that the lab gives."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from datalab.isolation.private import secret
from datalab.settings import CHECKOUT, Settings
from tests.hub.lab import Lab, eventually
from tests.portal.conftest import Workshop
from tests.portal.desk import Desk
from tests.portal.street import street

FOLDER = CHECKOUT / "deploy" / "watching"
NAME = re.compile(r"\b(?:datalab|jupyterhub)_\w+")
BY = re.compile(r"by \(([^)]*)\)")
LABEL = re.compile(r"(\w+)\s*=~?\s*\"")
LEGEND = re.compile(r"\{\{(\w+)\}\}")
# Seen only once somebody waited for a server, or started one: the family is there, its labels not.
LATER = {"datalab_spawn_wait_seconds", "jupyterhub_server_spawn_duration_seconds"}


def queries() -> list[tuple[str, str]]:
    """Query and legend of each panel, and the rules."""
    dashboard = json.loads((FOLDER / "grafana.json").read_text())
    rules = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
    found = [
        (target["expr"], target["legendFormat"])
        for panel in dashboard["panels"]
        for target in panel.get("targets", [])
    ]
    return found + [(rule["expr"], "") for group in rules for rule in group["rules"]]


def families(text: str) -> dict[str, set[str]]:
    """Names that can be asked for, with their labels."""
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        names = {family.name, *(sample.name for sample in family.samples)}
        if family.type == "histogram":
            names |= {f"{family.name}_{end}" for end in ("bucket", "count", "sum")}
        for name in names:
            labels = {label for sample in family.samples for label in sample.labels}
            found[name] = labels | ({"le"} if family.type == "histogram" else set())
    return found


def amiss(told: dict[str, set[str]]) -> list[str]:
    wrong = []
    for expression, legend in queries():
        names = NAME.findall(expression)
        asked = {one.strip() for part in BY.findall(expression) for one in part.split(",")}
        asked |= {*LABEL.findall(expression), *LEGEND.findall(legend)}
        if not names or any(name not in told for name in names):
            wrong.append(expression)
        elif not any(name.startswith(tuple(LATER)) for name in names):
            has = set().union(*(told[name] for name in names))
            wrong += [f"{expression}: {label}" for label in asked - has]
    return wrong


@pytest.fixture
def told(tmp_path: Path, workshop: Workshop) -> dict[str, set[str]]:
    """What portal and hub give; the hub's from the registry that its page prints."""
    import jupyterhub.metrics  # noqa: F401 - registers its figures
    from prometheus_client import REGISTRY, generate_latest

    import datalab.hub.queue  # noqa: F401 - registers its figures

    desk: Desk = street(tmp_path / "home", workshop)
    token = secret(desk.settings.secrets, "metrics_token")
    browser = desk.browser()
    browser.get("participate/")
    desk.app.state.timings.add("home", "GET", 503, 0.1)
    text: Any = browser.get("metrics", Authorization=f"token {token}").text
    found = families(text) | families(generate_latest(REGISTRY).decode())
    found["datalab_server_memory_bytes"] = {"rank"}  # nobody's server runs here
    return found


def test_every_query_names_what_the_lab_gives(told: dict[str, set[str]]) -> None:
    assert len(queries()) > 35
    assert amiss(told) == []


def test_a_figure_that_is_renamed_would_be_noticed(told: dict[str, set[str]]) -> None:
    del told["datalab_disk_free_bytes"]
    told["datalab_datasets"] = set()
    assert len(amiss(told)) >= 4


def test_every_query_is_one_that_prometheus_can_read() -> None:
    parser = pytest.importorskip("promql_parser")
    for expression, _ in queries():
        parser.parse(expression)


def test_no_two_panels_stand_in_one_place() -> None:
    panels = json.loads((FOLDER / "grafana.json").read_text())["panels"]
    taken = set()
    for panel in panels:
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken, panel["title"]
                taken.add((x, y))
    assert len({panel["id"] for panel in panels}) == len(panels)


@pytest.mark.hub
def test_a_running_lab_gives_them_to_one_token_and_to_nobody_else(running_lab: Lab) -> None:
    settings = Settings(home=running_lab.home)
    token = secret(settings.secrets, "metrics_token")
    found: dict[str, set[str]] = {}
    for path in ("/services/datalab/metrics", "/hub/metrics"):
        address = f"{running_lab.url}{path}"
        eventually(lambda at=address: httpx.get(at).status_code in {401, 403}, path)
        held = {"Authorization": f"Bearer {token}"}
        answer = httpx.get(address, headers=held)
        assert answer.status_code == 200, path
        found |= families(answer.text)
        # The token opens nothing else.
        assert httpx.get(f"{running_lab.url}/hub/api/users", headers=held).status_code == 403
    named = {name for expression, _ in queries() for name in NAME.findall(expression)}
    assert named - set(found) <= {"datalab_server_memory_bytes"}
