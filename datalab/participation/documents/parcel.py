"""Zip files that are the same, byte for byte, each time they are made of the same parts."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Mapping

OLDEST = 315_532_800.0  # 1980-01-01, before which a zip file knows no date


def settled(parcel: bytes, at: float) -> bytes:
    """``parcel`` with ``at`` (seconds since the epoch) as the date of each part."""
    with zipfile.ZipFile(io.BytesIO(parcel)) as read:
        parts = [(info.filename, info.compress_type, read.read(info)) for info in read.infolist()]
    return _written(parts, at)


def packed(parts: Mapping[str, bytes], at: float) -> bytes:
    """A zip file of these parts."""
    return _written([(name, zipfile.ZIP_DEFLATED, held) for name, held in parts.items()], at)


def _written(parts: list[tuple[str, int, bytes]], at: float) -> bytes:
    moment = time.gmtime(max(at, OLDEST))[:6]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as write:
        for name, how, held in parts:
            info = zipfile.ZipInfo(name, moment)
            info.compress_type = how
            write.writestr(info, held)
    return out.getvalue()
