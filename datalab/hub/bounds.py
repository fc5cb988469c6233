"""What an answer of a notebook server may change in a browser: nothing outside its own addresses.

Servers run anybody's code and answer at the address of the hub and the portal. A few headers speak
for the whole site, or for addresses of others; from a server they are taken off or cut down.
"""

from __future__ import annotations

from collections.abc import Mapping

SERVERS = "/user/"
# Each is kept by the browser for the whole site: a script that answers in its place, what it
# deletes, whom it tells about every address visited, how it may be reached from now on.
OF_THE_SITE = {
    "accept-ch",
    "alt-svc",
    "clear-site-data",
    "nel",
    "public-key-pins",
    "report-to",
    "reporting-endpoints",
    "service-worker-allowed",
    "set-login",
    "strict-transport-security",
}


def refused(prefix: str, headers: Mapping[str, str]) -> bool:
    """Whether a request to what lies at ``prefix`` is not passed on.

    A service worker outlives the page that brought it. Browsers say when they fetch one (Service
    Workers, "Update"), and JupyterLab needs none.
    """
    return prefix.startswith(SERVERS) and "Service-Worker" in headers


def held(prefix: str, name: str, value: str) -> str | None:
    """The value of a header of an answer from ``prefix``, None where it is taken off."""
    if not prefix.startswith(SERVERS):
        return value
    if name.lower() in OF_THE_SITE:
        return None
    return cookie(prefix, value) if name.lower() == "set-cookie" else value


def cookie(prefix: str, value: str) -> str:
    """A cookie for addresses below ``prefix`` only, and for this host.

    Of several attributes of a name the last one counts (RFC 6265, section 5.3), and without a path
    the address that was asked for decides, which may be above.
    """
    own = prefix.rstrip("/") + "/"
    path, kept = own, []
    for place, part in enumerate(value.split(";")):
        attribute, _, given = part.partition("=")
        word = attribute.strip().lower()
        if place and word == "path":
            path = given.strip()
        elif not place or word != "domain":
            kept.append(part.strip())
    return "; ".join([*kept, f"Path={path if path.startswith(own) else own}"])
