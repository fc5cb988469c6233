"""Which worker of the portal answers whom: the same one for a browser, as long as it runs.

What a page listens to and a run that it follows live in one process. Workers are ordered for each
browser by highest random weight (Thaler and Ravishankar 1998): when one goes, only those that it
had go to another, and they come back with it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

# Who is signed in stays with one; whoever is not, by what the portal gave this browser.
COOKIES = ("datalab-person", "datalab-visitor")


def key_of(token: str, cookies: Mapping[str, str], address: str) -> str:
    """What stands for a program (its token, whose quota is counted there) or a browser.

    Its address, where it has shown nothing else yet.
    """
    return token or next((cookies[name] for name in COOKIES if cookies.get(name)), address)


def order(key: str, workers: Sequence[str]) -> list[str]:
    """``workers``, the one that answers ``key`` first, then who does where it is gone."""

    def weight(worker: str) -> bytes:
        return hashlib.blake2b(f"{worker} {key}".encode(), digest_size=8).digest()

    return sorted(workers, key=weight, reverse=True)
