"""Soda and pointblank beside `quality.py`: each in an environment of its own, made for the run.

They are no dependencies of the lab. Where an environment cannot be made, that is said, and the rest
of the benchmark goes on.
"""

from __future__ import annotations

import json
import multiprocessing
import shutil
import statistics
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from datalab.catalog.dataset import Dataset
from datalab.quality.validate import validate
from tests.benchmarks.pairing import fail_unless_equal, print_ratio

HERE = Path(__file__).resolve().parent
DUCKDB = f"duckdb=={duckdb.__version__}"  # the same on every side
PEERS = {
    "soda": (HERE / "peer_soda.py", ("soda-duckdb==4.28.0", DUCKDB)),
    "pointblank": (
        HERE / "peer_pointblank.py",
        ("pointblank==1.1.1", "ibis-framework[duckdb]==12.0.0", "polars", DUCKDB),
    ),
}
PATIENCE = 1800  # seconds


@dataclass(frozen=True)
class Peer:
    """What a peer took for all checks: medians in seconds, its largest memory in bytes, and
    whether each expectation holds, by its place."""

    seconds: float
    processor: float
    bytes: int
    answers: dict[int, bool]


class Peers:
    """The environments, in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.pythons: dict[str, Path] = {}
        for name, (_, packages) in PEERS.items():
            try:
                self.pythons[name] = _environment(folder / name, packages)
            except (OSError, subprocess.SubprocessError) as error:
                said = getattr(error, "stderr", b"") or str(error).encode()
                last = said.decode("utf-8", "replace").strip().rpartition("\n")[2]
                print(f"  {name}: left out, no environment could be made for it: {last}")

    def ask(self, path: Path, suite: list[dict[str, Any]], rounds: int) -> dict[str, Peer]:
        """What each peer says of the table in ``path``."""
        found = {}
        for name, python in self.pythons.items():
            asked = [str(python), str(PEERS[name][0]), str(path), json.dumps(suite), str(rounds)]
            try:
                done = subprocess.run(asked, check=True, capture_output=True, timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                print(f"  {name}: not done in {PATIENCE} s")
                continue
            except subprocess.CalledProcessError as error:
                print(f"  {name}: {error.stderr.decode('utf-8', 'replace').strip()[-300:]}")
                continue
            told = json.loads(done.stdout.decode().strip().rpartition("\n")[2])
            answers = {int(place): held for place, held in told["answers"].items()}
            found[name] = Peer(
                statistics.median(told["seconds"]),
                statistics.median(told["processor"]),
                told["bytes"],
                answers,
            )
        return found

    def compare(
        self,
        path: Path,
        suite: list[dict[str, Any]],
        ours: list[tuple[bool, int | None]],
        rounds: int,
        seconds: float | None = None,
    ) -> None:
        """Say what each peer takes for ``path``, and end the run where it answers otherwise than
        ours, which took ``seconds``."""
        held = {place: one[0] for place, one in enumerate(ours)}
        for name, peer in self.ask(path, suite, rounds).items():
            fail_unless_equal(f"answers of {name}", held, peer.answers)
            print(
                f"  {name}: same answers, {peer.seconds:.2f} s, {peer.processor:.2f} s of the "
                f"processor, at most {peer.bytes >> 20} MB"
            )
            if seconds is not None:
                print_ratio(f"quality-{name}", seconds / peer.seconds, 1.0)


def peak(dataset: Dataset, path: Path) -> int:
    """The largest memory of a process of its own that validates ``path``, in bytes."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_peak, dataset.as_json(), path).result()


def _peak(dataset: dict[str, Any], path: Path) -> int:
    validate(Dataset.from_json(dataset), path)
    # What getrusage() tells would begin with the memory of whoever started this process.
    status = Path("/proc/self/status").read_text().partition("VmHWM:")[2]
    return int(status.split()[0]) * 1024


def _environment(place: Path, packages: tuple[str, ...]) -> Path:
    """A new environment with these packages; the path of its Python."""
    python, uv = place / "bin" / "python", shutil.which("uv")
    quiet: dict[str, Any] = {"check": True, "capture_output": True, "timeout": 600}
    if uv is not None:
        subprocess.run([uv, "venv", "-q", "--python", sys.executable, str(place)], **quiet)
        subprocess.run([uv, "pip", "install", "-q", "--python", str(python), *packages], **quiet)
    else:
        subprocess.run([sys.executable, "-m", "venv", str(place)], **quiet)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *packages], **quiet)
    return python
