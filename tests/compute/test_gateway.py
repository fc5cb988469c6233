"""A student's notebook, the hub and a Dask Gateway: a cluster, a quota, an end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.hub.lab import CHECKOUT, Lab, Person, eventually, free_port

pytestmark = pytest.mark.hub
CONFIG = CHECKOUT / "deploy" / "gateway" / "dask_gateway_config.py"
QUOTAS = "students=2:1"
PEOPLE = "lab.dataset('tiny-places').dask(partitions=2)['people'].sum().compute()"
CONNECT = "import datalab; lab = datalab.connect(language='en')"


@dataclass
class Campus:
    lab: Lab
    gateway: str

    def clusters(self) -> list[str]:
        """Schedulers of the gateway that run on this machine."""
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                told = path.read_bytes().split(b"\0")
            except OSError:
                continue
            if f"DASK_GATEWAY_API_URL={self.gateway}/api".encode() in told:
                found.append(path.parent.name)
        return found


@pytest.fixture(scope="module")
def campus(open_folder: Path, small_catalog: Path) -> Iterator[Campus]:
    """A lab with a compute service, whose workers see the open lake only."""
    api, schedulers = (f"127.0.0.1:{free_port()}" for _ in range(2))
    told = {"DATALAB_GATEWAY": f"http://{api}", "DATALAB_GATEWAY_SCHEDULERS": schedulers}
    told["DATALAB_PROCESSOR_HOUR_EUROS"] = "3600"
    lab = Lab(open_folder / "campus", small_catalog, environment=told)
    lab.start()
    plan = json.loads((lab.home / "run" / "plan.json").read_text())
    shown = open_folder / "shown"
    shown.mkdir()
    (shown / "open").symlink_to(lab.home / "lake" / "open")
    environment = {
        **os.environ,
        "JUPYTERHUB_API_URL": f"http://127.0.0.1:{plan['hub_port']}/hub/api",
        "JUPYTERHUB_API_TOKEN": (lab.home / "secrets" / "gateway_token").read_text().strip(),
        "DATALAB_GATEWAY_BIND": api,
        "DATALAB_GATEWAY_TCP": schedulers,
        "DATALAB_CLUSTER_QUOTAS": QUOTAS,
        "DATALAB_LAKE": str(shown),
        "PYTHONPATH": str(CHECKOUT),
    }
    server = Path(sys.executable).with_name("dask-gateway-server")
    with (open_folder / "gateway.log").open("wb") as log:
        process = subprocess.Popen(
            [server, "-f", CONFIG],
            env=environment,
            stdout=log,
            stderr=log,
            cwd=open_folder,
            start_new_session=True,
        )
    try:
        eventually(lambda: answers(f"http://{api}/api/health"), "the gateway")
        yield Campus(lab, f"http://{api}")
    finally:
        from tests.hub.fixtures import end

        process.send_signal(signal.SIGTERM)
        process.wait(60)
        end(lab)


def answers(address: str) -> bool:
    try:
        return httpx.get(address).is_success
    except httpx.HTTPError:
        return False


@pytest.fixture
def person(campus: Campus) -> Iterator[Callable[[str], Person]]:
    from contextlib import ExitStack

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
