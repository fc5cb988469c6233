"""The first program inside the walls: sets limits, gives up privileges, becomes its target.

Run as ``python -I launcher.py --uid N --data BYTES --processes N --file BYTES --home FOLDER
--target MODULE:FUNCTION -- NAME ARGUMENTS``: the function is called with nothing once privileges
are gone, and finds ``NAME`` and its arguments in ``sys.argv``. Before that nothing but the
standard library is imported.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib
import os
import resource
import sys

PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38
CAPABILITY_VERSION_3 = 0x20080522
LAST_CAPABILITY = 63
# The group that reads the lake for members where no mounts decide it: below the uids of accounts.
READERS = 29_999


def main() -> None:
    """Limits, uid, working directory, then the target in this very process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--uid", type=int, required=True)
    parser.add_argument("--data", type=int, default=0)
    parser.add_argument("--processes", type=int, default=0)
    parser.add_argument("--file", type=int, default=0)
    parser.add_argument("--home", required=True)
    parser.add_argument("--target", required=True)
    parser.add_argument("--umask", default="077")
    parser.add_argument("--reader", action="store_true")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    os.umask(int(options.umask, 8))
    hold(data=options.data, processes=options.processes, file=options.file)
    give_up_privileges(options.uid, [READERS] if options.reader else [])
    # Found like the target is, and in the account's own name.
    importlib.import_module("datalab.isolation.seccomp").install()
    os.chdir(options.home)
    arguments = options.arguments
    sys.argv = arguments[arguments[:1] == ["--"] :]
    module, _, function = options.target.partition(":")
    getattr(importlib.import_module(module), function)()


def hold(*, data: int, processes: int, file: int) -> None:
    """Limits of this process and of each that it starts; 0 means none, bytes otherwise."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for kind, value in (
        # Memory that is written to: Python says MemoryError and goes on.
        (resource.RLIMIT_DATA, data),
        # Counted per uid, and per user namespace where there is one (Linux 5.14): every account
        # has its own, so that what one starts is never missing to another.
        (resource.RLIMIT_NPROC, processes),
        (resource.RLIMIT_FSIZE, file),
    ):
        highest = resource.getrlimit(kind)[1]
        if value:
            wanted = value if highest == resource.RLIM_INFINITY else min(value, highest)
            resource.setrlimit(kind, (wanted, wanted))


def give_up_privileges(uid: int, groups: list[int]) -> None:
    """For good: the uid, every capability of every set, and what setuid programs would give."""
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() == 0:
        for capability in range(LAST_CAPABILITY + 1):
            # Fails beyond the last one that this kernel knows, which is as good.
            libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
        os.setgroups(groups)
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
        nothing = (ctypes.c_uint32 * 6)()
        if libc.capset(header, nothing) != 0:
            raise OSError(ctypes.get_errno(), "capset")
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if os.geteuid() == 0:
        raise PermissionError("a notebook server never runs as root")


if __name__ == "__main__":
    main()
