"""One lab that runs for all tests of a session, and a maker of others."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.hub.lab import Lab, tiny_catalog

NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A folder that every account may cross, whoever runs the tests.

    Not one of pytest's: each session of pytest closes their common parent again.
    """
    folder = Path(tempfile.mkdtemp(prefix="datalab-tests-"))
    os.chmod(folder, 0o755)  # noqa: S103
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


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
    from datalab.deployment.servers import servers

    left = [
        *lab.processes().values(),
        *(p for server in servers(lab.home / "run") for p in server.processes),
    ]
    for process in left:
        process.signal(signal.SIGKILL)
