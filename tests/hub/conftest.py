"""One lab that runs for all tests of a session, and a maker of others."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.hub.lab import Lab, tiny_catalog

NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def open_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that every account may cross, whoever runs the tests."""
    folder = tmp_path_factory.mktemp("labs")
    for parent in (folder, *folder.parents):
        if parent.stat().st_uid == os.geteuid() and len(parent.parts) > 2:
            os.chmod(parent, 0o755)  # noqa: S103
    return folder


@pytest.fixture(scope="session")
def small_catalog(open_folder: Path) -> Path:
    return tiny_catalog(open_folder / "catalog")


@pytest.fixture(scope="session")
def running_lab(open_folder: Path, small_catalog: Path) -> Iterator[Lab]:
    """A lab that nobody stops or breaks."""
    lab = Lab(open_folder / "shared", small_catalog)
    lab.start()
    yield lab
    end(lab)


@pytest.fixture
def new_lab(open_folder: Path, small_catalog: Path) -> Iterator[Callable[..., Lab]]:
    """Makes labs of the test's own; all are stopped after it."""
    made: list[Lab] = []

    def make(**options: object) -> Lab:
        made.append(Lab(open_folder / f"lab-{next(NUMBERS)}", small_catalog, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for lab in made:
        end(lab)


def end(lab: Lab) -> None:
    """Stop a lab in whatever state a test left it."""
    with suppress(Exception):
        if lab.up is not None:
            lab.stop()
    from datalab.children import servers

    left = [*lab.processes().values(), *(p for _, ps in servers(lab.home / "run") for p in ps)]
    for process in left:
        process.signal(signal.SIGKILL)
