"""The state of a lab as Prometheus reads it.

Labels are bounded: parts of the lab, access to the catalog's datasets, states. None is a person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from datalab.lake.record import STATES
from datalab.watching.state import Memory, State, Talk

LARGEST_SERVERS = 5  # told one by one, by rank


class Figures(Collector):
    """Asks for the state at each scrape."""

    def __init__(self, look: Callable[[], State]) -> None:
        self.look = look

    def describe(self) -> list[Metric]:
        return []  # nothing is looked at before the first scrape

    def collect(self) -> Iterator[Metric]:
        state = self.look()
        yield from _parts(state)
        yield from _datasets(state)
        yield from _machine(state)
        yield from _memory(state.memory)
        yield _gauge("participation_up", "Whether its database answers.", state.talk is not None)
        if state.depot is not None:
            said = "For how long the object store of the lakes has failed."
            yield _gauge("depot_away_seconds", said, state.depot.away)
        if state.talk is not None:
            yield from _talk(state.talk)


def register(registry: CollectorRegistry, look: Callable[[], State]) -> None:
    """Add the figures of a lab to ``registry``."""
    registry.register(Figures(look))


def _gauge(name: str, said: str, value: float) -> Metric:
    return GaugeMetricFamily(f"datalab_{name}", said, value=float(value))


def _family(name: str, said: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"datalab_{name}", said, labels=labels)


def _parts(state: State) -> Iterator[Metric]:
    up = _family("part_up", "Whether a program of the lab runs.", "part")
    age = _family("part_age_seconds", "How long it has been running.", "part")
    for part in state.parts:
        up.add_metric([part.name], float(part.runs))
        age.add_metric([part.name], part.age)
    yield up
    yield age


def _datasets(state: State) -> Iterator[Metric]:
    counts = _family("datasets", "Datasets by what their last refresh brought.", "state")
    for name in (*STATES, "waiting"):
        counts.add_metric([name], sum(1 for one in state.datasets if one.state == name))
    yield counts
    yield _gauge(
        "datasets_stale",
        "Datasets that should have been read again.",
        sum(one.stale for one in state.datasets),
    )
    yield _gauge(
        "datasets_warned",
        "Datasets published with a reservation.",
        sum(one.warning for one in state.datasets),
    )
    age = _family("dataset_age_seconds", "Since what is read was published.", "dataset")
    took = _family("dataset_refresh_seconds", "How long its last refresh took.", "dataset")
    failed = _family("dataset_failed_expectations", "Expectations that do not hold.", "dataset")
    failing = _family("dataset_failing_seconds", "For how long its refresh fails.", "dataset")
    for one in state.datasets:
        if one.age is not None:
            age.add_metric([one.id], one.age)
        if one.took is not None:
            took.add_metric([one.id], one.took)
        failed.add_metric([one.id], one.failed)
        failing.add_metric([one.id], one.failing or 0.0)
    yield from (age, took, failed, failing)


def _machine(state: State) -> Iterator[Metric]:
    yield _gauge("disk_total_bytes", "Size of the disk of the lab's home.", state.disk_total)
    yield _gauge("disk_free_bytes", "What is free of it.", state.disk_free)
    yield _gauge("load", "Load of the last minute.", state.load)
    yield _gauge("processors", "Processors of the machine.", state.processors)


def _memory(memory: Memory) -> Iterator[Metric]:
    yield _gauge("memory_total_bytes", "Memory of the machine.", memory.total)
    yield _gauge("memory_available_bytes", "Memory that programs may still take.", memory.available)
    yield _gauge("servers", "Notebook servers that run.", len(memory.servers))
    yield _gauge("servers_memory_bytes", "Memory of all notebook servers.", sum(memory.servers))
    yield _gauge("server_memory_median_bytes", "Memory of the typical one.", memory.typical)
    ranked = _family("server_memory_bytes", "Memory of the largest ones, by rank.", "rank")
    for number, size in enumerate(memory.servers[:LARGEST_SERVERS], 1):
        ranked.add_metric([str(number)], size)
    yield ranked


def _talk(talk: Talk) -> Iterator[Metric]:
    yield _gauge("sessions_open", "Co-design sessions that are open.", talk.open_sessions)
    yield _gauge("sessions_present", "People who take part in them.", talk.present)
    yield _gauge("contributions_last_hour", "Ideas and comments of an hour.", talk.contributions)
    yield _gauge("contributions_waiting", "Those that wait for a moderator.", talk.waiting)
    yield _gauge("reports_last_hour", "Citizens' reports of an hour.", talk.reports)
    yield _gauge("survey_responses_last_hour", "Answers to questionnaires.", talk.answers)
    yield _gauge("letters_waiting", "Letters that are not sent yet.", talk.letters)
    yield _gauge("letters_late", "Those that were tried in vain.", talk.late)
