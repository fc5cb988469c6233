"""Where pip would look for a package here, and which archives of one version lie there.

Owns pip's settings (index, mirrors, folders, certificate, proxy) as this installation has them:
the files that ``pip config`` reads and the ``PIP_*`` variables. No index is written anywhere in
the lab, and no address read here leaves this module in a message: it may carry a password.
"""

from __future__ import annotations

import ast
import logging
import ssl
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

import httpx

from datalab.connectors.transfer import PATIENT, TIMEOUT, TRANSIENT, Patience, reason_of
from datalab.i18n import Phrase

if TYPE_CHECKING:
    from unearth import Link

MOST_ARCHIVES = 4
LARGEST_PAGE = 64 << 20


@dataclass(frozen=True)
class IndexSettings:
    """pip's own settings, by their pip names."""

    index_url: str | None = None
    extra_index_url: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    no_index: bool = False
    trusted_host: tuple[str, ...] = ()
    cert: str | None = None
    client_cert: str | None = None
    proxy: str | None = None

    @classmethod
    @cache
    def of_pip(cls) -> IndexSettings:
        """The settings of the pip beside this Python; its defaults where there is no pip.

        pip is asked rather than its files read: only it knows which files count here. Asking takes
        half a second, so it is done once in the life of a process.
        """
        asked = subprocess.run(
            [sys.executable, "-m", "pip", "config", "list"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return cls.from_listing(asked.stdout.splitlines() if asked.returncode == 0 else ())

    @classmethod
    def from_listing(cls, lines: Iterable[str]) -> IndexSettings:
        """From the lines ``section.key='value'`` of ``pip config list``.

        The section of a command stands above ``global``, and a variable above both, as in pip.
        """
        ranks = {"global": 0, "download": 1, "install": 2, ":env:": 3}
        found: dict[str, tuple[int, str]] = {}
        for line in lines:
            name, equals, written = line.partition("=")
            section, _, key = name.strip().rpartition(".")
            rank = ranks.get(section)
            if not equals or rank is None:
                continue
            try:
                value = str(ast.literal_eval(written.strip()))
            except (ValueError, SyntaxError):
                continue
            key = key.replace("_", "-")
            if rank >= found.get(key, (-1, ""))[0]:
                found[key] = (rank, value)
        values = {key: value for key, (_, value) in found.items()}
        return cls(
            index_url=values.get("index-url"),
            extra_index_url=tuple(values.get("extra-index-url", "").split()),
            find_links=tuple(values.get("find-links", "").split()),
            no_index=values.get("no-index", "").lower() in {"1", "true", "yes", "on", "y", "t"},
            trusted_host=tuple(values.get("trusted-host", "").split()),
            cert=values.get("cert"),
            client_cert=values.get("client-cert"),
            proxy=values.get("proxy"),
        )

    @property
    def indexes(self) -> tuple[str, ...]:
        """Addresses of the indexes, the one that stands for all others first."""
        if self.no_index:
            return ()
        return tuple(_address(url) for url in (self.index_url or _default(), *self.extra_index_url))


def _address(index: str) -> str:
    """An index may be given as a folder of this machine."""
    return index if "://" in index else Path(index).resolve().as_uri()


def _default() -> str:
    """The index that unearth, as pip, asks where nothing is configured."""
    from unearth import PackageFinder

    return str(PackageFinder().sources[0]["url"])


class Session:
    """What unearth asks pages from: HTTP by httpx with our patience, ``file:`` by the disk.

    ``failures`` are the sources that did not answer; unearth goes on to the next one.
    """

    def __init__(self, settings: IndexSettings, patience: Patience = PATIENT) -> None:
        self.settings, self.patience = settings, patience
        self.failures: list[Phrase] = []
        self._credentials: dict[str, httpx.BasicAuth] = {}
        for url in (*settings.indexes, *settings.find_links):
            parts = urlsplit(url)
            if parts.username is not None and parts.hostname:
                self._credentials[_host(url)] = httpx.BasicAuth(
                    unquote(parts.username), unquote(parts.password or "")
                )
        self._clients: dict[bool, httpx.Client] = {}

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients.values():
            client.close()

    def client(self, url: str) -> httpx.Client:
        """The client for ``url``: one that checks certificates, one for hosts trusted without."""
        trusted = self._trusts(url)
        if trusted not in self._clients:
            try:
                verify: ssl.SSLContext | bool = False if trusted else self._context()
                self._clients[trusted] = httpx.Client(
                    verify=verify,
                    proxy=self.settings.proxy or None,
                    timeout=TIMEOUT,
                    follow_redirects=True,
                    max_redirects=5,
                )
            except (OSError, ValueError) as error:  # pip's cert, client-cert or proxy is wrong
                raise httpx.UnsupportedProtocol(type(error).__name__) from None
        return self._clients[trusted]

    def open(self, url: str, headers: Mapping[str, str]) -> httpx.Response:
        """A streaming response, with the credentials of the index on the same host."""
        client = self.client(url)
        request = client.build_request("GET", _bare(url), headers=dict(headers))
        return client.send(request, stream=True, auth=self._credentials.get(_host(url)))

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return self._ask("GET", url, headers or {})

    def head(self, url: str, *, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return self._ask("HEAD", url, headers or {})

    @contextmanager
    def get_stream(
        self, url: str, *, headers: Mapping[str, str] | None = None
    ) -> Iterator[httpx.Response]:
        yield self.get(url, headers=headers)

    def iter_secure_origins(self) -> Iterator[tuple[str, str, str]]:
        """Plain HTTP is asked only on this machine or where pip was told to trust the host."""
        yield from (("https", "*", "*"), ("file", "*", "*"), ("*", "localhost", "*"))
        yield from (("*", "127.0.0.0/8", "*"), ("*", "::1/128", "*"))
        for host in self.settings.trusted_host:
            name, _, port = host.partition(":")
            yield ("*", name, port or "*")

    def _ask(self, method: str, url: str, headers: Mapping[str, str]) -> httpx.Response:
        request = httpx.Request(method, _bare(url))
        if urlsplit(url).scheme == "file":
            return _from_disk(request, url)
        attempt = 0
        while True:
            response: httpx.Response | None = None
            try:
                client = self.client(url)
                response = client.request(
                    method,
                    _bare(url),
                    headers=dict(headers),
                    auth=self._credentials.get(_host(url)),
                )
                if response.status_code not in TRANSIENT:
                    if response.status_code in {401, 403}:
                        self.failures.append(Phrase("the package index refused the access"))
                    return response
                reason = Phrase("error {status}", status=response.status_code)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                reason = reason_of(error)
            wait = self.patience.wait(attempt, response)
            if wait is None:
                self.failures.append(reason)
                return httpx.Response(503, request=request)
            self.patience.sleep(wait)
            attempt += 1

    def _trusts(self, url: str) -> bool:
        parts = urlsplit(url)
        names = {parts.hostname or "", f"{parts.hostname}:{parts.port}"}
        return not names.isdisjoint(self.settings.trusted_host)

    def _context(self) -> ssl.SSLContext:
        context = httpx.create_ssl_context()
        context.load_default_certs()
        if self.settings.cert:
            cert = Path(self.settings.cert)
            folder = cert.is_dir()
            context.load_verify_locations(
                cafile=None if folder else str(cert), capath=str(cert) if folder else None
            )
        if self.settings.client_cert:
            context.load_cert_chain(self.settings.client_cert)
        return context


def archives(package: str, version: str, session: Session) -> Iterator[Link]:
    """Archives of exactly this version, source after source, a few of each.

    Folders of this machine come first, and the next source is asked only when the caller goes on.
    Within one, wheels that run anywhere come first; but a wheel for another platform is as good as
    any, since nothing of it is run.
    """
    from unearth import PackageFinder

    # A source that does not answer is in ``failures``, and said in the reader's language there.
    # Without a handler Python prints unearth's own English line on the terminal as well.
    log = logging.getLogger("unearth")
    if not log.handlers:
        log.addHandler(logging.NullHandler())
    settings = session.settings
    places = [(link, "find_links") for link in settings.find_links if _is_there(link)]
    places += [(url, "index") for url in settings.indexes]
    places.sort(key=lambda place: not _is_local(place[0]))
    for url, kind in places:
        pages: Any = session  # its responses are httpx's, unearth's types name httpx2's
        finder = PackageFinder(
            pages,
            index_urls=[url] if kind == "index" else [],
            find_links=[url] if kind == "find_links" else [],
            trusted_hosts=settings.trusted_host,
            ignore_compatibility=True,
        )
        found: dict[str, Link] = {}
        try:
            for candidate in finder.find_all_packages(package, allow_yanked=True):
                if _same(candidate.version, version) and not candidate.link.is_vcs:
                    found.setdefault(candidate.link.filename, candidate.link)
        except ValueError:  # a page that is no page of an index
            session.failures.append(Phrase("the package index sent a page that cannot be read"))
        yield from sorted(found.values(), key=_preference)[:MOST_ARCHIVES]


def _same(found: str | None, wanted: str) -> bool:
    from packaging.version import InvalidVersion, Version

    try:
        return found is not None and Version(found) == Version(wanted)
    except InvalidVersion:
        return found == wanted


def _preference(link: Link) -> tuple[int, int, str]:
    """Wheels for Windows come last: one was seen whose text files have other line ends."""
    pure = link.filename.endswith("-none-any.whl")
    kind = 0 if pure else 1 if not link.is_wheel else 3 if "-win" in link.filename else 2
    return kind, 0 if link.is_file else 1, link.filename


def local_path(link: Link) -> Path | None:
    """The file that a ``file:`` link names, or None for a remote one."""
    if not link.is_file:
        return None
    return Path(url2pathname(unquote(urlsplit(link.url_without_fragment).path)))


def _is_local(place: str) -> bool:
    return "://" not in place or place.startswith("file:")


def _is_there(link: str) -> bool:
    return "://" in link or Path(link).exists()


def _from_disk(request: httpx.Request, url: str) -> httpx.Response:
    path = Path(url2pathname(urlsplit(url).path))
    try:
        if request.method != "GET" or path.stat().st_size > LARGEST_PAGE:
            return httpx.Response(405, request=request)
        content = path.read_bytes()
    except OSError:
        return httpx.Response(404, request=request)
    kind = "application/vnd.pypi.simple.v1+json" if path.suffix == ".json" else "text/html"
    return httpx.Response(200, content=content, headers={"Content-Type": kind}, request=request)


def _bare(url: str) -> str:
    """``url`` without user and password: they travel in a header, never in an address."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _host(url: str) -> str:
    parts: Any = urlsplit(url)
    return f"{parts.hostname}:{parts.port or ''}"
