"""A trap for programs that fill in forms, without asking people to prove anything.

A field that people do not see, and a signed moment: what comes back with the first filled in, or
sooner than anybody reads, was not sent by a person. It works without scripts, for screen readers
(the field says what to do with it) and for forms that waited on a phone without a network.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from markupsafe import Markup

from datalab.errors import LooksAutomatic
from datalab.i18n import Language, translate
from datalab.isolation.private import secret

DECOY = "website"
MOMENT = "_shown"
SOONEST = 1.0  # seconds; outbox.js holds back what a quick finger sends
LATEST = 60 * 86_400.0  # a form may wait long in a phone that was offline
FIELD = Markup(
    '<div class="trap"><label>{label} <input type="text" name="{decoy}" value="" tabindex="-1" '
    'autocomplete="off"></label></div><input type="hidden" name="{moment}" value="{signed}">'
)


class Trap:
    """The trap of a lab whose secrets lie in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def field(self, now: float, language: Language) -> Markup:
        """What a form holds (``trap()`` in a template)."""
        shown = f"{int(now)}"
        return FIELD.format(
            label=translate("Leave this empty", language),
            decoy=DECOY,
            moment=MOMENT,
            signed=f"{shown}.{self._sign(shown)}",
        )

    def caught(self, fields: Mapping[str, Any], now: float) -> bool:
        """Whether no person sent ``fields``."""
        if str(fields.get(DECOY, "")):
            return True
        shown, _, signed = str(fields.get(MOMENT, "")).partition(".")
        if not hmac.compare_digest(signed.encode(), self._sign(shown).encode()):
            return True
        return not SOONEST <= now - int(shown) <= LATEST

    def check(self, fields: Mapping[str, Any], now: float) -> None:
        """Let a person pass.

        Raises
        ------
        LooksAutomatic
        """
        if self.caught(fields, now):
            raise LooksAutomatic

    def _sign(self, shown: str) -> str:
        key = secret(self.folder, "form_key").encode()
        return hmac.new(key, b"shown " + shown.encode(), sha256).hexdigest()[:24]
