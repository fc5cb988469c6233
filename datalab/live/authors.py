"""Who typed, for the history: ``.datalab/authors.jsonl``, one line per person, file and minute.

``{"at": seconds since the epoch, "path": of the file, "name": of the account}``.
The project's own code may write this file: whoever reads it ignores names that are not members.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

LARGEST = 2_000_000


class Authors:
    """The journal at ``path``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._written: dict[tuple[str, str], int] = {}

    def typed(self, name: str, path: str) -> None:
        """Write a line unless this person was written down for this file this minute."""
        now = time.time()
        minute = int(now // 60)
        if self._written.get((name, path)) == minute:
            return
        self._written = {k: m for k, m in self._written.items() if m >= minute}
        self._written[name, path] = minute
        line = json.dumps({"at": int(now), "path": path, "name": name}, ensure_ascii=False)
        try:
            self._shorten()
            with self.path.open("a", encoding="utf-8") as journal:
                journal.write(line + "\n")
        except OSError:
            # A full disk: who typed matters less than what was typed. Tried again at once.
            self._written.pop((name, path), None)

    def _shorten(self) -> None:
        """Keep the younger half of a journal that has grown too long."""
        if not self.path.exists() or self.path.stat().st_size < LARGEST:
            return
        lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
        shorter = self.path.with_suffix(".new")
        shorter.write_text("".join(lines[len(lines) // 2 :]), encoding="utf-8")
        shorter.replace(self.path)
