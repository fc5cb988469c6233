"""A flag from a notebook: through the hub, which knows whose notebook it is, to the portal."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from datalab.errors import FlagNotSent, FlagReturned
from datalab.i18n import Language, Phrase, translate
from datalab.notebook import message

if TYPE_CHECKING:
    from datalab.notebook.dataset import Dataset


@dataclass(frozen=True)
class Flagged:
    """What became of it. ``page`` is where the answer will stand."""

    id: str
    said: str
    page: str
    language: Language

    def __repr__(self) -> str:
        return f"{self.said} {self.page}"

    def _repr_html_(self) -> str:
        words = escape(translate("See the answer there", self.language))
        return f'<p>{escape(self.said)} <a href="{escape(self.page)}">{words}</a></p>'


def send(dataset: Dataset, text: str, column: str | None, row: object, receipt: str) -> Flagged:
    """Send a flag on ``dataset`` in the name of this server's account.

    Raises
    ------
    FlagNotSent, FlagReturned
    """
    language = dataset.language
    portal = dataset.lab.portal_url or os.environ.get("DATALAB_PORTAL_URL") or ""
    page = f"{portal}datasets/{quote(dataset.id)}/flag"
    document = {
        "text": str(text),
        "column": column or "",
        "row": _row(dataset, row),
        "snapshot": dataset.snapshot,
        "receipt": receipt or secrets.token_urlsafe(18),
    }
    sent = message.send(f"flags/{quote(dataset.id)}", document, language)
    if sent is None:
        reason = Phrase("this notebook does not run in the lab")
        raise FlagNotSent(reason=reason, page=page).in_language(language)
    status, answer = sent.status, sent.document
    if status == 201:
        shown = f"{portal}datasets/{quote(dataset.id)}#flags"
        return Flagged(str(answer.get("id")), str(answer.get("said")), shown, language)
    told = answer.get("error")
    if status == 422 and isinstance(told, dict):
        raise FlagReturned(sentence=str(told.get("message"))).in_language(language)
    reason = Phrase("the lab answered {status}", status=status)
    raise FlagNotSent(reason=reason, page=page).in_language(language)


def _row(dataset: Dataset, row: object) -> object:
    """A row as the portal reads it: by key, or by number."""
    if row is None or isinstance(row, Mapping):
        return {str(name): _plain(value) for name, value in (row or {}).items()}
    key = dataset.entry.dataset.get("key") or []
    if isinstance(row, int) and not isinstance(row, bool):
        return {"row": row}
    return {str(key[0]): _plain(row)} if len(key) == 1 else {"row": _plain(row)}


def _plain(value: Any) -> Any:
    """Numbers of numpy and dates as JSON holds them."""
    if hasattr(value, "item"):
        value = value.item()
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
