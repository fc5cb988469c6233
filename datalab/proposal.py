"""Datasets that people propose: a file or a link, what was read in it, what they corrected.

Each lies in a folder of its own under ``$HOME/proposals``: ``state.json`` beside the file. A
proposal is the work of one person, then of one steward, and goes away: it needs no query, and the
file has to lie on the disk anyway. Every change is made under the lock of the folder, from the
version that was seen, and the new state replaces the old one whole.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from datalab.errors import ProposalRefused, UnknownProposal
from datalab.i18n import Phrase
from datalab.inspection.draft import TO_FILL

State = Literal["reading", "unreadable", "draft", "sent", "refused", "published"]
STATES: dict[State, Phrase] = {
    "reading": Phrase("Being read"),
    "unreadable": Phrase("Could not be read"),
    "draft": Phrase("Draft"),
    "sent": Phrase("Waits for a steward"),
    "refused": Phrase("Sent back"),
    "published": Phrase("Accepted"),
}
OPEN: tuple[State, ...] = ("reading", "unreadable", "draft", "sent", "refused")
MOST = 10  # open proposals of one person
DAYS = 30  # after the last change
FREE = 2_000_000_000  # bytes of the disk that stay free
LARGEST = 200_000_000  # bytes of a file
ID = re.compile(r"[0-9a-f]{16}")
JOURNAL = 100  # newest entries that are kept
ANY = -1  # a version: whichever it is now


@dataclass(frozen=True)
class Proposal:
    """``private``: the operator allows the link although its machine is no public one.

    ``document`` is the dataset as it would be written; ``decisions`` says of each column that
    looks personal what was decided; ``trial`` is what became of the YAML ``tried``.

    ``problem`` are messages by language: why the file could not be read. ``facts`` are keys of the
    dataset that no form changes: the schema that its file was made to keep, whose it is.
    """

    id: str
    owner: str
    created_at: float
    changed_at: float
    name: str = ""
    url: str = ""
    steward: str = ""
    private: bool = False
    state: State = "reading"
    version: int = 0
    inspection: dict[str, Any] | None = None
    document: dict[str, Any] = field(default_factory=dict)
    theme: str = ""
    typed: dict[str, str] = field(default_factory=dict)
    decisions: dict[str, str] = field(default_factory=dict)
    trying: str = ""
    tried: str = ""
    trial: dict[str, Any] | None = None
    problem: dict[str, str] = field(default_factory=dict)
    note: str = ""
    answer: str = ""
    answered_by: str = ""
    dataset: str = ""
    commit: str = ""
    journal: list[dict[str, Any]] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def event(self) -> str:
        """The last thing done that somebody else has to hear of: what, and when; "" for none."""
        for entry in reversed(self.journal):
            if entry["did"] in ("send", "refuse", "publish"):
                return f"{entry['did']} {entry['at']} {entry['by']}"
        return ""

    def title(self, language: str = "fr") -> str:
        """As people know it: its title where it has one, else its file or its link."""
        said = self.document.get("title", {})
        titles = [said.get(known, "") for known in (language, "fr", "en")]
        named = [title for title in titles if title not in ("", *TO_FILL.values())]
        return str(named[0] if named else self.name or self.url or self.id)


class Proposals:
    """The proposals under ``root``."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def create(
        self,
        owner: str,
        now: float,
        *,
        name: str = "",
        url: str = "",
        steward: str = "",
        private: bool = False,
    ) -> Proposal:
        """A new one, empty. ``steward`` is who would answer for it.

        Raises
        ------
        ProposalRefused
            where somebody has too many, or the disk is nearly full.
        """
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.sweep(now)
        own = [one for one in self if one.owner == owner and one.state in OPEN]
        if len(own) >= MOST:
            reason = Phrase("you have {most} proposals already; finish or delete one", most=MOST)
            raise ProposalRefused(field="file", reason=reason)
        if shutil.disk_usage(self.root).free < FREE + LARGEST:
            reason = Phrase("the disk of the lab is nearly full; tell its operator")
            raise ProposalRefused(field="file", reason=reason)
        made = Proposal(
            secrets.token_hex(8), owner, now, now, name[:200], url, steward or owner, private
        )
        made = replace(made, journal=[{"at": now, "by": owner, "did": "create"}])
        folder = self.root / made.id
        folder.mkdir(mode=0o700)
        self._write(made)
        return made

    def folder(self, id: str) -> Path:
        return self.root / id

    def file(self, id: str) -> Path:
        """Where its file lies: never under the name that a person gave it."""
        return self.root / id / "file"

    def get(self, id: str) -> Proposal:
        """
        Raises
        ------
        UnknownProposal
        """
        try:
            if ID.fullmatch(id):
                return Proposal(**json.loads((self.root / id / "state.json").read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            pass
        raise UnknownProposal(id=id[:40], days=DAYS)

    def __iter__(self) -> Iterator[Proposal]:
        """All that can be read, the last changed first."""
        found = []
        for path in self.root.glob("*/state.json"):
            with suppress(UnknownProposal):
                found.append(self.get(path.parent.name))
        yield from sorted(found, key=lambda one: one.changed_at, reverse=True)

    def change(
        self,
        id: str,
        seen: int,
        by: str,
        did: str,
        now: float,
        make: Callable[[Proposal], Proposal],
    ) -> Proposal:
        """Replace the version ``seen`` by what ``make`` makes of it.

        Raises
        ------
        ProposalRefused
            where somebody changed it meanwhile.
        UnknownProposal
        """
        with self._locked(id):
            before = self.get(id)
            if seen not in (ANY, before.version):
                reason = Phrase("it was changed meanwhile; look at it again, then send yours")
                raise ProposalRefused(field="", reason=reason)
            made = make(before)
            entry = {"at": now, "by": by, "did": did}
            made = replace(
                made,
                version=before.version + 1,
                changed_at=now,
                journal=[*before.journal, entry][-JOURNAL:],
            )
            self._write(made)
            return made

    def delete(self, id: str) -> None:
        shutil.rmtree(self.root / id, ignore_errors=True)

    def sweep(self, now: float) -> None:
        """Delete what nobody has touched for :data:`DAYS` days."""
        for one in list(self):
            if now - one.changed_at > DAYS * 86_400:
                self.delete(one.id)

    @contextmanager
    def _locked(self, id: str) -> Iterator[None]:
        self.get(id)
        with (self.root / id / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _write(self, one: Proposal) -> None:
        path = self.root / one.id / "state.json"
        partial = path.with_suffix(f".{os.getpid()}.{secrets.token_hex(4)}")
        partial.write_text(json.dumps(asdict(one), ensure_ascii=False, default=str), "utf-8")
        partial.replace(path)
