"""What it costs to have 10, 100, 1,000 datasets: what grows with their number, and how.

The datasets are small and alike, so that only their number differs. Each act is done several times
in one process; medians of its processor time count, which a busy machine disturbs least, wall time
stands beside. Between two sizes the growth is given as an exponent: 0 does not grow, 1 grows as the
number of datasets does, and what has to touch each dataset cannot stay below it.

``refresh`` looks at every source and finds nothing new; ``refresh one`` looks at one of them,
``publish one`` brings it new rows. ``attach`` opens the lakes as a notebook does, ``read one`` asks
a dataset for its rows there. ``start`` is the portal's first answer, ``new shelf`` its first one
after a publication; then come pages of the portal as HTML: the list, a dataset, a search, and the
rows of one by API.

    python tests/benchmarks/scale.py [--sizes 10,100,1000] [--rounds N]
"""

from __future__ import annotations

import argparse
import itertools
import json
import logging
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from starlette.testclient import TestClient

from datalab.lake.reader import open_lakes
from datalab.portal.app import PREFIX, create_app
from datalab.refresh import refresh
from datalab.settings import Settings
from tests.benchmarks.pairing import print_header

ROWS = 50
WORDS = ("arbre", "vélo", "école", "énergie", "déchet", "bruit", "budget", "eau", "emploi", "parc")
# Exponents between the two largest sizes. What has to touch every dataset may grow as they do.
TARGETS = {
    "refresh": 1.1,
    "refresh one": 1.0,
    "publish one": 1.0,
    "attach": 1.0,
    "read one": 0.2,
    "start": 1.1,
    "new shelf": 1.0,
    "list": 0.4,
    "dataset": 0.3,
    "search": 0.3,
    "rows": 0.3,
}


