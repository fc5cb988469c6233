"""The history of a project: a git repository that the project itself cannot rewrite.

``history.git`` belongs to the lab and has no work tree: the files of ``work/`` are read one by
one, without following a link, and stored by dulwich. No git program runs over files that other
people wrote, so none of their hooks, filters or submodules does either. Any git client reads the
result.

A file that is rewritten again and again costs its size each time, which no disk quota of the
project counts. Once the repository holds :data:`LARGEST_HISTORY`, only files below
:data:`SMALL_FILE` go into new versions: notebooks keep their history.

Hidden entries (caches, the server's own state) are left out; so are files above
:data:`datalab.projects.files.LARGEST_FILE`, which the version names in its message.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dulwich.errors import NotTreeError
from dulwich.index import commit_tree
from dulwich.object_store import iter_tree_contents, tree_lookup_path
from dulwich.objects import Blob, Commit, ObjectID
from dulwich.refs import Ref
from dulwich.repo import Repo

from datalab.errors import UnknownVersion
from datalab.projects import files as work_files
from datalab.projects.files import Stamp, read_seen, walk
from datalab.projects.project import Project

LARGEST_HISTORY = 2_000_000_000  # bytes
SMALL_FILE = 500_000  # bytes
MOST_LOOSE = 2_000  # objects that are not packed yet
BRANCH = Ref(b"refs/heads/main")
ABBREVIATED = 12
MACHINE = ("Laboratoire de données", "lab@localhost")
TRAILER = "Co-authored-by: "


@dataclass(frozen=True)
class Author:
    """An account and the name that people know it by."""

    account: str
    display: str

    @property
    def line(self) -> str:
        """As git writes it; an account has no address outside the lab."""
        shown = (
            "".join(c for c in self.display if c.isprintable() and c not in "<>") or self.account
        )
        return f"{shown} <{self.account}@localhost>"


@dataclass(frozen=True)
class Version:
    """One committed state. ``id`` is the commit; ``at`` in Unix seconds; ``authors`` by name."""

    id: str
    at: float
    message: str
    authors: tuple[str, ...]
    changed: tuple[str, ...]


@dataclass
class Work:
    """The files of ``work/`` as they are now, remembering what was hashed before."""

    project: Project
    _known: dict[str, tuple[Stamp, ObjectID]] = field(default_factory=dict)

    def stamps(self) -> dict[str, Stamp]:
        """Path to (inode, size, time of change in ns) of every file that belongs to history."""
        return {name: stamp for name, stamp, _ in walk(self.project.work)}

    def commit(self, now: float, authors: Sequence[Author], message: str = "") -> Version | None:
        """A version of the files of now; None where they are those of the last one.

        Without a ``message`` it names the files that changed.
        """
        repository = opened(self.project)
        try:
            entries: list[tuple[bytes, ObjectID, int]] = []
            known: dict[str, tuple[Stamp, ObjectID]] = {}
            left_out = []
            full = _size(self.project) > LARGEST_HISTORY
            largest = SMALL_FILE if full else work_files.LARGEST_FILE
            parent = _head(repository)
            last = _contents(repository, parent.tree) if parent else {}
            for name, stamp, folder in walk(self.project.work):
                if stamp[1] > largest and self._known.get(name, (None,))[0] != stamp:
                    left_out.append(name)
                    if name in last:
                        # The version before goes on standing for it: it was not deleted.
                        entries.append((os.fsencode(name), ObjectID(last[name]), 0o100644))
                    continue
                before = self._known.get(name)
                if before is not None and before[0] == stamp:
                    known[name] = before
                else:
                    content = read_seen(folder, name.rpartition("/")[2], stamp)
                    if content is None:
                        continue
                    blob = Blob.from_string(content)
                    repository.object_store.add_object(blob)
                    known[name] = (stamp, blob.id)
                entries.append((os.fsencode(name), known[name][1], 0o100644))
            self._known = known
            tree = commit_tree(repository.object_store, entries)
            if parent is not None and parent.tree == tree:
                return None
            if parent is None and not entries:
                return None
            message = message or _names(repository, parent, tree)
            made = _write_commit(repository, tree, parent, now, authors, message, left_out)
            if repository.object_store.count_loose_objects() > MOST_LOOSE:
                repository.object_store.pack_loose_objects()
            return version_of(repository, made)
        finally:
            repository.close()


def opened(project: Project) -> Repo:
    """The repository of a project, made where there is none yet."""
    if not (project.history / "HEAD").exists():
        project.history.mkdir(mode=0o700, exist_ok=True)
        Repo.init_bare(project.history, default_branch=b"main").close()
    return Repo(str(project.history))


def versions(
    project: Project, *, path: str | None = None, limit: int = 50, before: str | None = None
) -> list[Version]:
    """Versions newest first, only those that changed ``path`` where one is given.

    ``before`` is the version after which to go on.
    """
    if not (project.history / "HEAD").exists():
        return []
    repository = opened(project)
    try:
        current = _find(repository, before) if before else None
        commit = _parent(repository, current) if current else _head(repository)
        found: list[Version] = []
        while commit is not None and len(found) < limit:
            version = version_of(repository, commit)
            if path is None or path in version.changed:
                found.append(version)
            commit = _parent(repository, commit)
        return found
    finally:
        repository.close()


def version(project: Project, version_id: str) -> Version:
    """One version by its id or the beginning of it.

    Raises
    ------
    UnknownVersion
    """
    repository = opened(project)
    try:
        return version_of(repository, _find(repository, version_id))
    finally:
        repository.close()


def read(project: Project, version_id: str, path: str, *, parent: bool = False) -> bytes | None:
    """Content of a file in a version (or in the one before it); None where it was not there.

    Raises
    ------
    UnknownVersion
    """
    repository = opened(project)
    try:
        commit: Commit | None = _find(repository, version_id)
        if parent and commit is not None:
            commit = _parent(repository, commit)
        if commit is None:
            return None
        try:
            _, blob = tree_lookup_path(repository.get_object, commit.tree, os.fsencode(path))
        except (KeyError, ValueError, NotTreeError):  # the last for a path below a file
            return None
        found = repository.get_object(blob)
        return found.as_raw_string() if isinstance(found, Blob) else None
    finally:
        repository.close()


def files(project: Project, version_id: str) -> list[str]:
    """Paths of all files of a version.

    Raises
    ------
    UnknownVersion
    """
    repository = opened(project)
    try:
        tree = _find(repository, version_id).tree
        return sorted(_contents(repository, tree))
    finally:
        repository.close()


def version_of(repository: Repo, commit: Commit) -> Version:
    text = commit.message.decode("utf-8", "replace")
    lines = text.splitlines()
    co_authors = [line.removeprefix(TRAILER) for line in lines if line.startswith(TRAILER)]
    names = [_name(commit.author.decode("utf-8", "replace")), *map(_name, co_authors)]
    before = _parent(repository, commit)
    old = _contents(repository, before.tree) if before else {}
    return Version(
        id=commit.id.decode(),
        at=float(commit.commit_time),
        message="\n".join(x for x in lines if not x.startswith(TRAILER)).strip(),
        authors=tuple(name for name in dict.fromkeys(names) if name != MACHINE[0]),
        changed=tuple(_changed(old, repository, commit.tree)),
    )


def _names(repository: Repo, parent: Commit | None, tree: ObjectID) -> str:
    """The files in which two states differ, in words of no language."""
    changed = _changed(_contents(repository, parent.tree) if parent else {}, repository, tree)
    shown = ", ".join(changed[:3])
    return f"{shown} (+{len(changed) - 3})" if len(changed) > 3 else shown


def _changed(old: Mapping[str, bytes], repository: Repo, tree: ObjectID) -> list[str]:
    new = _contents(repository, tree)
    return sorted(name for name in {*old, *new} if old.get(name) != new.get(name))


def _write_commit(
    repository: Repo,
    tree: ObjectID,
    parent: Commit | None,
    now: float,
    authors: Sequence[Author],
    message: str,
    left_out: Sequence[str],
) -> Commit:
    lines = [message]
    if left_out:
        lines += ["", *(f"Trop grand pour l’historique : {name}" for name in left_out)]
    if len(authors) > 1:
        lines += ["", *(f"{TRAILER}{author.line}" for author in authors[1:])]
    machine = f"{MACHINE[0]} <{MACHINE[1]}>".encode()
    commit = Commit()
    commit.tree = tree
    commit.parents = [parent.id] if parent else []
    commit.author = authors[0].line.encode() if authors else machine
    commit.committer = machine
    commit.author_time = commit.commit_time = int(now)
    commit.author_timezone = commit.commit_timezone = 0
    commit.encoding = b"UTF-8"
    commit.message = ("\n".join(lines) + "\n").encode()
    repository.object_store.add_object(commit)
    # Only where the branch still stands where we looked: two writers cannot lose each other's.
    repository.refs.set_if_equals(BRANCH, parent.id if parent else None, commit.id)
    return commit


def _size(project: Project) -> int:
    """Bytes of the repository, objects and packs."""
    found = 0
    for folder, _, names in os.walk(project.history / "objects"):
        for name in names:
            with contextlib.suppress(OSError):
                found += os.stat(os.path.join(folder, name)).st_size
    return found


def _head(repository: Repo) -> Commit | None:
    try:
        found = repository.get_object(repository.refs[BRANCH])
    except KeyError:
        return None
    return found if isinstance(found, Commit) else None


def _parent(repository: Repo, commit: Commit) -> Commit | None:
    if not commit.parents:
        return None
    found = repository.get_object(commit.parents[0])
    return found if isinstance(found, Commit) else None


def _find(repository: Repo, version_id: str) -> Commit:
    commit = _head(repository)
    if len(version_id) >= ABBREVIATED:
        while commit is not None:
            if commit.id.decode().startswith(version_id):
                return commit
            commit = _parent(repository, commit)
    raise UnknownVersion(version=version_id[:40])


def _contents(repository: Repo, tree: ObjectID) -> Mapping[str, bytes]:
    entries = iter_tree_contents(repository.object_store, tree)
    return {os.fsdecode(e.path): e.sha for e in entries if e.path is not None and e.sha}


def _name(line: str) -> str:
    return line.partition(" <")[0]
