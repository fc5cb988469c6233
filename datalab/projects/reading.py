"""What a project may read: only what every one of its members may read.

The published ``index.json`` of each lake says which datasets it holds and, for a restricted one,
whom its steward named; the store says to whom stewards granted it. A restricted dataset may have
masked versions, each a lake: what may be read (``allowed``) can be several of them, what is read
(``of_account``, ``of_members``) is the widest. Nothing here opens a lake.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from datalab.i18n import LANGUAGES, translate
from datalab.people import accounts, grants, rights
from datalab.people.accounts import Account
from datalab.people.audience import RESTRICTED, Audience, best, dataset_of, mask_of
from datalab.people.store import Store
from datalab.projects.manifest import Manifest, Member

__all__ = ["RESTRICTED", "Readable", "Reading"]
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
    def _described(self) -> dict[str, dict[str, dict[str, Any]]]:
        """What the index of each lake says of its datasets."""
        return {name: _described(self.lake / name) for name in _lakes(self.lake)}

    @cached_property
    def datasets(self) -> dict[str, tuple[Readable, ...]]:
        """Published datasets by lake."""
        return {
            name: tuple(
                Readable(identifier, name, _title(described, masked=mask_of(name) is not None))
                for identifier, described in sorted(listed.items())
            )
            for name, listed in self._described.items()
        }

    @cached_property
    def audiences(self) -> dict[str, Audience]:
        """Whom the steward of each restricted dataset named, by the lake that holds it whole."""
        return {
            name: Audience.of(dataset_of(name), listed.get(dataset_of(name), {}))
            for name, listed in self._described.items()
            if name.startswith(RESTRICTED) and mask_of(name) is None
        }

    @cached_property
    def _grants(self) -> dict[str, frozenset[str]]:
        return grants.by_account(self.store, self.now)

    @property
    def granted(self) -> list[tuple[str, list[str]]]:
        """What stewards granted to accounts by name, of now."""
        return [(name, sorted(versions)) for name, versions in self._grants.items()]

    @property
    def entering(self) -> dict[str, tuple[str, ...]]:
        """Groups by account of everybody who may sign in now."""
        return {p.name: p.groups for p in self._people.values() if p.may_enter(self.now)}

    def person(self, name: str) -> Account | None:
        """An account that may sign in now; None for one that is closed, over or unknown."""
        found = self._people.get(name)
        return found if found is not None and found.may_enter(self.now) else None

    def allowed(self, name: str) -> frozenset[str]:
        """Lakes that one person may read, every version; nothing for who may not sign in."""
        person = self.person(name)
        if person is None:
            return frozenset()
        granted = self._grants.get(person.name, frozenset())
        found = rights.lakes(person.groups, self.audiences, person.name, granted)
        return frozenset(lake for lake in found if self._is_of_now(lake))

    def _is_of_now(self, lake: str) -> bool:
        """Whether a masked lake was made by the mask that its dataset has now."""
        mask, dataset = mask_of(lake), dataset_of(lake)
        if mask is None:
            return True
        whole = self._described.get(f"{RESTRICTED}{dataset}", {}).get(dataset, {})
        masked = self._described.get(lake, {}).get(dataset, {})
        wanted = [m for m in whole.get("masks") or () if m.get("name") == mask]
        return bool(wanted) and masked.get("masks") == wanted

    def of_account(self, name: str) -> frozenset[str]:
        """Lakes that one person reads; nothing at all for who may not sign in."""
        return best(self.allowed(name), self.audiences)

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

    def allowed_to_members(self, names: Iterable[str]) -> frozenset[str]:
        """Lakes that all of them may read. A project of nobody reads what is open to anybody."""
        each = [self.allowed(name) for name in names]
        return frozenset.intersection(*each) if each else frozenset({"open"})

    def of_members(self, names: Iterable[str]) -> frozenset[str]:
        """Lakes that a project of these people reads."""
        return best(self.allowed_to_members(names), self.audiences)

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


def _title(described: dict[str, Any], *, masked: bool) -> dict[str, str]:
    title = {str(key): str(text) for key, text in dict(described.get("title") or {}).items()}
    if not masked:
        return title
    return {
        language: translate("{title} (masked)", language, title=title[language])
        for language in LANGUAGES
        if language in title
    }
