"""``python -m datalab.participation.encoder``: the child that opens pictures of strangers.

It bounds itself, reads one file on its standard input and answers with fresh JPEGs that hold
nothing but what one sees: ``<length> <width> <height>\\n`` and the bytes, for each. A refusal is
one word on its standard error. Rectangles, if any, come as JSON in its first argument.
"""

from __future__ import annotations

import io
import json
import os
import resource
import sys
import warnings

from PIL import Image, ImageDraw, ImageOps

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "MPO")  # a phone's photo may be an MPO
MOST_PIXELS = 110_000_000
MOST_DRAWN = 40_000_000  # of a picture that cannot be read smaller than it is
SIDES = (1600, 400)
QUALITY = 82
MEMORY = 1_400_000_000  # bytes of address space
SECONDS = 20
NOBODY = 65534


class Refused(Exception):
    """One word that the parent knows."""


def limit() -> None:
    """Bound this process for good."""
    for kind, value in {
        resource.RLIMIT_AS: MEMORY,
        resource.RLIMIT_CPU: SECONDS,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: 16,
        resource.RLIMIT_CORE: 0,
    }.items():
        hard = resource.getrlimit(kind)[1]
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (bound, bound))
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def opened(data: bytes) -> Image.Image:
    """The picture in ``data``, upright and in plain colours, at most about 3,200 pixels wide.

    Raises
    ------
    Refused
    """
    if data[4:8] == b"ftyp" and data[8:12] in {b"heic", b"heix", b"hevc", b"mif1", b"msf1"}:
        raise Refused("heic")
    try:
        found = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError:
        raise Refused("pixels") from None
    except Exception:
        raise Refused("format") from None
    if found.width * found.height > MOST_PIXELS:
        raise Refused("pixels")
    found.draft("RGB", (SIDES[0], SIDES[0]))  # only a JPEG is read smaller than it is
    if found.width * found.height > MOST_DRAWN:
        raise Refused("pixels")
    try:
        found.seek(0)
        found.load()
        upright = ImageOps.exif_transpose(found)
    except Exception:
        raise Refused("broken") from None
    return _plain(upright)


def _plain(found: Image.Image) -> Image.Image:
    """Without transparency, palette, profile or any other thing that is not its pixels."""
    found.thumbnail((2 * SIDES[0], 2 * SIDES[0]))
    if found.mode in {"RGBA", "LA", "PA"} or "transparency" in found.info:
        seen = found.convert("RGBA")
        paper = Image.new("RGB", seen.size, "white")
        paper.paste(seen, mask=seen.getchannel("A"))
        return paper
    fresh = Image.new("RGB", found.size)
    fresh.paste(found.convert("RGB"))
    return fresh


def encoded(found: Image.Image, side: int) -> tuple[bytes, int, int]:
    """A JPEG of at most ``side`` pixels each way."""
    smaller = found.copy()
    smaller.thumbnail((side, side))
    out = io.BytesIO()
    smaller.save(out, "JPEG", quality=QUALITY, progressive=True, optimize=True)
    return out.getvalue(), smaller.width, smaller.height


def black_out(found: Image.Image, rectangles: list[list[float]]) -> Image.Image:
    """``rectangles`` are left, top, right, bottom as shares of width and height, 0 to 1."""
    draw = ImageDraw.Draw(found)
    for left, top, right, bottom in rectangles:
        draw.rectangle(
            (
                int(left * found.width),
                int(top * found.height),
                int(right * found.width + 0.999),
                int(bottom * found.height + 0.999),
            ),
            fill="black",
        )
    return found


def main() -> int:
    limit()
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        found = opened(sys.stdin.buffer.read())
        if len(sys.argv) > 1:
            found = black_out(found, json.loads(sys.argv[1]))
        made = [encoded(found, side) for side in SIDES]
    except Refused as refusal:
        sys.stderr.write(str(refusal))
        return 3
    except MemoryError:
        sys.stderr.write("pixels")
        return 3
    except Exception:
        sys.stderr.write("broken")
        return 3
    for content, width, height in made:
        sys.stdout.buffer.write(f"{len(content)} {width} {height}\n".encode() + content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
