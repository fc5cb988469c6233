"""What the commands share with the terminal: settings, moments and numbers as people read them."""

from __future__ import annotations

import getpass
import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalab.i18n import Language

if TYPE_CHECKING:
    from datalab.settings import Settings

NARROW_SPACE = "\u202f"


def settings_of(home: str | None) -> Settings:
    """Settings of the environment, with ``--home`` on top and every path absolute."""
    from datalab.settings import Settings

    said: dict[str, Any] = {} if home is None else {"home": Path(home)}
    settings = Settings(**said)
    absolute = {name: Path(getattr(settings, name)).resolve() for name in ("home", "catalog")}
    return settings.model_copy(update=absolute)


def actor() -> str:
    """Who types, for the audit: no account has a colon in its name."""
    try:
        return f"terminal:{getpass.getuser()}"
    except (KeyError, OSError):
        # Containers run as numbers that no file gives a name.
        return f"terminal:{os.getuid()}"


def number(value: int | float | None, language: Language) -> str:
    """``138 152`` in French, ``138,152`` in English; a dash where there is none."""
    if value is None:
        return "–"
    text = f"{value:,}"
    return text if language == "en" else text.replace(",", NARROW_SPACE)


def moment(iso: str | None, language: Language) -> str:
    """A day and a time in UTC; a dash where there is none."""
    if not iso:
        return "–"
    when = datetime.fromisoformat(iso)
    return f"{when:%Y-%m-%d %H:%M} UTC" if language == "en" else f"{when:%d/%m/%Y %H:%M} UTC"
