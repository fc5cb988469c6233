"""The other workers of the portal: their figures beside one's own, so that one scrape has all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import httpx
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from datalab.hub.plan import Plan
from datalab.settings import Settings

PATIENCE = 2.0  # seconds; who does not answer is missing, and its part is told as down
OWN = "own"  # asks a worker for nothing but itself


def others(settings: Settings, worker: str) -> dict[str, int]:
    """The ports of the workers that are not ``worker``, by name; none where the lab has one."""
    try:
        plan = Plan.read(settings.run)
    except (OSError, ValueError, TypeError):
        return {}
    return {name: port for name, port in plan.portals.items() if name != worker}


def told(ports: Mapping[str, int], path: str, token: str) -> dict[str, str]:
    """What each worker says at ``path`` of itself, by name."""
    found = {}
    for name, port in ports.items():
        try:
            answer = httpx.get(
                f"http://127.0.0.1:{port}{path}",
                params={"of": OWN},
                headers={"Authorization": f"Bearer {token}"},
                timeout=PATIENCE,
                trust_env=False,
            )
        except httpx.HTTPError:
            continue
        if answer.status_code == httpx.codes.OK:
            found[name] = answer.text
    return found


class _Together(Collector):
    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        families: dict[str, Metric] = {}
        for worker, text in self.texts.items():
            for family in text_string_to_metric_families(text):
                facts = (family.name, family.documentation, family.type)
                kept = families.setdefault(family.name, Metric(*facts))
                for sample in family.samples:
                    labels = {**sample.labels, "worker": worker}
                    kept.samples.append(sample._replace(labels=labels))
        yield from families.values()


def together(texts: Mapping[str, str]) -> bytes:
    """The texts of several workers as one, in Prometheus' format, with a label ``worker``."""
    registry = CollectorRegistry()
    registry.register(_Together(texts))
    return generate_latest(registry)
