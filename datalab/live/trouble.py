"""What keeps a document from being saved, told once to those who write it, and its end."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any, Literal

from jupyter_server_ydoc.utils import LogLevel

from datalab.i18n import language_of, translate

Kind = Literal["full", "unsaved"]


class Trouble:
    """``emit`` sends an event that JupyterLab shows as a notification to all who are here."""

    def __init__(self, emit: Callable[[LogLevel, str | None, str | None], None]) -> None:
        self._emit = emit
        self.kind: Kind | None = None
        self.message = ""

    def raised(self, kind: Kind, error: Exception | None = None) -> None:
        """Say it, unless it was said."""
        if kind == "unsaved" and is_full(error):
            kind = "full"
        if self.kind in {kind, "full"}:
            return
        self.kind = kind
        if kind == "full":
            self.message = translate(
                "The project's disk space is used up. What you type is kept as long as the lab's "
                "reserve lasts: delete now what is no longer needed.",
                language_of(),
            )
        else:
            self.message = translate(
                "The file cannot be written now ({reason}). What you type is kept by the lab; it "
                "goes on trying.",
                language_of(),
                reason=" ".join(str(error).split())[:200],
            )
        self._emit(LogLevel.ERROR, None, self.message)

    def settled(self) -> None:
        """The file holds everything again."""
        if self.kind is None:
            return
        self.kind, self.message = None, ""
        self._emit(
            LogLevel.WARNING,
            None,
            translate("Everything is saved in the file again.", language_of()),
        )


def is_full(error: Any) -> bool:
    """Whether an error, or what caused it, is a disk without space."""
    seen = error
    while seen is not None:
        if getattr(seen, "errno", None) in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            return True
        if "No space left" in str(seen) or "quota exceeded" in str(seen).lower():
            return True
        seen = seen.__cause__ or seen.__context__
    return False
