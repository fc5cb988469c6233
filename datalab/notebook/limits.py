"""How much of the machine a notebook may use: threads and memory for DuckDB.

A server of the lab is told by ``CPU_LIMIT`` and ``MEM_LIMIT`` (JupyterHub's names); a container by
its control group; an ordinary process has the machine. The smallest of what is found counts.
"""

from __future__ import annotations

import math
import os
import resource
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MIB = 1024 * 1024
# DuckDB shares the process with pandas and the notebook's own values, so it gets half.
SHARE_OF_DUCKDB = 0.5
FLOOR = 128 * MIB
UNITS = {"": 1, "K": 1024, "M": MIB, "G": 1024 * MIB, "T": 1024 * 1024 * MIB}


@dataclass(frozen=True)
class Limits:
    """``threads`` of DuckDB, and ``memory`` in bytes of the whole process."""

    threads: int
    memory: int

    @property
    def duckdb_memory(self) -> str:
        """DuckDB's own share, in its notation."""
        return f"{max(FLOOR, int(self.memory * SHARE_OF_DUCKDB)) // MIB}MiB"


def limits(environment: Mapping[str, str], root: Path = Path("/")) -> Limits:
    """The limits of this process.

    Parameters
    ----------
    environment
        where ``CPU_LIMIT`` (processors) and ``MEM_LIMIT`` (bytes, or with K, M, G, T) stand.
    root
        where ``sys/fs/cgroup`` lies.

    Notes
    -----
    Sources: JupyterHub, *Limits and guarantees* (``MEM_LIMIT``, ``CPU_LIMIT``); Linux kernel,
    *Control Group v2*, ``cpu.max`` and ``memory.max``.
    """
    group = root / "sys/fs/cgroup"
    processors = [
        float(len(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else None,
        _number(environment.get("CPU_LIMIT")),
        _processors_of_group(group),
    ]
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    memory = [
        float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")),
        _number(environment.get("MEM_LIMIT")),
        _number(_text(group / "memory.max")),
        _number(_text(group / "memory/memory.limit_in_bytes")),
        None if soft == resource.RLIM_INFINITY else float(soft),
    ]
    fewest = min((n for n in processors if n), default=float(os.cpu_count() or 1))
    return Limits(
        threads=max(1, math.ceil(fewest)),
        memory=int(min(n for n in memory if n)),
    )


def _processors_of_group(group: Path) -> float | None:
    quota, _, period = _text(group / "cpu.max").partition(" ")
    share, whole = _number(quota), _number(period)
    return share / whole if share and whole else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _number(text: str | None) -> float | None:
    """A positive number with an optional unit; None for ``max``, nothing or nonsense."""
    cleaned = (text or "").strip().upper().removesuffix("B").removesuffix("I")
    unit = cleaned[-1:] if cleaned[-1:] in UNITS else ""
    try:
        value = float(cleaned.removesuffix(unit) if unit else cleaned) * UNITS[unit]
    except ValueError:
        return None
    return value if 0 < value < math.inf else None
