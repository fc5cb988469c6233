"""A lab on another machine: a network namespace of its own, and no folder of the first one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

import pytest

from tests.depot.bucket import Bucket
from tests.depot.test_depot import LONGER, Labs

READ = """
import sys
import datalab
lab = datalab.connect(sys.argv[1])
print(len(lab.dataset("trees").df()))
"""


@dataclass(frozen=True)
class Machine:
    """``here`` is this machine's address on the wire between both."""

    namespace: str
    here: str

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["ip", "netns", "exec", self.namespace, *command],
            env={**os.environ, "DATALAB_LANGUAGE": "en", **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture
def machine() -> Iterator[Machine]:
    if os.getuid() != 0 or shutil.which("ip") is None:
        pytest.skip("only root makes a network namespace, with iproute2")
    name, net = f"lab{token_hex(3)}", f"10.213.{int(token_hex(1), 16)}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("this machine makes no network namespaces")
    try:
        for line in (
            f"link add {name}h type veth peer name {name}n",
            f"link set {name}n netns {name}",
            f"addr add {net}.1/24 dev {name}h",
            f"link set {name}h up",
            f"-n {name} addr add {net}.2/24 dev {name}n",
            f"-n {name} link set {name}n up",
            f"-n {name} link set lo up",
        ):
            if subprocess.run(["ip", *line.split()], capture_output=True, check=False).returncode:
                pytest.skip(f"ip {line}: not possible on this machine")
        yield Machine(name, f"{net}.1")
    finally:
        subprocess.run(["ip", "link", "del", f"{name}h"], capture_output=True, check=False)
        subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


def test_a_notebook_on_another_machine_reads_what_was_published_here(
    machine: Machine, tmp_path: Path
) -> None:
    bucket = Bucket(tmp_path / "bucket", machine.here)
    bucket.start()
    try:
        labs = Labs(tmp_path, bucket)
        labs.place.refresh()
        labs.command("depot", "push").communicate(timeout=60)
        there = str(tmp_path / "elsewhere")
        told = {**bucket.settings, "DATALAB_DEPOT_READER": "true", "DATALAB_HOME": there}
        datalab = [sys.executable, "-m", "datalab.cli"]
        reading = [sys.executable, "-c", READ, f"{there}/lake"]
        pulled = machine.run(*datalab, "depot", "pull", **told)
        assert pulled.returncode == 0, pulled.stderr
        assert "Fetched: " in pulled.stdout
        assert machine.run(*reading, **told).stdout.split()[-1] == "2"
        labs.publish(LONGER)
        labs.command("depot", "push").communicate(timeout=60)
        assert machine.run(*datalab, "depot", "pull", **told).returncode == 0
        assert machine.run(*reading, **told).stdout.split()[-1] == "3"
        refused = machine.run(*datalab, "refresh", "--all", **told)
        assert refused.returncode == 1
        assert "reads a copy of the lake" in refused.stderr
        bucket.stop()
        away = machine.run(*datalab, "depot", "pull", **told)
        assert away.returncode == 1
        assert "there is no connection to it" in away.stderr
        assert machine.run(*reading, **told).stdout.split()[-1] == "3"
    finally:
        bucket.stop()
