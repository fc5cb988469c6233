"""A thousand datasets are refreshed in a lab that people read meanwhile. Long: some ten minutes."""

from __future__ import annotations

import json
import os
import signal
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.hub.fixtures import end
from tests.hub.lab import DATASET, Lab, eventually, tiny_catalog

pytestmark = [pytest.mark.hub, pytest.mark.long, pytest.mark.timeout(3000)]
PORTAL = "/services/datalab/"
PAGES = ("datasets/", "datasets/tiny-places", "api/v1/datasets/tiny-places/rows")
COUNT = 1000
BROKEN = "place-0500"


@pytest.fixture
def lab(open_folder: Path) -> Iterator[Lab]:
    made = Lab(open_folder / "lab-of-thousand", tiny_catalog(open_folder / "thousand"))
    made.start()
    theme = made.catalog / "territory"
    for number in range(COUNT):
        name = f"place-{number:04}"
        (theme / f"{name}.yaml").write_text(DATASET.replace("tiny-places", name))
        rows = [f"Lieu {number}-{row},{number + row}\n" for row in range(3)]
        wrong = ["Nulle-Part,1\n"] if name == BROKEN else []
        (theme / f"{name}.csv").write_text("name,people\n" + "".join(rows + wrong))
    yield made
    end(made)


def listed(lab: Lab) -> list[dict[str, Any]]:
    time.sleep(1)  # to ask costs time that the refresher needs
    return list(json.loads(lab.command("list", "--json").stdout))


def published(lab: Lab) -> set[str]:
    return {one["id"] for one in listed(lab) if one["id"][:6] == "place-" and one["snapshot"]}


def state(lab: Lab, name: str) -> str | None:
    return next((one["state"] for one in listed(lab) if one["id"] == name), None)


@contextmanager
def read_meanwhile(lab: Lab) -> Iterator[tuple[list[int], list[float]]]:
    """Somebody reads pages and rows, one after the other: statuses, and seconds of each."""
    stopping, statuses, took = threading.Event(), list[int](), list[float]()

    def read() -> None:
        with httpx.Client(base_url=lab.url, timeout=60, trust_env=False) as client:
            while not stopping.is_set():
                for page in (
                    "datasets/",
                    "datasets/tiny-places",
                    "api/v1/datasets/tiny-places/rows",
                ):
                    began = time.perf_counter()
                    statuses.append(client.get(f"{PORTAL}{page}").status_code)
                    took.append(time.perf_counter() - began)
                stopping.wait(0.2)

    reader = threading.Thread(target=read)
    reader.start()
    yield statuses, took
    stopping.set()
    reader.join(90)


@pytest.mark.fault(
    "1,000 datasets come into the catalog of a running lab; after a third its refresher is killed",
    "What was published stays; the refresher comes back and does the rest, each once; a broken one "
    "is kept out and named; pages are served",
)
def test_a_thousand_datasets_are_refreshed_while_people_read(
    lab: Lab, seen: Callable[[str], None]
) -> None:
    began = time.monotonic()
    with read_meanwhile(lab) as (statuses, took):
        eventually(lambda: len(published(lab)) > COUNT / 3, "a third of them", 1500)
        done = published(lab)
        os.kill(lab.processes()["refresher"].pid, signal.SIGKILL)
        assert published(lab) >= done
        eventually(lambda: len(published(lab)) == COUNT - 1, "all of them", 1500)
        minutes = (time.monotonic() - began) / 60
        eventually(lambda: state(lab, BROKEN) == "kept", "a word of the broken one", 300)
    for name in ("place-0000", "place-0300", "place-0999"):
        versions = json.loads(lab.command("snapshots", name, "--json").stdout)
        assert len(versions) == 1, name
    assert set(statuses) == {200}
    page = httpx.get(f"{lab.url}{PORTAL}datasets/{BROKEN}", timeout=60)
    assert page.status_code == 200
    twentieths = statistics.quantiles(took, n=20)
    seen(
        f"{len(done)} were there when it was killed; {COUNT - 1} in the end, after "
        f"{minutes:.0f} min; one was kept out."
    )
    seen(
        f"{len(statuses)} pages meanwhile, {statistics.median(took) * 1e3:.0f} ms in the median, "
        f"{twentieths[-1] * 1e3:.0f} ms for 95 in 100."
    )
