"""The first process of a run where no room of its own can be made: what it starts stays its own.

Run as ``python -I guard.py COMMAND…``. A process whose parent ends becomes the guard's child
instead of the system's, so that whoever ends the run still finds it. In a room of bubblewrap the
kernel does the same.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys

PR_SET_CHILD_SUBREAPER = 36


def main() -> None:
    """Start the command and stay until nothing of it is left, however its first process ended."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
    # Whoever waits for the end of the output would wait for the guard too.
    os.close(1)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()


if __name__ == "__main__":
    main()
