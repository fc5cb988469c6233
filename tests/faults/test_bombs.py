"""Small files that unpack to very large ones, dropped on a running lab."""

from __future__ import annotations

import gzip
import io
import threading
import time
import zipfile
from collections.abc import Callable

import httpx
import psutil
import pytest

from tests.faults.record import seen
from tests.hub.lab import Lab, eventually
from tests.hub.portal import LINK, PORTAL, TOKEN, Guest, signed_in

__all__ = ["seen"]
pytestmark = pytest.mark.hub
GIGABYTES = 4


def workbook() -> bytes:
    """Its one sheet is blanks, a thousand times as long as the file."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            for _ in range(GIGABYTES * 50):
                sheet.write(b" " * 20_000_000)
    return made.getvalue()


def table() -> bytes:
    made = io.BytesIO()
    with gzip.GzipFile(fileobj=made, mode="wb", compresslevel=9) as file:
        file.write(b"name,people\n")
        for _ in range(GIGABYTES * 50):
            file.write(b"0" * 20_000_000)
    return made.getvalue()


def dropped(student: Guest, name: str, content: bytes) -> str:
    """The page of what becomes of a file."""
    answer = student.client.post(
        f"{PORTAL}datasets/new",
        data={"_token": TOKEN.findall(student.get("datasets/new").text)[-1], "url": ""},
        files={"file": (name, content, "application/octet-stream")},
        headers={**LINK, "Origin": student.lab.url, "Sec-Fetch-Site": "same-origin"},
        follow_redirects=False,
    )
    assert answer.status_code == 303, answer.text[:500]
    return answer.headers["location"]


@pytest.mark.fault(
    f"Archives of some megabytes that unpack to {GIGABYTES} GB are dropped as datasets",
    "They are refused with the reason; nothing is unpacked to the disk; pages are served",
)
def test_what_unpacks_to_gigabytes_is_refused_and_nobody_waits(
    running_lab: Lab, seen: Callable[[str], None]
) -> None:
    took: list[float] = []
    most = [0]
    stopping = threading.Event()
    portal = psutil.Process(running_lab.processes()["portal"].pid)

    def read() -> None:
        with httpx.Client(base_url=running_lab.url, timeout=60, trust_env=False) as client:
            while not stopping.wait(0.05):
                began = time.perf_counter()
                assert client.get(f"{PORTAL}datasets/").status_code == 200
                took.append(time.perf_counter() - began)
                family = [portal, *portal.children(recursive=True)]
                sizes = [one.memory_info().rss for one in family if one.is_running()]
                most[0] = max(most[0], *sizes)

    free = psutil.disk_usage(str(running_lab.home)).free
    reader = threading.Thread(target=read)
    with signed_in(running_lab, "student") as student:
        student.get(f"signin?next={PORTAL}")
        bombs = {"bombe.csv.gz": table(), "bombe.xlsx": workbook()}
        reader.start()
        try:
            for name, content in bombs.items():
                page = dropped(student, name, content)

                def said(page: str = page) -> str:
                    text = student.get(page).text
                    return text if "larger than" in text else ""

                assert eventually(said, f"{name} to be refused")
        finally:
            stopping.set()
            reader.join(60)
    grown = free - psutil.disk_usage(str(running_lab.home)).free
    assert grown < 2_000_000_000, "it was unpacked"
    assert most[0] < 1_500_000_000, "it was unpacked in memory"
    assert len(took) > 5
    ranked = sorted(took)
    seen(
        f"A table of {len(bombs['bombe.csv.gz']) / 1e6:.0f} MB and a workbook of "
        f"{len(bombs['bombe.xlsx']) / 1e6:.0f} MB refused; the largest process held "
        f"{most[0] / 1e6:.0f} MB; {len(took)} pages meanwhile, "
        f"{ranked[int(len(ranked) * 0.95)] * 1000:.0f} ms for 95 in 100."
    )