class Place:
    """A lab with ``size`` datasets in a folder."""

    def __init__(self, root: Path, size: int) -> None:
        self.size = size
        self.settings = Settings(home=root / "home", catalog=root / "catalog")
        self.theme = self.settings.catalog / "energy"
        self.theme.mkdir(parents=True)
        self.changes = 0
        for number in range(size):
            self.describe(number)
            self.fill(number)
        begin, before = time.perf_counter(), time.process_time()
        records = refresh(None, self.settings, "benchmark")
        worked, taken = time.process_time() - before, time.perf_counter() - begin
        wrong = [one.dataset for one in records if one.state != "published"]
        if wrong or len(records) != size:
            sys.exit(f"not published: {wrong[:3]} of {len(records)}")
        print(
            f"{size:>6} datasets: published in {taken:.1f} s, {1e3 * taken / size:.0f} ms each, "
            f"{1e3 * worked / size:.0f} ms of the processor",
            flush=True,
        )
        self.one = f"set-{size // 2}"
        app = create_app(self.settings)
        self.client = TestClient(app, base_url=f"http://lab.test{PREFIX}/")
        self.lakes = open_lakes(self.settings.lake)

    def describe(self, number: int) -> None:
        name, word = f"set-{number}", WORDS[number % len(WORDS)]
        text = {"fr": f"Jeu {word} {number}", "en": f"Set {word} {number}"}
        columns = {"id": "integer", "place": "varchar", "amount": "double"}
        document = {
            **{"id": name, "title": text, "description": text, "periodicity": "annual"},
            **{"publisher": f"producteur {number % 20}", "steward": "benchmark"},
            **{"license": "lov2", "provenance": "synthetic", "calibration": text, "key": ["id"]},
            "source": {"connector": "file", "path": f"{name}.csv"},
            "columns": {
                column: {"type": type_, "description": text} for column, type_ in columns.items()
            },
            "expectations": [
                {"type": "expect_table_row_count_to_be_between", "min_value": 1},
                {"type": "expect_column_values_to_not_be_null", "column": "id"},
            ],
        }
        (self.theme / f"{name}.yaml").write_text(json.dumps(document, ensure_ascii=False))

    def fill(self, number: int, more: int = 0) -> None:
        rows = "".join(f"{row},p{row % 7},{row / 4 + more}\n" for row in range(ROWS))
        path = self.theme / f"set-{number}.csv"
        path.write_text(f"id,place,amount\n{rows}", encoding="utf-8")

    # -- what is measured --------------------------------------------------------------------

    def refresh(self) -> None:
        self.say(refresh(None, self.settings, "benchmark"), "unchanged")

    def refresh_one(self) -> None:
        self.say(refresh([self.one], self.settings, "benchmark"), "unchanged")

    def publish_one(self) -> None:
        self.changes += 1
        self.fill(self.size // 2, self.changes)
        self.say(refresh([self.one], self.settings, "benchmark"), "published")

    def say(self, records: Sequence[object], expected: str) -> None:
        if {getattr(one, "state", None) for one in records} != {expected}:
            sys.exit(f"a refresh is not {expected}")

    def attach(self) -> None:
        open_lakes(self.settings.lake).close()

    def read_one(self) -> None:
        found = self.lakes.execute(f"FROM {self.one.replace('-', '_')}").fetchall()
        if len(found) != ROWS:
            sys.exit("rows are missing")

    def start(self) -> None:
        app = create_app(self.settings)
        app.state.library.shelf()

    def new_shelf(self) -> None:
        """A publication changes files; touching one makes the portal read them anew."""
        index = self.settings.lake / "open" / "index.json"
        index.touch()
        self.client.app.state.library.shelf()  # type: ignore[attr-defined]

    def page(self, address: str) -> Callable[[], None]:
        def asked() -> None:
            answer = self.client.get(address)
            if answer.status_code != 200:
                sys.exit(f"{address}: {answer.status_code}")

        return asked

    def acts(self) -> dict[str, tuple[Callable[[], None], int]]:
        """What is done, and how often in a round."""
        return {
            "refresh": (self.refresh, 1),
            "refresh one": (self.refresh_one, 1),
            "publish one": (self.publish_one, 1),
            "attach": (self.attach, 1),
            "read one": (self.read_one, 5),
            "start": (self.start, 1),
            "new shelf": (self.new_shelf, 1),
            "list": (self.page("datasets/"), 5),
            "dataset": (self.page(f"datasets/{self.one}"), 5),
            "search": (self.page(f"datasets/?q=energie+{self.size // 2}"), 5),
            "rows": (self.page(f"api/v1/datasets/{self.one}/rows?limit=20"), 5),
        }


def measure(place: Place, rounds: int) -> dict[str, float]:
    """Median milliseconds of the processor for each act."""
    found = {}
    for name, (act, often) in place.acts().items():
        act()  # what is done only once is not what grows
        worked, taken = [], []
        for _ in range(rounds):
            begin, before = time.perf_counter(), time.process_time()
            for _ in range(often):
                act()
            worked.append((time.process_time() - before) / often * 1e3)
            taken.append((time.perf_counter() - begin) / often * 1e3)
        found[name] = statistics.median(worked)
        print(
            f"{place.size:>6} {name:>12}: {found[name]:9.2f} ms of the processor, "
            f"{statistics.median(taken):9.2f} ms",
            flush=True,
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--sizes", default="10,100,1000")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    sizes = [int(size) for size in asked.sizes.split(",")]
    logging.disable(logging.CRITICAL)
    print_header(Path(__file__), ROWS, ("duckdb", "duckdb-extension-ducklake", "tantivy"))
    found: dict[int, dict[str, float]] = {}
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="datalab-scale-") as folder:
            place = Place(Path(folder), size)
            found[size] = measure(place, asked.rounds)
            place.lakes.close()
    for name, target in TARGETS.items():
        steps = []
        for less, more in itertools.pairwise(sizes):
            ratio = found[more][name] / found[less][name]
            steps.append((f"{less} to {more}", ratio, math.log(ratio) / math.log(more / less)))
        said = "; ".join(f"{step} ×{ratio:.2f}, exponent {way:.2f}" for step, ratio, way in steps)
        print(f"{name:>12}: {said}")
        print(f"growth scale-{name.replace(' ', '-')} {steps[-1][2]:.2f} target <={target:g}")


if __name__ == "__main__":
    main()
