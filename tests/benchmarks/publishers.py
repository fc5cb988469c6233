"""What it costs to publish through PostgreSQL: one of N datasets, beside the same with files.

Both sides hold the same N datasets and publish the same rows, staged before the clock starts. The
server of databases is on this machine; across a network each question waits for its round trip.

    python tests/benchmarks/publishers.py [--datasets N] [--rounds N]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from datalab.lake.writer import Writer
from tests.benchmarks.pairing import measure, print_header, print_ratio
from tests.lake.datasets import dataset, record, staged
from tests.participation.databases import cluster

MOST, MOST_HEALING = 3.0, 4.0  # times as long as with files
COLUMNS = {f"c{number}": "integer" for number in range(10)}
ROWS = ",".join(COLUMNS) + "\n" + "1,2,3,4,5,6,7,8,9,10\n" * 50


def publication(writer: Writer, root: Path, datasets: int) -> Callable[[], object]:
    """Publishes the first of so many datasets once more."""
    described = [dataset(COLUMNS, id=f"many-{number}") for number in range(datasets)]
    result = staged(described[0], ROWS, root)

    def publish(which: int = 0) -> None:
        run = record(described[which], result, definition=uuid4().hex)
        writer.publish(described[which], result, run)

    for number in range(datasets):
        publish(number)
    return publish


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--datasets", type=int, default=100)
    asked.add_argument("--rounds", type=int, default=9)
    told = asked.parse_args()
    print_header(Path(__file__), 50 * told.datasets)
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(cluster())
        publish: dict[str, Callable[[], object]] = {}
        heal: dict[str, Callable[[], object]] = {}
        for name, database in (("files", ""), ("postgresql", server.database())):
            home = root / name
            made = Writer(home / "lake", home / "writer", "bench", database=database)
            writer = stack.enter_context(made)
            publish[name] = publication(writer, home / "staging", told.datasets)
            heal[name] = partial(writer.heal)
        for what, sides, most in (("publish", publish, MOST), ("heal", heal, MOST_HEALING)):
            print(f"{what}, {told.datasets} datasets:")
            found = measure(sides, told.rounds)
            print_ratio(what, found["postgresql"] / found["files"], most)


if __name__ == "__main__":
    main()
