"""Who may be here and as what: ``members.json``, which the lab writes for the project's server.

The file is the lab's, mounted read-only. It lets nobody in (the hub does), but it puts out at
once, without asking anybody, whoever it no longer names as owner or editor.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datalab.i18n import Language, Phrase

ROLES = {
    "owner": Phrase("owner"),
    "editor": Phrase("editor"),
    "viewer": Phrase("viewer"),
}
WRITERS = {"owner", "editor"}
# JupyterLab's own palette for collaborators, readable on its light and dark themes.
COLOURS = tuple(f"var(--jp-collaborator-color{number})" for number in range(1, 8))
LARGEST = 2_000_000


@dataclass
class Members:
    """The members named in the file at ``path``; read again when it changes.

    ``own`` is the account of this server, which the lab itself uses to speak to it.
    """

    path: Path
    own: str = ""
    _stamp: tuple[int, int, int] = (0, 0, 0)
    _roles: dict[str, str] | None = None
    _order: list[str] = field(default_factory=list)

    def role(self, name: str) -> str | None:
        """owner, editor or viewer; None for who is not named."""
        self._refresh()
        return (self._roles or {}).get(name)

    def excludes(self, name: str) -> bool:
        """Whether the lab says that this account has no business here."""
        self._refresh()
        if self._roles is None or name == self.own:
            return False
        return self._roles.get(name) not in WRITERS

    def label(self, name: str, language: Language) -> str:
        """The role in words, "" without one."""
        said = ROLES.get(self.role(name) or "")
        return said.in_(language) if said is not None else ""

    def colour(self, name: str) -> str:
        """The colour of a person in this project, the same in every notebook.

        Members get different ones while there are no more of them than colours, in the order in
        which this server learned of them.
        """
        self._refresh()
        if name in self._order:
            return COLOURS[self._order.index(name) % len(COLOURS)]
        return COLOURS[hashlib.sha256(name.encode()).digest()[0] % len(COLOURS)]

    def _refresh(self) -> None:
        try:
            status = self.path.stat()
            stamp = (status.st_mtime_ns, status.st_ino, status.st_size)
            if stamp == self._stamp or status.st_size > LARGEST:
                return
            self._roles = _roles(json.loads(self.path.read_text(encoding="utf-8")))
            self._stamp = stamp
            self._order += [name for name in self._roles if name not in self._order]
        except (OSError, ValueError):
            # The file is replaced in one step. Where there is none the hub alone decides.
            return


def _roles(document: Any) -> dict[str, str]:
    members = document.get("members") if isinstance(document, dict) else None
    if not isinstance(members, dict):
        raise ValueError("no members")
    return {
        str(name): str(said["role"])
        for name, said in members.items()
        if isinstance(said, dict) and "role" in said
    }
