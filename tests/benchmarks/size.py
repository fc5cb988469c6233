"""How large a lab has to be for 50, 500, 5,000 people and for 200,000 users of the app.

Service times are measured here, on this code, as processor time of the portal for one request of
each kind; those of notebook servers are the ones that ``class.py`` and ``spawn.py`` saw.
The rest is arithmetic, which the table shows: processors = requests a second x processor seconds of
one / utilisation. At 0.6 of a processor in use, an M/M/1 queue makes answers 1 / (1 - 0.6) = 2.5
times as long as alone (Erlang; L. Kleinrock, Queueing Systems I, 1975, chapter 3).

    python tests/benchmarks/size.py [--rounds N] [--write]     --write renews docs/scale.md
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
PAGE = ROOT / "docs" / "scale.md"
MEASURED = Path(__file__).with_name("size.json")
USED = 0.6  # of a processor at most, at the peak
# class.py and spawn.py on two processors: PSS of a server, processor seconds of a start.
SERVER_MB, KERNEL_MB, START_CPU = 110, 36, 1.7
# hub.md's counterpart in docs/benchmarks.md: authenticated requests a second of one hub.
HUB_A_SECOND = 100
PEAK_MINUTES = 5  # in which those of a class arrive


@dataclass(frozen=True)
class Load:
    """Assumptions, to be changed here for another lab.

    ``at_once`` is the share of people with a notebook open at the peak, ``busy`` the processors
    that one of them takes on average; ``pages`` and ``sent`` are requests a second at the peak.
    """

    name: str
    people: int
    at_once: float
    busy: float
    pages: float
    sent: float


LOADS = (
    Load("50 people (a class)", 50, 0.60, 0.10, 50 * 6 / 60, 50 * 2 / 60),
    Load("500 people (a campus)", 500, 0.30, 0.10, 500 * 3 / 60, 500 * 0.5 / 60),
    Load("5,000 people (a university)", 5000, 0.12, 0.10, 5000 * 0.6 / 60, 5000 * 0.05 / 60),
    # 5 % come on a day, a tenth of them in its busiest hour, ten times as many after a warning that
    # is sent to all; 12 pages a visit, one report or vote in four visits.
    Load(
        "200,000 users of the app",
        200_000,
        0.0,
        0.0,
        200_000 * 0.05 * 0.1 * 12 * 10 / 3600,
        200_000 * 0.05 * 0.1 * 0.25 * 10 / 3600,
    ),
)


def measure(rounds: int) -> dict[str, float]:
    """Processor milliseconds of one request of each kind, medians of ``rounds``."""
    from tests.portal.conftest import Workshop, fill
    from tests.portal.street import report, street

    with tempfile.TemporaryDirectory() as folder:
        workshop = Workshop(Path(folder) / "workshop")
        fill(workshop)
        workshop.refresh()
        desk = street(Path(folder) / "home", workshop)
        browser = desk.browser()
        rows = "api/v1/datasets/communes/rows"
        kinds: dict[str, Callable[[], Any]] = {
            "home": lambda: browser.get(""),
            "list of datasets": lambda: browser.get("datasets/"),
            "page of a dataset": lambda: browser.get("datasets/communes"),
            "rows by API": lambda: browser.client.get(rows),
            "cases near": lambda: browser.get("cases/"),
            "a report, form and all": lambda: report(desk.browser()),
        }
        found = {}
        for kind, act in kinds.items():
            for _ in range(3):
                assert act().status_code in {200, 303}, kind
            taken = []
            for _ in range(rounds):
                began = time.process_time()
                act()
                taken.append(1000 * (time.process_time() - began))
            found[kind] = round(statistics.median(taken), 2)
    return found


def sized(load: Load, page_ms: float, send_ms: float) -> dict[str, str]:
    """One line of the table."""
    processors = (load.pages * page_ms + load.sent * send_ms) / 1000
    notebooks = math.ceil(load.people * load.at_once)
    memory = notebooks * (SERVER_MB + 1.5 * KERNEL_MB) / 1000
    busy = notebooks * load.busy / USED
    workers = max(2 if load.people > 50 else 1, math.ceil(processors / USED))
    arriving = notebooks * START_CPU / max(1.0, math.ceil(busy))
    calls = notebooks * 8 / (PEAK_MINUTES * 60)  # of a sign-in and a start
    return {
        "": load.name,
        "requests/s": f"{load.pages:.1f} + {load.sent:.2f}",
        "portal processors": f"({load.pages:.1f} × {page_ms:.1f} + {load.sent:.2f} × "
        f"{send_ms:.1f}) / 1000 = {processors:.2f}; / {USED} = {processors / USED:.2f}",
        "portal workers": str(workers),
        "notebooks at once": f"{load.people:,} × {load.at_once:.2f} = {notebooks}",
        "their memory": f"{notebooks} × ({SERVER_MB} + 1.5 × {KERNEL_MB}) MB = {memory:.1f} GB",
        "their processors": f"{notebooks} × {load.busy:.2f} / {USED} = {math.ceil(busy)}",
        "all start within": f"{arriving:.0f} s" if notebooks else "–",
        "hub requests/s": f"{calls:.1f} of {HUB_A_SECOND}",
    }


def table(found: dict[str, float]) -> str:
    """Markdown: what was measured, then a block a size with its arithmetic."""
    lines = ["| one request | processor time |", "|---|---|"]
    lines += [f"| {kind} | {taken:.1f} ms |" for kind, taken in found.items()]
    pages = [taken for kind, taken in found.items() if "report" not in kind]
    page_ms, send_ms = statistics.mean(pages), found["a report, form and all"]
    lines += [
        "",
        f"A page takes {page_ms:.1f} ms (the mean of those above but the report), what is",
    ]
    lines += [f"sent {send_ms:.1f} ms.", ""]
    columns = [sized(load, page_ms, send_ms) for load in LOADS]
    lines.append("| " + " | ".join(["at the peak", *(one[""] for one in columns)]) + " |")
    lines.append("|---" * (len(columns) + 1) + "|")
    for name in list(columns[0])[1:]:
        lines.append("| " + " | ".join([name, *(one[name] for one in columns)]) + " |")
    return "\n".join(lines)


def written(page: str, new: str, part: str = "size") -> str:
    """``page`` with what stands between the two marks of ``part`` renewed."""
    marks = re.compile(rf"(<!-- {part} -->\n).*?(\n<!-- /{part} -->)", re.DOTALL)
    return marks.sub(lambda found: found[1] + new + found[2], page)


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--rounds", type=int, default=20)
    asked.add_argument("--write", action="store_true")
    options = asked.parse_args()
    found = measure(options.rounds)
    print(table(found))
    if options.write:
        machine = {"python": platform.python_version(), "milliseconds": found}
        MEASURED.write_text(json.dumps(machine, indent=1) + "\n")
        PAGE.write_text(written(PAGE.read_text(), table(found)))


if __name__ == "__main__":
    main()
