"""Several workers of the portal: a browser stays with one, and one scrape tells of all."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import httpx
import pytest

from datalab.deployment.ports import choose
from datalab.hub import affinity
from datalab.hub.plan import Plan
from datalab.settings import Settings
from tests.hub.fixtures import NUMBERS
from tests.hub.lab import Lab

PORTAL = "/services/datalab/"
COUNTED = re.compile(
    r'datalab_portal_answers_total\{(?=.*area="datasets").*worker="([\w-]+)"\} (.*)'
)


def test_a_browser_stays_with_one_and_only_those_of_a_lost_one_move() -> None:
    workers = [f"http://127.0.0.1:{port}" for port in range(9001, 9005)]
    first = {key: affinity.order(key, workers)[0] for key in map(str, range(400))}
    assert all(70 <= count <= 130 for count in Counter(first.values()).values())
    for key, worker in first.items():
        after = affinity.order(key, workers[1:])[0]
        assert after == worker or worker == workers[0]


def test_who_is_signed_in_counts_before_the_browser_and_a_token_before_both() -> None:
    shown = {"datalab-person": "p", "datalab-visitor": "v", "other": "o"}
    assert affinity.key_of("Bearer t", shown, "a") == "Bearer t"
    assert affinity.key_of("", shown, "a") == "p"
    assert affinity.key_of("", {"datalab-visitor": "v"}, "a") == "v"
    assert affinity.key_of("", {"other": "o"}, "a") == "a"


def test_a_start_keeps_the_ports_of_all_workers_and_gives_new_ones_their_own(
    tmp_path: Path,
) -> None:
    def settings(workers: int) -> Settings:
        return Settings(home=tmp_path, port=1, host="127.0.0.1", portal_workers=workers)

    def planned(workers: int, before: Plan | None) -> Plan:
        return choose(settings(workers).model_copy(update={"port": 0}), before)

    one = planned(1, None)
    three = planned(3, one)
    assert (three.hub_port, three.proxy_port, three.portal_port) == (
        one.hub_port,
        one.proxy_port,
        one.portal_port,
    )
    assert list(three.portals) == ["portal", "portal-2", "portal-3"]
    assert len({three.hub_port, three.proxy_port, *three.portals.values()}) == 5
    three.write(tmp_path)
    assert Plan.read(tmp_path) == three
    assert planned(2, three).portals == dict(list(three.portals.items())[:2])


def test_the_node_proxy_with_several_workers_is_refused() -> None:
    with pytest.raises(ValueError, match="portal_workers"):
        Settings(node_proxy=True, portal_workers=2)


@pytest.fixture(scope="module")
def lab(open_folder: Path, small_catalog: Path) -> Lab:
    from tests.hub.fixtures import end

    made = Lab(
        open_folder / f"lab-{next(NUMBERS)}",
        small_catalog,
        environment={"DATALAB_PORTAL_WORKERS": "2"},
    )
    made.start()
    yield made
    end(made)


def figures(lab: Lab) -> str:
    token = (lab.home / "secrets" / "metrics_token").read_text().strip()
    answer = httpx.get(
        f"{lab.url}{PORTAL}metrics", headers={"Authorization": f"Bearer {token}"}, timeout=20
    )
    assert answer.status_code == 200
    return answer.text


def answered(lab: Lab) -> Counter[str]:
    """Answers about datasets by worker."""
    found: Counter[str] = Counter()
    for worker, count in COUNTED.findall(figures(lab)):
        found[worker] += int(float(count))
    return found


@pytest.mark.hub
def test_one_scrape_tells_of_both_and_a_browser_stays_with_one(lab: Lab) -> None:
    before = answered(lab)
    with httpx.Client(base_url=lab.url, timeout=20) as browser:
        browser.cookies.set("datalab-visitor", "v" * 43)
        for _ in range(20):
            assert browser.get(f"{PORTAL}datasets/").status_code == 200
    after = answered(lab)
    assert sorted((after - before).values()) == [20], "one of the two answered all"
    for number in range(24):
        cookies = {"datalab-visitor": f"{number:043d}"}
        httpx.get(f"{lab.url}{PORTAL}datasets/", cookies=cookies, timeout=20)
    assert set(answered(lab) - after) == {"portal", "portal-2"}
    up = dict(re.findall(r'datalab_part_up\{part="(portal[\w-]*)"\} (\S+)', figures(lab)))
    assert up == {"portal": "1.0", "portal-2": "1.0"}
    assert "portal-2" in lab.command("status").stdout
