"""Which addresses of the network a source may be fetched from.

A YAML file, and any server it redirects to, could otherwise make the lab read what only the lab
can reach: the hub's own interfaces, a cloud's metadata service, a printer. Names are resolved
here, once, and the connection goes to exactly the address that was looked at, so a name that
answers differently the second time gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from urllib.request import getproxies, proxy_bypass

import httpx

from datalab.i18n import Phrase

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Forbidden(Exception):
    """This address is not fetched; ``reason`` says why."""

    def __init__(self, reason: Phrase) -> None:
        super().__init__(reason)
        self.reason = reason


def is_public(address: Address) -> bool:
    """Whether ``address`` belongs to the open internet, also when one hides in the other."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.teredo is not None or address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def addresses_of(url: httpx.URL, allow_private: bool) -> list[str]:
    """The addresses that the host of ``url`` has, all of them allowed.

    Raises
    ------
    Forbidden
        for another protocol than HTTP(S), and where any address is not public.
    httpx.ConnectError
        where the name has no address.
    """
    if url.scheme not in {"http", "https"} or not url.host:
        raise Forbidden(Phrase("only http and https addresses are fetched"))
    if url.userinfo:
        raise Forbidden(Phrase("an address with a user name or a password in it is not fetched"))
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpx.ConnectError(f"no address: {error}") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not allow_private:
        for address in addresses:
            if not is_public(ipaddress.ip_address(address.partition("%")[0])):
                raise Forbidden(
                    Phrase(
                        "{host} is an address of a private network; 'allow_private: true' in the "
                        "source permits it",
                        host=url.host,
                    )
                )
    return addresses


class CheckedTransport(httpx.HTTPTransport):
    """Connects to an address that was checked, under the name that was asked for.

    Connections are never kept: the next request, a redirect for instance, is checked anew.
    """

    def __init__(self, allow_private: bool, secure: bool = True) -> None:
        super().__init__(
            # Reading the certificates takes longer than a small answer: only where one is needed.
            verify=httpx.create_ssl_context() if secure else False,
            limits=httpx.Limits(max_keepalive_connections=0),
            trust_env=False,  # a proxy would connect for us, see proxy_for
        )
        self._allow_private, self._secure = allow_private, secure

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        failure: Exception = httpx.ConnectError("no address")
        name = request.url.host
        if request.url.scheme == "https" and not self._secure:
            raise httpx.ConnectError("this transport checks no certificate")
        for address in addresses_of(request.url, self._allow_private)[:3]:
            there = httpx.Request(
                request.method,
                request.url.copy_with(host=address),
                headers=request.headers,  # Host stays the name that was asked for
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": name},
            )
            try:
                return super().handle_request(there)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure


def client_for(url: httpx.URL, timeout: float) -> httpx.Client:
    """A client that reaches ``url`` where it is public, and nothing else. It follows no redirect.

    Raises
    ------
    Forbidden, httpx.ConnectError
    """
    proxy = proxy_for(url)
    if proxy is None:
        return httpx.Client(transport=CheckedTransport(allow_private=False), timeout=timeout)
    addresses_of(url, allow_private=False)  # behind a proxy, it is the proxy that connects
    return httpx.Client(proxy=proxy, timeout=timeout)


def proxy_for(url: httpx.URL, proxies: Mapping[str, str] | None = None) -> str | None:
    """The proxy that this machine prescribes for ``url``, if any."""
    known = getproxies() if proxies is None else proxies
    if proxy_bypass(url.host):
        return None
    return known.get(url.scheme) or known.get("all")
