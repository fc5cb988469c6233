"""The objects of a depot, by their names: an S3 bucket, or a folder that machines share.

``obstore`` (Rust's object_store) is the client: it needs no service of its own and repeats what a
network lost.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import obstore
from obstore.exceptions import (
    BaseError,
    NotFoundError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)
from obstore.store import from_url

from datalab.depot.manifest import LARGEST, File, Manifest, read
from datalab.errors import DepotAway, DepotBroken, DepotTaken, NoDepot
from datalab.i18n import Phrase
from datalab.settings import Settings

MANIFEST = "manifest.json"
AT_ONCE = 4  # parts of one large file that are sent together
Answer = TypeVar("Answer")


class Missing(Exception):
    """An object that a manifest named is gone: a newer manifest is there."""


class Objects:
    """
    Raises
    ------
    NoDepot
        where no setting names one.
    DepotAway
        by every method.
    """

    def __init__(self, settings: Settings) -> None:
        self.address = settings.depot
        if not self.address:
            raise NoDepot
        options: dict[str, Any] = {}
        if self.address.startswith("s3://"):
            key, _, secret = settings.depot_key.get_secret_value().partition(":")
            config: dict[str, Any] = {"region": settings.depot_region}
            if settings.depot_endpoint:
                config["endpoint"] = settings.depot_endpoint
                config["virtual_hosted_style_request"] = False
            if key:
                config |= {"access_key_id": key, "secret_access_key": secret}
            client = {
                "allow_http": settings.depot_endpoint.startswith("http://"),
                "connect_timeout": "5s",
                "timeout": "300s",
            }
            retries = {"max_retries": 2, "retry_timeout": timedelta(seconds=20)}
            options = {"config": config, "client_options": client, "retry_config": retries}
        try:
            self.store = from_url(self.address, **options)
        except (BaseError, ValueError, TypeError) as error:
            raise self._away(error) from None

    def manifest(self, name: str) -> tuple[Manifest | None, Any]:
        """What is there of access class ``name``, and the mark by which a change of it is seen.

        Raises
        ------
        DepotBroken
        """
        path = f"{name}/{MANIFEST}"
        try:
            found = self._asked(lambda: obstore.get(self.store, path))
        except Missing:
            return None, None
        if found.meta["size"] > LARGEST:
            raise DepotBroken(name=path, reason=Phrase("it is too large"))
        content = bytes(self._asked(found.bytes))
        return read(content, path), found.meta["e_tag"]

    def mark(self, name: str) -> Any:
        """That of what is there now, without its content; None where nothing is."""
        try:
            found = self._asked(lambda: obstore.head(self.store, f"{name}/{MANIFEST}"))
        except Missing:
            return None
        return found["e_tag"]

    def put_manifest(self, name: str, manifest: Manifest, seen: Any) -> Any:
        """Put it in place of the one that was ``seen``; returns its mark.

        Raises
        ------
        DepotTaken
            where somebody else was quicker, as far as the store watches over that.
        """
        path, content = f"{name}/{MANIFEST}", manifest.as_bytes()
        conditional = seen is not None and self.address.startswith("s3://")
        mode: Any = {"e_tag": seen} if conditional else "overwrite"
        try:
            return self._asked(lambda: obstore.put(self.store, path, content, mode=mode))["e_tag"]
        except PreconditionError:
            reason = Phrase("somebody else published at the same moment")
            raise DepotTaken(name=name, reason=reason) from None

    def held(self, name: str) -> set[str]:
        """The hashes of the files that lie there of an access class."""
        prefix = f"{name}/files/"
        pages = self._asked(lambda: list(obstore.list(self.store, prefix)))
        return {one["path"].rpartition("/")[2] for page in pages for one in page}

    def names(self) -> list[str]:
        """The access classes that something lies of."""
        found = self._asked(lambda: obstore.list_with_delimiter(self.store))
        return sorted(path.strip("/") for path in found["common_prefixes"])

    def put(self, name: str, file: File, content: Path | bytes) -> None:
        path = f"{name}/files/{file.sha256}"
        self._asked(lambda: obstore.put(self.store, path, content, max_concurrency=AT_ONCE))

    def fetch(self, name: str, file: File, target: Path) -> None:
        """Write an object to ``target``, which is removed again where it is not that file.

        Raises
        ------
        Missing, DepotBroken
        """
        found = self._asked(lambda: obstore.get(self.store, f"{name}/files/{file.sha256}"))
        digest, size = hashlib.sha256(), 0
        try:
            with target.open("wb") as written:
                for part in self._parts(found):
                    size += len(part)
                    if size > file.size:
                        break
                    digest.update(part)
                    written.write(part)
            if (size, digest.hexdigest()) != (file.size, file.sha256):
                raise DepotBroken(
                    name=f"{name}/files/{file.sha256}", reason=Phrase("its content changed")
                )
        except BaseException:
            target.unlink(missing_ok=True)
            raise

    def delete(self, name: str, hashes: Iterable[str]) -> None:
        paths = [f"{name}/files/{one}" for one in hashes]
        if paths:
            self._asked(lambda: obstore.delete(self.store, paths))

    def delete_manifest(self, name: str) -> None:
        self._asked(lambda: obstore.delete(self.store, f"{name}/{MANIFEST}"))

    # -- what a store answers -------------------------------------------------------------

    def _parts(self, found: Any) -> Iterator[bytes]:
        parts = iter(found.stream())
        while (part := self._asked(lambda: next(parts, None))) is not None:
            yield part

    def _asked(self, ask: Callable[[], Answer]) -> Answer:
        with self._told():
            return ask()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (NotFoundError, FileNotFoundError):
            raise Missing from None
        except PreconditionError:
            raise
        except (BaseError, OSError) as error:
            raise self._away(error) from None

    def _away(self, error: Exception) -> DepotAway:
        said = str(error)
        reason: Phrase | str = Phrase("there is no connection to it")
        if isinstance(error, PermissionDeniedError | UnauthenticatedError):
            reason = Phrase("it refuses the key of this lab")
        elif not any(sign in said for sign in ("error sending request", "timed out", "dns error")):
            # Its first line: after it come the request and the answer as they were.
            reason = (said.strip().splitlines() or [type(error).__name__])[0][:200]
        return DepotAway(depot=self.address, reason=reason)
