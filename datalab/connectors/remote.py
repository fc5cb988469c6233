"""Addresses of the web in a YAML: what may stand there, and how a question is added to them."""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import quote, urlencode, urlsplit

from pydantic import ConfigDict, Field

from datalab.catalog import dataset as catalog


class RemoteSource(catalog.Source):
    """What the connectors of the open web share."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    remote: ClassVar[bool] = True

    allow_private: bool = Field(
        False, description="whether the address may belong to a private network"
    )


def fetchable(url: str) -> str:
    """``url`` where it can be one that a YAML names.

    Raises
    ------
    ValueError
        with the sentence for who wrote it.
    """
    try:
        parts = urlsplit(url)
        wrong = parts.scheme not in {"http", "https"} or not parts.hostname
    except ValueError:
        wrong = True
    if wrong or any(letter.isspace() for letter in url):
        raise ValueError("an address that starts with https:// or http:// is expected here")
    if parts.username is not None or parts.password is not None:
        raise ValueError("no user name or password belongs into an address that everybody reads")
    return url


def address(base: str, *steps: str, **query: object) -> str:
    """``base/step/step?key=value``; keys without a value (None) are left out."""
    path = "/".join([base.rstrip("/"), *(quote(step, safe="") for step in steps)])
    asked = {key: value for key, value in query.items() if value is not None}
    if not asked:
        return path
    return f"{path}{'&' if '?' in path else '?'}{urlencode(asked)}"
