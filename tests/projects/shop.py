"""A small lab without a hub: people, projects and published indexes in a temporary home."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from datalab.isolation.homes import Homes
from datalab.people import accounts
from datalab.people.store import Store
from datalab.projects.create import create
from datalab.projects.project import Project, Projects
from datalab.projects.reading import Reading
from datalab.settings import CHECKOUT

NOW = 1_780_000_000.0


@dataclass
class Shop:
    """``home`` is laid out like that of a lab."""

    home: Path

    def __post_init__(self) -> None:
        for name in ("hub", "projects", "accounts/etc", "accounts/homes", "lake"):
            (self.home / name).mkdir(parents=True, exist_ok=True)

    @property
    def store(self) -> Store:
        return Store(self.home / "hub" / "people.sqlite")

    @property
    def projects(self) -> Projects:
        return Projects(self.home / "projects", CHECKOUT / "projects")

    @property
    def homes(self) -> Homes:
        return Homes(self.home / "accounts", separate=False)

    def reading(self, now: float = NOW) -> Reading:
        return Reading(self.store, self.home / "lake", now)

    def person(self, name: str, group: str = "students", **more: object) -> None:
        accounts.add(self.store, NOW, "test", name, [group], **more)  # type: ignore[arg-type]

    def publish(self, lake: str, dataset: str, **described: object) -> None:
        folder = self.home / "lake" / lake
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "index.json"
        known = json.loads(path.read_text())["datasets"] if path.exists() else {}
        title = {"fr": f"Jeu {dataset}", "en": f"Dataset {dataset}"}
        known[dataset] = {"dataset": {"id": dataset, "title": title, **described}}
        path.write_text(json.dumps({"datasets": known}))

    def create(self, slug: str, *, owner: str = "alice", **more: object) -> Project:
        facts = {"title": f"Projet {slug}"} | more
        return create(self.projects, self.homes, self.store, NOW, owner, slug, **facts)  # type: ignore[arg-type]


def shop(home: Path) -> Shop:
    """A lab with three people: two builders and a citizen."""
    made = Shop(home)
    made.person("alice")
    made.person("bob")
    made.person("carole", "citizens")
    made.publish("open", "places")
    made.publish("members", "budgets")
    made.publish("restricted-health", "health", audience=["stewards", "alice"])
    return made
