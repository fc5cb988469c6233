"""Part: what came of a body that broke off, kept so that the rest alone is asked for.

Only a body with a strong validator is kept (RFC 9110, 13.1.5): the server then sends the rest of
the very same bytes, or all of the new ones.
"""

from __future__ import annotations

import email.utils
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import httpx

_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


class Part:
    """The part called ``name`` in ``folder``: its bytes, and beside them what they belong to."""

    def __init__(self, folder: Path, name: str) -> None:
        called = hashlib.sha256(name.encode()).hexdigest()[:16]
        self.path = folder / f".resume-{called}"
        self._facts = folder / f".resume-{called}.json"

    def conditions(self) -> dict[str, str]:
        """Headers that ask for the rest alone; empty where nothing useful was kept."""
        validator, size = self._validator(), self.size
        if validator is None or size == 0:
            return {}
        return {"Range": f"bytes={size}-", "If-Range": validator}

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.is_file() else 0

    def total_of(self, response: httpx.Response) -> int | None:
        """Size of the whole where this answer (206) goes on exactly where the part ends."""
        found = _RANGE.fullmatch(response.headers.get("content-range", "").strip())
        if found is None or validator_of(response.headers) not in {None, self._validator()}:
            return None
        first, last, total = (int(number) for number in found.groups())
        return total if first == self.size and last == total - 1 else None

    def begin(self, response: httpx.Response) -> bool:
        """Forget what was kept, and say whether this answer (200) could be gone on with."""
        self.forget()
        validator = validator_of(response.headers)
        encoded = response.headers.get("content-encoding", "identity") != "identity"
        if validator is None or encoded:
            return False
        self._facts.write_text(json.dumps({"validator": validator}), "utf-8")
        return True

    def forget(self) -> None:
        self.path.unlink(missing_ok=True)
        self._facts.unlink(missing_ok=True)

    def _validator(self) -> str | None:
        try:
            facts: Any = json.loads(self._facts.read_text("utf-8"))
            return str(facts["validator"])
        except (OSError, ValueError, KeyError, TypeError):
            return None


def validator_of(headers: httpx.Headers) -> str | None:
    """The strong validator of an answer, if it has one.

    A date is strong only where it lies well before the answer: within one second a file may be
    written twice (RFC 9110, 8.8.2.2; a minute, as that section advises where clocks differ).
    """
    etag = str(headers.get("etag", ""))
    if etag.startswith('"'):
        return etag
    modified = headers.get("last-modified")
    try:
        answered = email.utils.parsedate_to_datetime(headers["date"])
        age = answered - email.utils.parsedate_to_datetime(str(modified))
        return str(modified) if age.total_seconds() >= 60 else None
    except (KeyError, TypeError, ValueError):
        return None
