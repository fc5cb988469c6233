"""System calls that no notebook needs and that reach deep into the kernel: refused.

User namespaces inside the room would make every file system and network driver of the kernel
reachable again; the kernel's key rings are shared by processes that share nothing else; the rest
is what container engines refuse by default, for the same reason. Numbers are of x86-64 and arm64;
on other machines nothing is refused here.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct

PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2
ALLOW = 0x7FFF0000
ERRNO = 0x00050000
LOAD, EQUAL, GREATER_EQUAL, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16
CLONE_NEWUSER = 0x10000000
X32 = 0x40000000

# Identity of the architecture, then numbers of calls by what becomes of them.
CALLS: dict[str, tuple[int, dict[str, int], dict[str, int]]] = {
    "x86_64": (
        0xC000003E,
        {"clone": 56, "unshare": 272},
        {
            "setns": 308,
            "add_key": 248,
            "request_key": 249,
            "keyctl": 250,
            "perf_event_open": 298,
            "bpf": 321,
            "userfaultfd": 323,
            "io_uring_setup": 425,
        },
    ),
    "aarch64": (
        0xC00000B7,
        {"clone": 220, "unshare": 97},
        {
            "setns": 268,
            "add_key": 217,
            "request_key": 218,
            "keyctl": 219,
            "perf_event_open": 241,
            "bpf": 280,
            "userfaultfd": 282,
            "io_uring_setup": 425,
        },
    ),
}
CLONE3 = 435


def program(machine: str) -> bytes:
    """The filter as the kernel takes it; empty for a machine whose numbers are not known here."""
    if machine not in CALLS:
        return b""
    architecture, with_flags, refused = CALLS[machine]
    steps: list[tuple[int, int, int, int]] = [
        (LOAD, 0, 0, ARCHITECTURE),
        # Another architecture has other numbers: its calls would pass under wrong names.
        (EQUAL, 1, 0, architecture),
        (RETURN, 0, 0, ERRNO | errno.EPERM),
        (LOAD, 0, 0, NUMBER),
        (GREATER_EQUAL, 0, 1, X32),
        (RETURN, 0, 0, ERRNO | errno.EPERM),
        # Its flags lie in memory, where a filter cannot look. C libraries fall back on clone.
        (EQUAL, 0, 1, CLONE3),
        (RETURN, 0, 0, ERRNO | errno.ENOSYS),
    ]
    for number in refused.values():
        steps += [(EQUAL, 0, 1, number), (RETURN, 0, 0, ERRNO | errno.EPERM)]
    for number in with_flags.values():
        steps += [
            (EQUAL, 0, 4, number),
            (LOAD, 0, 0, FIRST_ARGUMENT),
            (ANY_BIT, 0, 1, CLONE_NEWUSER),
            (RETURN, 0, 0, ERRNO | errno.EPERM),
            (RETURN, 0, 0, ALLOW),
        ]
    steps.append((RETURN, 0, 0, ALLOW))
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def install() -> bool:
    """Refuse them to this process and all that it starts, for good. False where unknown.

    Needs ``PR_SET_NO_NEW_PRIVS``, which the launcher sets before.
    """
    steps = program(platform.machine())
    if not steps:
        return False
    buffer = ctypes.create_string_buffer(steps, len(steps))
    # struct sock_fprog: a number of instructions and where they are.
    listed = ctypes.create_string_buffer(
        struct.pack("HxxxxxxQ", len(steps) // 8, ctypes.addressof(buffer))
    )
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, listed, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")
    return True
