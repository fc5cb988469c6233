"""Pictures of strangers: drawn anew with nothing but what one sees, by a child that is bound."""

from __future__ import annotations

import io
import os
import shutil
import stat
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms, ImageDraw, PngImagePlugin

from datalab.errors import PictureRefused
from datalab.isolation.sandbox import bubblewrap
from datalab.participation import picture
from datalab.participation.encoder import MEMORY
from datalab.participation.picture import REASONS, Encoded, encode_now
from datalab.participation.store import Store
from datalab.settings import Settings
from tests.hub.lab import in_a_loop_of_its_own
from tests.participation.people import NOW, somebody

MARK = b"SECRET-4711"
GPS = 0x8825
ORIENTATION = 0x0112


def drawn(size: tuple[int, int] = (640, 480)) -> Image.Image:
    """White, with a red upper left corner."""
    made = Image.new("RGB", size, "white")
    ImageDraw.Draw(made).rectangle((0, 0, size[0] // 4, size[1] // 4), fill="red")
    return made


def saved(made: Image.Image, kind: str = "JPEG", **more: object) -> bytes:
    out = io.BytesIO()
    made.save(out, kind, **more)
    return out.getvalue()


def opened(content: bytes) -> Image.Image:
    found = Image.open(io.BytesIO(content))
    found.load()
    return found


def encode(data: bytes) -> Encoded:
    return encode_now(data, Path("/nonexistent"))


def photo() -> bytes:
    """As a phone takes it: turned, with place, maker, profile, comment and XMP."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif[0x010F] = "SECRET-4711 maker"
    exif.get_ifd(GPS)[2] = (47.0, 19.0, 18.0)
    exif.get_ifd(GPS)[29] = "SECRET-4711"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return saved(
        drawn(), exif=exif, icc_profile=profile, comment=MARK, xmp=b"<x:xmpmeta>" + MARK + b"</x>"
    )


def test_nothing_is_left_but_what_one_sees_and_it_stands_upright() -> None:
    data = photo()
    assert MARK in data
    made = encode(data)
    for content in (made.large, made.small):
        assert MARK not in content
        assert b"Exif" not in content
        assert b"ICC_PROFILE" not in content
        found = opened(content)
        assert found.format == "JPEG"
        assert not found.getexif()
        assert set(found.info) <= {
            "jfif",
            "jfif_version",
            "jfif_unit",
            "jfif_density",
            "progressive",
            "progression",
        }
    # Turned by 90 degrees: upright now, and the red corner at the upper right.
    assert (made.width, made.height) == (480, 640)
    red, _, blue = opened(made.large).convert("RGB").getpixel((470, 10))  # type: ignore[misc]
    assert red > 200 > 60 > blue


def test_both_sizes_are_bounded() -> None:
    made = encode(saved(drawn((4000, 3000))))
    assert opened(made.large).size == (1600, 1200) == (made.width, made.height)
    assert opened(made.small).size == (400, 300)
    assert opened(encode(saved(drawn((200, 100)))).large).size == (200, 100)


def test_a_phone_of_fifty_megapixels_is_welcome() -> None:
    made = encode(saved(drawn((8160, 6120))))
    assert (made.width, made.height) == (1600, 1200)


def frames() -> bytes:
    first, second = Image.new("P", (30, 20), 0), Image.new("P", (30, 20), 1)
    for one in (first, second):
        one.putpalette([255, 0, 0, 0, 0, 255])
    return saved(first, "GIF", save_all=True, append_images=[second])


@pytest.mark.parametrize(
    ("make", "seen"),
    [
        (frames, (255, 0, 0)),
        (lambda: saved(Image.new("RGBA", (9, 9), (0, 0, 255, 0)), "PNG"), (255, 255, 255)),
        (lambda: saved(Image.new("LA", (9, 9), (0, 0)), "PNG"), (255, 255, 255)),
        (lambda: saved(Image.new("CMYK", (9, 9), (0, 255, 255, 0))), (255, 0, 0)),
        (lambda: saved(Image.new("I;16", (9, 9), 65535), "PNG"), (255, 255, 255)),
        (lambda: saved(Image.new("1", (9, 9), 1), "PNG"), (255, 255, 255)),
        (lambda: saved(Image.new("RGB", (9, 9), "red"), "WEBP"), (255, 0, 0)),
        (lambda: saved(Image.new("RGB", (1, 1), "red")), (255, 0, 0)),
    ],
    ids=["first-frame", "transparent", "grey", "cmyk", "deep", "bits", "webp", "one-pixel"],
)
def test_every_usual_kind_becomes_a_plain_jpeg(
    make: Callable[[], bytes], seen: tuple[int, int, int]
) -> None:
    found = opened(encode(make()).large)
    assert found.mode == "RGB"
    pixel = found.getpixel((0, 0))
    assert isinstance(pixel, tuple)
    assert all(abs(a - b) < 12 for a, b in zip(pixel, seen, strict=True)), pixel


def bomb() -> bytes:
    """A PNG of some kilobytes that unpacks to 2.5 gigabytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    side = 29_000
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 10_000_000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def wordy() -> bytes:
    """A PNG whose text chunk unpacks to a gigabyte."""
    text = PngImagePlugin.PngInfo()
    text.add_text("x", "A" * 2_000_000, zip=True)
    return saved(drawn(), "PNG", pnginfo=text)


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + b"\0" * 64


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"\xff" * 20_000_001, "large"),
        (HEIC, "heic"),
        (SVG, "format"),
        (b"<!doctype html><script>alert(1)</script>", "format"),
        (b"%PDF-1.7 and more", "format"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n(x) run", "format"),
        (saved(drawn(), "TIFF"), "format"),
        (saved(drawn(), "BMP"), "format"),
        (saved(drawn(), "ICO"), "format"),
        (saved(drawn())[:2000], "broken"),
        (saved(drawn((900, 700)), "PNG")[:700], "broken"),
        (b"GIF89a", "format"),
        (bomb(), "pixels"),
        (wordy(), "format"),
        (saved(Image.new("1", (9000, 9000)), "PNG"), "pixels"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value[:6]!r}-{len(value)}",
)
def test_what_is_no_usable_picture_is_refused_with_the_reason(data: bytes, why: str) -> None:
    with pytest.raises(PictureRefused) as refused:
        encode(data)
    assert refused.value.facts["reason"] == REASONS[why]


def test_a_reader_that_does_not_start_is_not_the_fault_of_the_picture(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(picture, "CHILD", (sys.executable, "-I", "-m", "nobody_installed_this"))
    with pytest.raises(PictureRefused) as refused:
        encode(saved(drawn()))
    assert refused.value.facts["reason"] == REASONS["ours"]
    assert "nobody_installed_this" in caplog.text


def test_what_hides_behind_a_picture_is_not_carried_on() -> None:
    """A file that is a picture and a page, or a picture and an archive."""
    page = b"<script>alert(1)</script>" + MARK
    for data in (saved(drawn()) + page, saved(drawn(), "GIF") + b"PK\x03\x04" + page):
        made = encode(data)
        assert MARK not in made.large
        assert b"<script" not in made.large


def run_child(monkeypatch: pytest.MonkeyPatch, code: str) -> PictureRefused | None:
    """What happens where ``code`` takes over the child, as a hole in a decoder would let it."""
    monkeypatch.setattr(picture, "CHILD", (sys.executable, "-I", "-c", TAKEN + code))
    try:
        encode(b"x")
    except PictureRefused as refused:
        return refused
    return None


TAKEN = "from datalab.participation.encoder import limit; import os, socket, sys; limit()\n"


@pytest.mark.parametrize(
    "code",
    [
        "x = bytearray(2 * 10**9)",
        "os.write(os.open('/tmp/x', os.O_CREAT | os.O_WRONLY), b'x'); print('1 1 1')",
        "while True: pass",
        "sys.stdout.write('9 9 9 9\\nlies')",
    ],
    ids=["memory", "disk", "processor", "lies"],
)
def test_a_child_that_is_taken_over_can_do_little(
    monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setattr(picture, "SECONDS", 5)
    assert run_child(monkeypatch, code) is not None


@pytest.mark.skipif(bubblewrap() is None, reason="no bubblewrap on this machine")
def test_the_child_sees_neither_the_network_nor_the_lab(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    listening = f"""
seen = [os.path.exists({str(tmp_path)!r}), os.path.exists('/etc/shadow')]
try:
    socket.create_connection(('1.1.1.1', 53), 1); seen.append(True)
except OSError: seen.append(False)
seen.append(len(os.listdir('/sys/class/net')) > 1 if os.path.exists('/sys/class/net') else False)
sys.exit(7 if any(seen) else 5)
"""
    codes: list[int] = []
    real: Any = subprocess.run

    def watched(*arguments: Any, **named: Any) -> Any:
        done = real(*arguments, **named)
        codes.append(done.returncode)
        return done

    monkeypatch.setattr(subprocess, "run", watched)
    run_child(monkeypatch, listening)
    assert codes[-1] == 5


def test_the_child_has_the_limits_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    code = f"import resource as r; sys.exit(5 if r.getrlimit(r.RLIMIT_AS)[0] <= {MEMORY} else 0)"
    assert run_child(monkeypatch, code) is not None


def test_a_picture_is_kept_as_two_private_files_and_painted_over_for_good(
    store: Store, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path / "home")
    with store.writing() as connection:
        who = somebody(connection)
    id = in_a_loop_of_its_own(
        picture.keep(store, settings, photo(), who.id, "session:s", " Un coin rouge ", NOW)
    )
    names = picture.file_names(id)
    assert sorted(os.listdir(settings.pictures)) == sorted(names)
    assert stat.S_IMODE(settings.pictures.stat().st_mode) == 0o700
    assert {stat.S_IMODE((settings.pictures / n).stat().st_mode) for n in names} == {0o600}
    with store.reading() as connection:
        row = picture.get(connection, id)
    assert row is not None
    assert (row["width"], row["height"], row["accepted"]) == (480, 640, False)
    assert row["alternative"] == "Un coin rouge"
    in_a_loop_of_its_own(picture.black_out(store, settings, id, [(0.7, 0.0, 1.0, 0.3)]))
    for name in names:
        found = opened((settings.pictures / name).read_bytes()).convert("RGB")
        pixel = found.getpixel((int(found.width * 0.98), 2))
        assert isinstance(pixel, tuple)
        assert max(pixel) < 25
    with store.writing() as connection:
        picture.erase(connection, settings.pictures, id)
        assert picture.get(connection, id) is None
    assert not os.listdir(settings.pictures)


def test_where_the_disk_is_nearly_full_words_find_room_and_pictures_do_not(
    store: Store, tmp_path: Path
) -> None:
    free = shutil.disk_usage(tmp_path).free
    full = Settings(home=tmp_path / "full", picture_floor=free * 2)

    def kept(settings: Settings) -> str:
        asked = picture.keep(store, settings, saved(drawn()), None, "request", "", NOW)
        return str(in_a_loop_of_its_own(asked))

    with pytest.raises(PictureRefused, match="plus de place ici pour les photos"):
        kept(full)
    assert not full.pictures.exists()
    assert kept(full.model_copy(update={"picture_floor": free // 2}))
    assert len(list(full.pictures.iterdir())) == 2


def test_a_picture_that_was_not_recorded_leaves_no_file(store: Store, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        in_a_loop_of_its_own(
            picture.keep(store, settings, saved(drawn()), "nobody", "session:s", "", NOW)
        )
    assert not os.listdir(settings.pictures)
