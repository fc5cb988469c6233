"""Workers of a notebook: within its limits, reading what it reads, gone when they are closed."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from datalab.errors import DatalabError
from datalab.errors.compute import ClusterClosed, NoGateway, TooManyWorkers
from datalab.notebook.cluster import Cluster, most_workers
from datalab.notebook.lab import Lab
from datalab.notebook.limits import MIB, Limits
from tests.notebook.conftest import COMMUNES, LIMITS, Workshop

PEOPLE = "SELECT sum(population) AS people FROM communes"


@pytest.fixture(scope="module")
def cluster(workshop: Workshop) -> Iterator[Cluster]:
    with workshop.lab("en").cluster() as opened:
        yield opened


@pytest.mark.parametrize(
    ("threads", "memory", "workers"), [(2, 2048, 2), (8, 2048, 4), (4, 256, 1), (1, 4096, 1)]
)
def test_workers_fit_beside_the_notebook(threads: int, memory: int, workers: int) -> None:
    assert most_workers(Limits(threads, memory * MIB)) == workers


def test_workers_are_processes_of_their_own_and_share_the_memory(cluster: Cluster) -> None:
    asked = cluster.client.run(os.getpid)
    assert len(set(asked.values()) | {os.getpid()}) == 3
    assert repr(cluster).startswith("Workers: 2 · within this notebook's limits · used: 0")
    limits = [w["memory_limit"] for w in cluster.client.scheduler_info()["workers"].values()]
    assert sum(limits) <= 0.6 * LIMITS.memory


def test_a_table_in_pieces_is_the_table(lab: Lab, cluster: Cluster) -> None:
    pieces = lab.dataset("communes").dask(partitions=3)
    assert pieces.npartitions == 3
    assert int(pieces["population"].sum().compute()) == sum(row[2] for row in COMMUNES)


def test_a_function_that_uses_the_lab_runs_in_a_worker(lab: Lab, cluster: Cluster) -> None:
    def people(least: int) -> tuple[int, int]:
        query = f"{PEOPLE} WHERE population >= {least}"
        return int(lab.sql(query).fetchall()[0][0]), os.getpid()

    answers = cluster.client.gather(cluster.client.map(people, [0, 1000], pure=False))
    assert [answer[0] for answer in answers] == [
        sum(row[2] for row in COMMUNES),
        sum(row[2] for row in COMMUNES if row[2] >= 1000),
    ]
    assert os.getpid() not in {answer[1] for answer in answers}


def test_a_lab_that_travelled_reads_the_snapshots_of_where_it_comes_from(
    own_workshop: Workshop,
) -> None:
    before = own_workshop.lab()
    told = pickle.dumps(before)
    own_workshop.write_communes([(*COMMUNES[0][:2], 1, *COMMUNES[0][3:])])
    own_workshop.write("stops", {"n": "integer"}, "n\n1\n")
    assert own_workshop.refresh()["communes"] == "published"
    there: Lab = pickle.loads(told)  # noqa: S301
    expected = before.sql(PEOPLE).fetchall()
    assert there.sql(PEOPLE).fetchall() == expected
    assert own_workshop.lab().sql(PEOPLE).fetchall() != expected
    assert "stops" not in there.entries
    assert there.dataset("communes").snapshot == before.dataset("communes").snapshot
    assert there.limits.threads == 1


def test_an_error_of_a_worker_is_a_sentence_here(lab: Lab, cluster: Cluster) -> None:
    with pytest.raises(DatalabError, match="comunes"):
        cluster.client.submit(lambda: lab.dataset("comunes"), pure=False).result()


@pytest.mark.parametrize("asked", [0, -1, 3, 10_000])
def test_more_than_the_limits_are_refused_with_the_number_that_is_allowed(
    workshop: Workshop, asked: int
) -> None:
    with pytest.raises(TooManyWorkers) as refused:
        workshop.lab("en").cluster(asked)
    assert "lab.cluster(2)" in refused.value.message("en")
    assert "lab.cluster(2)" in refused.value.message("fr")


def test_a_lab_without_a_compute_service_says_so(lab: Lab) -> None:
    with pytest.raises(NoGateway, match="DATALAB_GATEWAY"):
        lab.cluster(where="gateway")


def test_nobody_without_its_key_speaks_to_a_cluster(cluster: Cluster) -> None:
    from distributed import Client

    with pytest.raises((OSError, TypeError, RuntimeError)):
        Client(cluster.backend.scheduler_address.replace("tls", "tcp"), timeout=3)


def test_what_is_closed_leaves_no_process_and_says_what_it_used(workshop: Workshop) -> None:
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    opened: Any = workshop.lab("en").cluster(1)
    pid = opened.client.submit(os.getpid).result()
    opened.close()
    opened.close()
    assert not psutil.pid_exists(pid)
    assert {c.pid for c in psutil.Process().children(recursive=True)} - before <= _trackers()
    assert repr(opened).startswith("Closed cluster · used: ")
    assert opened.processor_hours > 0
    with pytest.raises(ClusterClosed):
        opened.scale(1)


def _trackers() -> set[int]:
    """Python's own helper of ``multiprocessing``, one per process for good."""
    children = psutil.Process().children()
    return {c.pid for c in children if any("resource_tracker" in part for part in c.cmdline())}


def test_a_worker_does_not_ask_the_system_for_each_array_anew(cluster: Cluster) -> None:
    """Dask's own setting has every array above 128 KiB brought in again, page by page."""

    def faults() -> int:
        import resource

        import numpy as np

        def seen() -> int:
            return resource.getrusage(resource.RUSAGE_THREAD).ru_minflt

        table = np.ones((365, 480))
        table = table - 1  # the first of its size
        before = seen()
        for _ in range(100):
            table = table - 1
        return seen() - before

    # 100 arrays of 1.4 MB are 34,200 pages.
    assert cluster.client.submit(faults, pure=False).result() < 10_000
