"""The process in which foreign SQL runs ends with the one that asked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

ASK = """
import subprocess, sys
held = subprocess.Popen(["sleep", "120"], stdout=subprocess.PIPE)
child = subprocess.Popen([sys.executable, "-m", "datalab.lake.child"], stdin=held.stdout)
print(child.pid, flush=True)
input()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells a child that its parent died")
def test_a_killed_parent_leaves_no_child_behind() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", ASK],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    deadline = time.monotonic() + 30
    while "duckdb" not in " ".join(m.path for m in child.memory_maps()):
        assert time.monotonic() < deadline, "the child never started"
        time.sleep(0.1)
    time.sleep(0.5)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait(10)
    # Its input stays open in another process: only the signal can end it.
    _, alive = psutil.wait_procs([child], timeout=20)
    os.killpg(parent.pid, signal.SIGKILL)
    assert not alive


GENTLE = """
import signal, subprocess, sys
code = '''
import signal, sys, time
from datalab.lake.child import end_with_parent
signal.signal(signal.SIGTERM, lambda *_: (print("cleaned up", flush=True), sys.exit(1)))
end_with_parent(signal.SIGTERM)
print("ready", flush=True)
time.sleep(120)
'''
child = subprocess.Popen([sys.executable, "-c", code], stdout=sys.stdout)
input()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells a child that its parent died")
def test_who_has_something_to_remove_is_told_to_end_and_removes_it() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", GENTLE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "ready\n"
    parent.kill()
    assert parent.stdout.readline() == "cleaned up\n"
    parent.wait(10)
