"""The three routes of the lab on the deployment of many processes.

From a source to a notebook, also on another machine; people in one notebook; from a phone to a
dataset and back. The last two are the days that a lab of one machine goes through as well.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine, func, inspect, select, table

from datalab.participation.store import Store
from tests.compute.service import Campus
from tests.compute.test_gateway import (
    person,
    test_a_student_computes_on_the_service_within_a_quota_and_the_cluster_goes,
)
from tests.hub.fixtures import end
from tests.hub.lab import Lab, eventually
from tests.participation.databases import programs
from tests.participation.office import Office
from tests.test_participation_day import (
    meeting,
    office,
    test_a_report_goes_from_a_phone_to_the_control_room_and_back,
    test_an_idea_goes_from_a_phone_to_a_map_in_a_notebook_and_its_answer_comes_back,
    test_neither_the_contact_nor_the_exact_place_is_in_anything_published,
)
from tests.test_project_day import (
    arrive,
    test_a_guest_with_a_code_works_in_a_notebook_and_leaves_nothing_behind,
    test_two_people_write_and_run_one_notebook_and_a_third_who_is_removed_is_out,
)
from tests.whole.campus import Whole, empty_stores, whole

__all__ = [
    "arrive",
    "meeting",
    "office",
    "person",
    "test_a_guest_with_a_code_works_in_a_notebook_and_leaves_nothing_behind",
    "test_a_report_goes_from_a_phone_to_the_control_room_and_back",
    "test_a_student_computes_on_the_service_within_a_quota_and_the_cluster_goes",
    "test_an_idea_goes_from_a_phone_to_a_map_in_a_notebook_and_its_answer_comes_back",
    "test_neither_the_contact_nor_the_exact_place_is_in_anything_published",
    "test_two_people_write_and_run_one_notebook_and_a_third_who_is_removed_is_out",
]
pytestmark = [
    pytest.mark.hub,
    pytest.mark.browser,
    pytest.mark.network,
    pytest.mark.xdist_group("whole"),
]
PORTAL = "/services/datalab/"
READ = "import datalab; print(*sorted(datalab.connect().dataset('tiny-places').df()['people']))"


@pytest.fixture(scope="module")
def running(open_folder: Path, office: tuple[Office, int]) -> Iterator[Whole]:
    if programs() is None:
        pytest.skip("no PostgreSQL on this machine")
    folder = open_folder / "whole"
    folder.mkdir()
    mail = {
        "DATALAB_SMTP": f"smtp://127.0.0.1:{office[1]}",
        "DATALAB_MAIL_FROM": "labo@lab.example",
    }
    with whole(folder, mail) as made:
        yield made


@pytest.fixture(scope="module")
def lab(running: Whole) -> Lab:
    return running.lab


@pytest.fixture
def links(lab: Lab) -> Callable[[str], str]:
    """New ones: those of the first start were used by the route before."""
    return lab.link


@pytest.fixture
def beginning() -> str:
    """The personas have projects here."""
    return "Commencer un projet"


@pytest.fixture(scope="module")
def campus(running: Whole) -> Campus:
    return running.campus


@pytest.fixture(scope="module")
def store(running: Whole) -> Iterator[Store]:
    made = Store(running.participation)
    yield made
    made.close()


def test_a_source_goes_to_notebooks_here_and_elsewhere_and_a_broken_one_to_neither(
    running: Whole,
) -> None:
    lab, reader = running.lab, running.reader
    csv = lab.catalog / "territory" / "tiny-places.csv"
    good = csv.read_text()
    rows = f"{reader.url}{PORTAL}api/v1/datasets/tiny-places/rows"
    # What is published elsewhere is what is published here.
    csv.write_text(good.replace("866", "900"))
    assert lab.command("refresh", "tiny-places").returncode == 0
    eventually(lambda: "900" in httpx.get(rows, timeout=30).text, "the copy elsewhere")
    # A row too many breaks an expectation: it is kept out, here and there, and told.
    csv.write_text(good + "Nulle-Part,1\n")
    broken = lab.command("refresh", "tiny-places", check=False)
    assert broken.returncode == 1
    for one in (lab, reader):
        with one.person("student") as student:
            student.open_server()
            assert student.run(READ).split()[-3:] == ["900", "1311", "1394"]
    page = httpx.get(
        f"{lab.url}{PORTAL}datasets/tiny-places", headers={"Accept-Language": "en"}, timeout=30
    )
    assert "900" in page.text
    csv.write_text(good)
    assert lab.command("refresh", "tiny-places").returncode == 0
    eventually(lambda: "866" in httpx.get(rows, timeout=30).text, "the mended rows elsewhere")


def test_all_of_it_is_many_processes_and_stands_where_it_was_told(running: Whole) -> None:
    assert set(running.lab.processes()) >= {
        "supervisor", "proxy", "hub", "portal", "portal-2", "refresher", "keeper", "depot",
    }  # fmt: skip
    assert not list(running.lab.home.rglob("hub.sqlite"))
    assert not list(running.lab.home.rglob("participation.sqlite"))
    assert not list(running.lab.home.rglob("households.sqlite"))
    assert not list(running.lab.home.rglob("writer/*.ducklake"))


def counted(address: str) -> dict[str, int]:
    """The rows of each table of a database."""
    engine = create_engine(address)
    with engine.connect() as connection:
        found = {
            name: connection.execute(select(func.count()).select_from(table(name))).scalar_one()
            for name in inspect(engine).get_table_names()
        }
    engine.dispose()
    return found


def test_all_of_it_comes_back_from_one_backup(running: Whole, open_folder: Path) -> None:
    lab, archive = running.lab, open_folder / "whole.tar"
    said = json.loads(lab.command("backup", str(archive), "--verify", "--json").stdout)
    assert (said["apart"], said["skipped"], said["verified"]) == ("", [], True)
    before = {name: counted(address) for name, address in running.stores.items()}
    stores = empty_stores(running.databases)
    after = Lab(open_folder / "whole-after", lab.catalog, environment=stores)
    try:
        after.command("restore", str(archive))
        for name, address in stores.items():
            here = counted(address)
            if name == "DATALAB_HUB_DATABASE":  # its servers are not those of this lab
                assert here.pop("servers") == 0
                before[name].pop("servers")
            assert here == before[name], name
        after.start()
        accounts = "user", "list", "--json"
        assert after.command(*accounts).stdout == lab.command(*accounts).stdout
        shown = "snapshots", "tiny-places", "--json"
        assert after.command(*shown).stdout == lab.command(*shown).stdout
        with after.person("student") as student:
            student.open_server()
            assert student.run(READ).split()[-3:] == ["866", "1311", "1394"]
    finally:
        end(after)
