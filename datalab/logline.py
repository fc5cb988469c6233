"""What a part of the lab writes into its log: one JSON object a line, without personal data.

Whoever watches a lab reads logs with a program. A line says when, which part, how serious, what,
and of an error its kind and the places in the code, never its words: those of a database repeat
the values that it refused. What looks like an address, a telephone number, a key or a network
address is blanked in every text. Errors go into ``failures.log`` as well, of all parts together.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from datalab.errors import DatalabError

FAILURES = "failures.log"
LONGEST = 2_000  # characters of a text
DEEPEST = 12  # places of a trace
BLANK = "[…]"
# E-mail; telephone (French, or with a country); network addresses; keys, links and receipts.
PRIVATE = re.compile(
    r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"
    r"|(?<![\w.])(?:\+\d{1,3}|00\d{2}|0)[\s.\-]?\(?\d\)?(?:[\s.\-]?\d{2}){4}(?!\w)"
    r"|(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])"
    r"|(?<![\w:])(?:[0-9a-fA-F]{1,4}:){3,7}[0-9a-fA-F]{1,4}(?![\w:])"
    r"|(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{24,}(?![\w-])"
    # Accounts, where an address of the hub names one.
    r"|(?<=/users/)[^/\s?]+|(?<=/user/)[^/\s?]+|(?<=/spawn/)[^/\s?]+|(?<=/spawn-pending/)[^/\s?]+"
    r"|(?<=/shares/)[^/\s?]+|(?<=/rejoindre/)[^/\s?]+"
)
LOOPBACK = ("127.0.0.1", "0.0.0.0")  # noqa: S104 - addresses that are nobody's


def blanked(text: str) -> str:
    """``text`` without what may be somebody's."""
    kept = PRIVATE.sub(lambda found: found[0] if found[0] in LOOPBACK else BLANK, text)
    return kept if len(kept) <= LONGEST else kept[:LONGEST] + "…"


class Lines(logging.Formatter):
    """Records as JSON lines; ``part`` is the part of the lab that writes them."""

    def __init__(self, part: str = "hub", *rest: Any, **more: Any) -> None:
        super().__init__()
        self.part = part if part.isidentifier() else "hub"

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "part": self.part,
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": blanked(_said(record)),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = described(*record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def _said(record: logging.LogRecord) -> str:
    """The words of a record; of an error among its facts only the kind."""
    given = record.args
    if isinstance(given, tuple):
        named = tuple(_named(one) for one in given)
        try:
            return str(record.msg) % named if named else str(_named(record.msg))
        except (TypeError, ValueError):
            pass
    return record.getMessage()


def _named(one: Any) -> Any:
    if isinstance(one, BaseException) and not isinstance(one, DatalabError):
        return type(one).__name__
    return one


def described(
    kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
) -> dict[str, Any]:
    """Kind and places of an error; its words only where the lab itself wrote them."""
    places = traceback.extract_tb(trace)[-DEEPEST:]
    found: dict[str, Any] = {"type": kind.__name__ if kind else ""}
    if isinstance(error, DatalabError):
        found |= {"code": error.code, "message": blanked(error.message("fr"))}
    elif isinstance(error, OSError) and error.errno is not None:
        found["message"] = os.strerror(error.errno)
    if error is not None and (cause := error.__cause__) is not None:
        found["cause"] = type(cause).__name__
    told = " > ".join(f"{_short(p.filename)}:{p.lineno} {p.name}" for p in places)
    found["trace"] = f"Traceback: {told}"
    return found


def _short(name: str) -> str:
    """A file as it is called in its package."""
    for mark in ("/site-packages/", "/datalab/"):
        _, found, after = name.rpartition(mark)
        if found:
            return after if mark != "/datalab/" else f"datalab/{after}"
    return Path(name).name


class Failures(logging.Handler):
    """Appends errors to ``failures.log``: one write a line, so that parts may share the file."""

    def __init__(self, folder: Path | str, part: str) -> None:
        super().__init__(logging.ERROR)
        self.path = Path(folder) / FAILURES
        self.setFormatter(Lines(part))

    def emit(self, record: logging.LogRecord) -> None:
        if "Received signal" in str(record.msg):
            return  # how JupyterHub takes leave when it is told to
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            handle = os.open(self.path, flags, 0o600)
            try:
                os.write(handle, f"{self.format(record)}\n".encode())
            finally:
                os.close(handle)
        except OSError:
            pass  # a full disk must not end what wanted to say so


def install(logs: Path, part: str, level: int = logging.INFO) -> None:
    """Let this process, a part of the lab, write JSON lines to its standard error output."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines(part))
    root = logging.getLogger()
    root.handlers = [handler, Failures(logs, part)]
    root.setLevel(level)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    # The portal wrote it down already, with the address that was asked for.
    logging.getLogger("uvicorn.error").addFilter(lambda one: "ASGI" not in one.getMessage())


def last_failures(logs: Path, most: int) -> list[dict[str, Any]]:
    """The newest lines of ``failures.log``, newest first; what is no line of ours is left out."""
    try:
        with (logs / FAILURES).open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 4_000 * most))
            raw = file.read().splitlines()
    except OSError:
        return []
    found: list[dict[str, Any]] = []
    for line in reversed(raw):
        try:
            one = json.loads(line)
            datetime.fromisoformat(one["at"])
        except (ValueError, KeyError, TypeError):
            continue
        found.append(one)
        if len(found) == most:
            break
    return found
