"""What a project may read: only what every one of its members may read.

The published ``index.json`` of each lake says which datasets it holds and, for a restricted one,
whom its steward named. Nothing here opens a lake.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from datalab.people import accounts, rights
from datalab.people.accounts import Account
from datalab.people.store import Store
from datalab.projects.manifest import Manifest, Member

RESTRICTED = "restricted-"
LARGEST_INDEX = 50_000_000  # bytes


@dataclass(frozen=True)
class Readable:
    """One dataset as a page names it: ``lake`` is its access class."""

    id: str
    lake: str
    title: dict[str, str]


@dataclass(frozen=True)
class Reading:
    """Who reads which lake at ``now``: people from ``store``, datasets from published ``lake``."""

    store: Store
    lake: Path
    now: float

    @cached_property
    def _people(self) -> dict[str, Account]:
        return {account.name: account for account in accounts.accounts(self.store)}

    @cached_property
    def datasets(self) -> dict[str, tuple[Readable, ...]]:
        """Published datasets by lake."""
        return {
            name: tuple(
                Readable(identifier, name, dict(described.get("title") or {}))
                for identifier, described in sorted(_described(self.lake / name).items())
            )
            for name in _lakes(self.lake)
        }

    @cached_property
    def audiences(self) -> dict[str, tuple[str, ...]]:
        """Groups and accounts that the steward of each restricted lake named."""
        found = {}
        for name in _lakes(self.lake):
            if name.startswith(RESTRICTED):
                described = _described(self.lake / name).get(name.removeprefix(RESTRICTED), {})
                audience = described.get("audience")
                named = audience if isinstance(audience, list) else []
                found[name] = tuple(text for text in named if isinstance(text, str))
        return found

    @property
    def entering(self) -> dict[str, tuple[str, ...]]:
        """Groups by account of everybody who may sign in now."""
        return {p.name: p.groups for p in self._people.values() if p.may_enter(self.now)}

    def person(self, name: str) -> Account | None:
        """An account that may sign in now; None for one that is closed, over or unknown."""
        found = self._people.get(name)
        return found if found is not None and found.may_enter(self.now) else None

    def of_account(self, name: str) -> frozenset[str]:
        """Lakes that one person reads; nothing at all for who may not sign in."""
        person = self.person(name)
        if person is None:
            return frozenset()
        return frozenset(rights.lakes(person.groups, self.audiences, person.name))

    def present(self, manifest: Manifest) -> tuple[str, ...]:
        """Members that may sign in now; the others are in the manifest and have no access."""
        return tuple(m.account for m in manifest.members if self._enters(m))

    def _enters(self, member: Member) -> bool:
        person = self.person(member.account)
        return person is not None and member.is_held(person.created_at)

    def writers(self, manifest: Manifest) -> tuple[str, ...]:
        """Owners and editors that may sign in now: those who get the shared server."""
        present = set(self.present(manifest))
        return tuple(name for name in manifest.writers if name in present)

    def of_members(self, names: Iterable[str]) -> frozenset[str]:
        """Lakes that all of them read. A project of nobody reads what is open to anybody."""
        each = [self.of_account(name) for name in names]
        return frozenset.intersection(*each) if each else frozenset({"open"})

    def of_project(self, manifest: Manifest) -> frozenset[str]:
        return self.of_members(self.present(manifest))

    def named(self, lakes: Iterable[str]) -> list[Readable]:
        """The datasets of some lakes."""
        return [dataset for lake in sorted(lakes) for dataset in self.datasets.get(lake, ())]


def _lakes(lake: Path) -> list[str]:
    try:
        return sorted(path.name for path in lake.iterdir() if (path / "index.json").is_file())
    except OSError:
        return []


def _described(folder: Path) -> dict[str, dict[str, Any]]:
    """Datasets of one lake; a damaged index names none, so that nothing is granted by it."""
    path = folder / "index.json"
    try:
        if path.stat().st_size > LARGEST_INDEX:
            return {}
        listed = json.loads(path.read_bytes())["datasets"]
        return {str(name): dict(entry["dataset"]) for name, entry in listed.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
