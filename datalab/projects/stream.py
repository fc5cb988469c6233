"""Lines from a process that may write anything, for as long as it likes."""

from __future__ import annotations

import os
import selectors
import subprocess
from collections.abc import Iterator

CHUNK = 1 << 16
KEPT = 4_000  # last characters of its standard error


class Stream:
    """Standard output of a child as lines, at most ``most`` bytes in all."""

    def __init__(self, process: subprocess.Popen[bytes], most: int) -> None:
        assert process.stdout is not None  # noqa: S101 - made with pipes
        assert process.stderr is not None  # noqa: S101
        self._out, self._err = process.stdout, process.stderr
        self._left = most
        self._open = {self._out.fileno(), self._err.fileno()}
        self._selector = selectors.DefaultSelector()
        for handle in (self._out, self._err):
            os.set_blocking(handle.fileno(), False)
            self._selector.register(handle, selectors.EVENT_READ)
        self._part = bytearray()
        self.said = ""
        self.overflown = False

    @property
    def finished(self) -> bool:
        """Whether no more lines can come."""
        return self._out.fileno() not in self._open

    def lines(self, patience: float) -> Iterator[bytes]:
        """The lines that are there within ``patience`` seconds."""
        for key, _ in self._selector.select(patience):
            descriptor = key.fd
            chunk = os.read(descriptor, CHUNK)
            if not chunk:
                self._selector.unregister(key.fileobj)
                self._open.discard(descriptor)
            elif descriptor == self._err.fileno():
                self.said = (self.said + chunk.decode(errors="replace"))[-KEPT:]
            else:
                yield from self._split(chunk)

    def _split(self, chunk: bytes) -> Iterator[bytes]:
        self._left -= len(chunk)
        if self._left < 0:
            self.overflown = True
            return
        # Only the new piece is searched: one line may be many megabytes.
        *whole, rest = chunk.split(b"\n")
        for piece in whole:
            self._part += piece
            line, self._part = bytes(self._part), bytearray()
            yield line
        self._part += rest

    def close(self) -> None:
        self._selector.close()
        self._out.close()
        self._err.close()
