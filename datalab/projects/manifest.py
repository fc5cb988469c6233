"""``project.yaml``: what a project is, who is in it, what it reads. The truth about a project."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from datalab.catalog.dataset import Text
from datalab.errors import InvalidManifest
from datalab.people.rights import ProjectRole

SLUG = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
SHORTEST, LONGEST = 3, 40
LARGEST = 200_000  # bytes of a manifest
Status = Literal["active", "archived", "deleted"]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Member(Strict):
    """One account of the project and what it may do there."""

    account: str
    role: ProjectRole
    since: datetime | None = None

    def is_held(self, born: float) -> bool:
        """Whether an account made at ``born`` (seconds) can be the one that was let in.

        A name that is free again may come to somebody else, who must inherit nothing.
        """
        # ``since`` is cut to whole seconds.
        return self.since is None or born < self.since.timestamp() + 1


class NotebookNote(Strict):
    """What the manifest says about one notebook; those it does not name are part of it too."""

    file: str
    language: Literal["fr", "en"] = "fr"
    title: Text | None = None


class PageNote(Strict):
    """A notebook that a lab publishes by itself where the project comes with it.

    ``pictures`` says in a sentence each what is to be seen in the pictures and maps of the page,
    in their order and in the notebook's language.
    """

    notebook: str
    title: Text
    summary: Text
    pictures: tuple[str, ...] = ()


class ToolNote(Strict):
    """A page of the portal that the project needs beside its notebooks; ``address`` is relative
    to the portal."""

    address: str = Field(pattern=r"^([a-z0-9][a-z0-9-]*/)+$", max_length=100)
    title: Text
    summary: Text


class Manifest(Strict):
    """The file, key by key. Times are UTC."""

    id: str = Field(pattern=f"^{SLUG}$", min_length=SHORTEST, max_length=LONGEST)
    title: Text
    purpose: Text
    language: Literal["fr", "en"] = "fr"
    license: str = "mit"
    members: tuple[Member, ...] = ()
    datasets: tuple[str, ...] = ()
    notebooks: tuple[NotebookNote, ...] = ()
    pages: tuple[PageNote, ...] = ()
    tools: tuple[ToolNote, ...] = ()
    template: str | None = None
    created_by: str | None = None
    created_at: datetime | None = None
    status: Status = "active"
    status_at: datetime | None = None

    def language_of(self, notebook: str) -> Literal["fr", "en"]:
        """The language a notebook is written in."""
        noted = {note.file: note.language for note in self.notebooks}
        return noted.get(notebook, self.language)

    def role_of(self, account: str, born: float = 0.0) -> ProjectRole | None:
        """The role of an account, None for who is not a member.

        With ``born``, when the account was made: of that very account, not of an earlier holder
        of its name.
        """
        return next(
            (m.role for m in self.members if m.account == account and m.is_held(born)), None
        )

    @property
    def owners(self) -> tuple[str, ...]:
        return tuple(m.account for m in self.members if m.role == "owner")

    @property
    def writers(self) -> tuple[str, ...]:
        """Those who get the shared server: owners and editors."""
        return tuple(m.account for m in self.members if m.role in {"owner", "editor"})


# A file that is what it was is not parsed again: every start of a server looks at every manifest.
# Written ones are new files, so that no two have the same stamp.
MOST_KNOWN = 5_000
_KNOWN: dict[Path, tuple[tuple[int, ...], Manifest]] = {}


def read(path: Path) -> Manifest:
    """The manifest in a file.

    Raises
    ------
    InvalidManifest
        naming the file, the key and what is wrong with it.
    """
    try:
        found = path.stat()
        if found.st_size > LARGEST:
            raise InvalidManifest(path=str(path), reason=f"more than {LARGEST} bytes")
        stamp = (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)
        known = _KNOWN.get(path)
        if known is not None and known[0] == stamp:
            return known[1]
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        manifest = Manifest.model_validate(document)
        if len(_KNOWN) >= MOST_KNOWN:
            _KNOWN.clear()
        _KNOWN[path] = (stamp, manifest)
        return manifest
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "project.yaml"
        raise InvalidManifest(path=str(path), reason=f"{key}: {first['msg']}") from None
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())[:300]
        raise InvalidManifest(path=str(path), reason=reason) from None


def write(path: Path, manifest: Manifest) -> None:
    """Replace the manifest in one step; readers see the old one or the new one."""
    document = manifest.model_dump(mode="json", exclude_defaults=True)
    text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=100)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.chmod(temporary, 0o644)  # the project reads its manifest under its own uid
    os.replace(temporary, path)


def moment(seconds: float) -> datetime:
    """Seconds since the epoch as the manifest writes them."""
    return datetime.fromtimestamp(int(seconds), UTC)
