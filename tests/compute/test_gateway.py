"""A student's notebook, the hub and a Dask Gateway: a cluster, a quota, an end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.compute.service import Addresses, Campus, serving
from tests.hub.fixtures import end
from tests.hub.lab import Lab, Person, eventually

pytestmark = pytest.mark.hub
PEOPLE = "lab.dataset('tiny-places').dask(partitions=2)['people'].sum().compute()"
CONNECT = "import datalab; lab = datalab.connect(language='en')"


@pytest.fixture(scope="module")
def campus(open_folder: Path, small_catalog: Path) -> Iterator[Campus]:
    """A lab with a compute service."""
    addresses, folder = Addresses(), open_folder / "compute-service"
    folder.mkdir()
    lab = Lab(open_folder / "campus", small_catalog, environment=addresses.settings)
    lab.start()
    try:
        with serving(lab, addresses, folder) as made:
            yield made
    finally:
        end(lab)


@pytest.fixture
def person(campus: Campus) -> Iterator[Callable[[str], Person]]:
    with ExitStack() as stack:

        def enter(name: str) -> Person:
            found = stack.enter_context(campus.lab.person(name))
            found.open_server()
            return found

        yield enter


def test_a_student_computes_on_the_service_within_a_quota_and_the_cluster_goes(
    campus: Campus, person: Callable[[str], Person]
) -> None:
    student = person("student")
    said = student.run(f"{CONNECT}; cluster = lab.cluster(2).wait(); print(cluster)")
    assert "Workers: 2 · on the lab's compute service · used: " in said, said
    assert "€" in said
    # The workers are not in the room of the notebook, and read the lake where it is for them.
    assert student.run(f"print({PEOPLE})").strip() == "3571"
    assert student.run("import os; print(os.path.exists('/lake/open'))").strip() == "True"
    where = "cluster.client.submit(lambda: __import__('os').path.exists('/lake')).result()"
    assert student.run(f"print({where})").strip() == "False"
    # Beyond the quota: the number that can be had, and what runs goes on.
    assert "3 workers are more than you may have: 2. Ask for lab.cluster(2)" in student.run(
        "try:\n    cluster.scale(3)\nexcept Exception as error:\n    print(error)"
    )
    second = student.run("try:\n    lab.cluster(1)\nexcept Exception as error:\n    print(error)")
    assert "you have 1 cluster(s) and may have 1; close one first" in second
    assert "lab.cluster(where='here')" in second
    assert student.run(f"print({PEOPLE})").strip() == "3571"
    # Their kernel ends without closing it: nothing is left of the cluster.
    assert campus.clusters()
    student.client.delete(
        f"/user/student/api/kernels/{student.kernel}",
        headers={"X-XSRFToken": student.cookie("_xsrf", "/user/student/")},
    )
    eventually(lambda: not campus.clusters(), "the end of the cluster")


def test_who_has_no_quota_gets_a_sentence(campus: Campus, person: Callable[[str], Person]) -> None:
    citizen = person("citizen")
    said = citizen.run(
        f"{CONNECT}\ntry:\n    lab.cluster()\nexcept Exception as error:\n    print(error)"
    )
    assert "your account has no share of the compute service" in said
    assert not campus.clusters()


def test_a_token_of_something_else_opens_nothing(campus: Campus) -> None:
    portal = (campus.lab.home / "secrets" / "portal_token").read_text().strip()
    for token in (portal, "0" * 32):
        headers = {"Authorization": f"jupyterhub {token}"}
        answer = httpx.get(f"{campus.gateway}/api/v1/clusters/", headers=headers)
        assert answer.status_code in {401, 500}, answer.text
    assert httpx.get(f"{campus.gateway}/api/v1/clusters/").status_code == 401
