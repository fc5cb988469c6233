"""A cell: bubblewrap around one short-lived program that works on what a stranger wrote.

Unlike a notebook server's room it has no account, no home, no network and nothing to write in: the
program's own files, and a few folders to read, under names that say nothing of this machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from datalab.isolation.sandbox import Walls, bind, program_folders, system_folders


def cell(walls: Walls, shown: Mapping[Path, str]) -> list[str]:
    """The command line up to ``--``, empty where bubblewrap does not work here.

    ``shown`` gives folders and where they lie inside, in one folder of the root. The program keeps
    the account of whoever starts it, without any of its rights to pass over file modes. Start it
    in a session of its own and kill the group: until it asks to die with its parent, bubblewrap
    leaves behind what it started.
    """
    if walls.program is None or walls.mode not in ("root", "user"):
        return []
    command = [walls.program, "--die-with-parent", "--unshare-pid"]
    command += ["--unshare-ipc", "--unshare-uts", "--unshare-net", "--cap-drop", "ALL"]
    if walls.mode == "user":
        command += ["--unshare-user"]
    system, made = system_folders()
    command += system
    command += ["--proc", "/proc", "--dev", "/dev", "--perms", "0755", "--dir", "/etc"]
    for name in ("ld.so.cache", "localtime"):
        command += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    for folder in program_folders():
        command += bind(folder, made)
    for parent in sorted({str(Path(inside).parent) for inside in shown.values()}):
        command += ["--perms", "0755", "--dir", parent]
    for folder, inside in shown.items():
        command += ["--ro-bind", str(folder), inside]
    return [*command, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/", "--"]
