"""The lab's own catalog on disk: files written whole, each change a commit with its author.

``$HOME/catalog`` is a git repository that any git client reads. It is written by dulwich: no git
program, hook or filter runs.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

from datalab.catalog import overlay

_LOCK = threading.Lock()
MACHINE = b"Laboratoire de donn\xc3\xa9es <lab@localhost>"


def commit(root: Path, files: dict[str, str], author: str, message: str, at: float) -> str:
    """Write ``files`` (path under ``root``: text) and commit them; returns the commit's name.

    Parameters
    ----------
    author
        account; it has no address outside the lab.
    at
        seconds since the epoch.
    """
    from dulwich.repo import Repo

    with _LOCK:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        repo = Repo(str(root)) if (root / ".git").is_dir() else Repo.init(str(root))
        try:
            for name, text in files.items():
                _write(root / name, text)
            worktree = repo.get_worktree()
            worktree.stage(list(files))
            made: bytes = worktree.commit(
                message=message.encode(),
                author=f"{_plain(author)} <{_plain(author)}@localhost>".encode(),
                committer=MACHINE,
                author_timestamp=at,
                commit_timestamp=at,
                author_timezone=0,
                commit_timezone=0,
            )
        finally:
            repo.close()
    return made.decode()


def add_expectation(
    root: Path, dataset: str, expectation: dict[str, object], author: str, message: str, at: float
) -> str:
    """Add one expectation to the overlay of ``dataset``; returns the commit's name."""
    path = overlay.path_of(root, dataset)
    expectations = [*overlay.expectations_in(path), expectation]
    text = overlay.text_of(dataset, expectations)
    return commit(root, {f"{overlay.FOLDER}/{dataset}.yaml": text}, author, message, at)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def _plain(author: str) -> str:
    return "".join(c for c in author if c.isalnum() or c in "-_.") or "lab"
