"""Identities of files: the same for the same path, even where their database was lost.

A page that is open in a browser names its document by this identity. With the random ones of
jupyter-server-fileid, a lost database would make every open page a stranger.
"""

from __future__ import annotations

import sqlite3
import uuid
from pathlib import Path
from typing import Any

from jupyter_server_fileid.manager import ArbitraryFileIdManager

NAMESPACE = uuid.UUID("6a1f0c52-7a55-4c0b-8f5e-2d5c4f0d7b11")
DATABASE = Path(".datalab") / "files.sqlite"


class Files(ArbitraryFileIdManager):
    """File identities of one project, beside its log."""

    def __init__(self, **options: Any) -> None:
        database = Path(str(options.get("root_dir") or ".")) / DATABASE
        database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check(database)
        super().__init__(db_path=str(database), **options)

    def _create(self, path: str) -> str:
        normal = self._normalize_path(path)
        found = self.con.execute("SELECT id FROM Files WHERE path = ?", (normal,)).fetchone()
        if found:
            return str(found[0])
        named = str(uuid.uuid5(NAMESPACE, normal))
        taken = self.con.execute("SELECT 1 FROM Files WHERE id = ?", (named,)).fetchone()
        # A renamed file keeps its identity, so a new one under its old name needs another.
        chosen = str(uuid.uuid4()) if taken else named
        self.con.execute("INSERT INTO Files (id, path) VALUES (?, ?)", (chosen, normal))
        return chosen


def _check(path: Path) -> None:
    """Make a damaged database again: everything in it but renames can be found anew."""
    if not path.exists():
        return
    database = sqlite3.connect(path)
    try:
        sound = database.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
    except sqlite3.DatabaseError:
        sound = False
    finally:
        database.close()
    if not sound:
        path.unlink()
