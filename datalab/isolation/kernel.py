"""Inside a kernel: shows what the lab has to say, and offers itself when memory runs out.

An IPython extension, named in ``/etc/ipython`` of every room. It imports the standard library
only, as it is loaded by every kernel.
"""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

NOTICES = Path("/run/lab/hub/notices.json")
# A kernel that was ended is replaced within moments; its successor says why.
BEFORE = 60.0


class Notices:
    """Prints each notice once per kernel."""

    def __init__(self) -> None:
        self.shown: dict[str, float] = {}
        self.changed = 0.0
        self.began = time.time()

    def show(self, *_: object) -> None:
        try:
            changed = NOTICES.stat().st_mtime
            if changed == self.changed:
                return
            self.changed = changed
            notices = json.loads(NOTICES.read_text(encoding="utf-8"))
            language = os.environ.get("DATALAB_LANGUAGE", "fr")
            for subject, notice in notices.items():
                at = float(notice["at"])
                if at > max(self.shown.get(subject, 0.0), self.began - BEFORE):
                    self.shown[subject] = at
                    text = notice["text"]
                    print(f"⚠ {text.get(language) or text['fr']}", file=sys.stderr)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return


def load_ipython_extension(shell: Any) -> None:
    with suppress(OSError):
        # The kernel before the server: a server that is ended takes every kernel with it.
        Path("/proc/self/oom_score_adj").write_text("500")
    notices = Notices()
    shell.events.register("pre_run_cell", notices.show)
    shell.events.register("post_run_cell", notices.show)
