"""Why a server did not start, told to the person who waits for it.

The last lines of the server's own log are shown with whatever could open something taken out.
"""

from __future__ import annotations

import re
from pathlib import Path

from jupyterhub.spawner import SpawnException

from datalab.i18n import Language, translate

LINES, WIDEST, TAIL = 15, 300, 40_000
PLAIN = "plain"  # the option of a start without the home's own settings
# Tokens and keys of the hub and of Jupyter are 32 and more characters without a break.
LONG = re.compile(r"[A-Za-z0-9_\-+/=]{32,}")
NAMED = re.compile(
    r"(?i)\b(authorization|bearer|token|secret|password|cookie|key|code|state)(\W{1,4})([^\s,;&\"')]+)"
)
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[^\x20-\x7e\xa0-\U0010ffff]")


def size(log: Path) -> int:
    """Where a log ends now, so that its next lines can be told from the earlier ones."""
    try:
        return log.stat().st_size
    except OSError:
        return 0


def last_lines(log: Path, start: int, private: tuple[Path, ...]) -> list[str]:
    """What was written since ``start``, without tokens and without paths below ``private``."""
    try:
        with log.open("rb") as file:
            end = file.seek(0, 2)
            file.seek(max(min(start, end), end - TAIL))
            text = file.read(TAIL).decode(errors="replace")
    except OSError:
        return []
    lines = [clean(line, private) for line in text.splitlines()]
    return [line for line in lines if line.strip()][-LINES:]


def clean(line: str, private: tuple[Path, ...]) -> str:
    """One line as a stranger may read it."""
    line = CONTROL.sub(" ", line).rstrip()
    for folder in private:
        line = re.sub(re.escape(str(folder)) + r"[^\s:'\"]*", "…", line)
    line = NAMED.sub(r"\1\2…", line)
    # Paths are long too, and are what one looks for.
    line = LONG.sub(lambda found: found[0] if "/" in found[0][1:] else "…", line)
    return line if len(line) <= WIDEST else line[: WIDEST - 1] + "…"


def failure(
    reason: str,
    account: str,
    language: Language,
    lines: list[str],
    said: str = "",
) -> SpawnException:
    """The error of a start. ``lines`` are shown as they are, ``said`` replaces the sentence."""
    message = said or translate(
        "Try again in a moment; if it happens again, tell the operator, who finds the reason in "
        "{log}.",
        language,
        log=f"server-{account}.log",
    )
    error = SpawnException(message, reason=reason, status_code=500)
    error.lines = lines
    error.jupyterhub_message = message  # what the hub's page of a failure shows
    return error
