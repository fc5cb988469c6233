"""Writes ``docs/faults.md`` from what tests saw; ``--check`` says whether it is in step."""

from __future__ import annotations

import json
import sys

from tests.faults.record import RESULTS

PAGE = RESULTS.parents[2] / "docs" / "faults.md"
HEAD = """# Faults

What goes wrong in earnest, what is expected then, and what was seen: each row is a test that causes
the fault in a running lab and asserts what is expected. To cause them again and write it down:

```
DATALAB_WRITE_FAULTS=1 .venv/bin/python -m pytest -m fault
.venv/bin/python -m tests.faults.table
```

On one machine of two processors. Figures are those of the day named, not promises.

| fault | expected | seen | on | test |
| --- | --- | --- | --- | --- |
"""


def page() -> str:
    rows = json.loads(RESULTS.read_text())
    lines = [
        f"| {row['fault']} | {row['expected']} | {row['seen']} | {row['on']} | `{test}` |\n"
        for test, row in sorted(rows.items(), key=lambda pair: pair[1]["fault"])
    ]
    return HEAD + "".join(lines)


if __name__ == "__main__":
    if "--check" not in sys.argv:
        PAGE.write_text(page())
    elif PAGE.read_text() != page():
        sys.exit("docs/faults.md is not what tests/faults/results.json says")
