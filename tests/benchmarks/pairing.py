"""Two ways to do the same thing, timed side by side in one run, alternating.

Alternation spreads the noise of a shared machine over both sides; medians are compared, and the
last lines of every benchmark read ``ratio NAME VALUE target <=X``.
"""

from __future__ import annotations

import hashlib
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path


def measure(
    sides: Mapping[str, Callable[[], object]],
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
    warm_up: bool = False,
    processor: dict[str, float] | None = None,
) -> dict[str, float]:
    """Median seconds of each side over ``rounds``, in alternating order.

    Parameters
    ----------
    sides
        name to function; the order turns with every round, so that neither always comes second.
    clock
        ``time.perf_counter`` for wall time, ``time.process_time`` for CPU seconds of this process.
    warm_up
        run every side once before, uncounted.
    processor
        filled with the median CPU seconds of this process on each side: what a busy machine
        disturbs less.
    """
    names = list(sides)
    if warm_up:
        for name in names:
            sides[name]()
    seconds: dict[str, list[float]] = {name: [] for name in names}
    spent: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        for name in names if number % 2 == 0 else reversed(names):
            begin, before = clock(), time.process_time()
            sides[name]()
            seconds[name].append(clock() - begin)
            spent[name].append(time.process_time() - before)
    medians = {name: statistics.median(found) for name, found in seconds.items()}
    for name, found in seconds.items():
        rest = " ".join(f"{value:.2f}" for value in found)
        print(f"{name:>12}: median {medians[name]:.3f} s ({rest})")
    if processor is not None:
        processor |= {name: statistics.median(found) for name, found in spent.items()}
    return medians


def print_ratio(name: str, value: float, target: float) -> None:
    """The line that is read by machines; last of a benchmark."""
    print(f"ratio {name} {value:.2f} target <={target:g}", flush=True)


def print_header(suite: Path, rows: int, packages: tuple[str, ...] = ("duckdb",)) -> None:
    """What was measured, with which versions, by which text of the suite."""
    digest = hashlib.sha256(suite.read_bytes()).hexdigest()[:16]
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    print(f"rows {rows}")
    print(f"versions Python {platform.python_version()}, {versions}")
    print(f"suite {suite.name} {digest}", flush=True)


def fail_unless_equal(what: str, ours: object, peer: object) -> None:
    """A benchmark whose two sides answer differently measures nothing."""
    if ours != peer:
        print(f"{what} differ: ours {ours!r}, peer {peer!r}", file=sys.stderr)
        sys.exit(1)
