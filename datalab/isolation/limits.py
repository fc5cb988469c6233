"""What one notebook server, with everything it starts, may take of the machine.

The limits of one process, which the *launcher* sets, hold everywhere. Those of a whole tree need
control groups (*groups*), or else the *watchdog*.
"""

from __future__ import annotations

from dataclasses import dataclass

from datalab.settings import Settings


@dataclass(frozen=True)
class Limits:
    """0 means no limit.

    ``memory``, ``file`` and ``home`` are in bytes: memory of the tree where it can be held, and of
    one process besides; the largest file; the quota of a home. ``processes`` counts threads as
    well, as the kernel does. ``share`` is the weight of the tree when processors are short; every
    server has the same.
    """

    memory: int = 0
    processes: int = 0
    file: int = 0
    home: int = 0
    share: int = 100

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """The limits of a notebook server."""
        return cls(
            settings.server_memory,
            settings.server_processes,
            settings.largest_file,
            settings.home_quota,
        )

    @property
    def scratch(self) -> int:
        """Bytes of ``/tmp`` in memory: a part of the server's own."""
        return self.memory // 4 if self.memory else 2**30

    def arguments(self) -> list[str]:
        """The limits of each process, for the launcher's command line."""
        return [
            *("--data", str(self.memory)),
            *("--processes", str(self.processes)),
            *("--file", str(self.file)),
        ]
