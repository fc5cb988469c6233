"""``datalab up``: starts the parts of the lab, keeps them running, stops them together.

One supervisor per home holds a lock for as long as it lives. What it starts is written down with
start times, so that after a crash the next supervisor takes over: it replaces hub, proxy, portal
and refresher, and leaves notebook servers alone.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

from datalab.deployment import children as parts
from datalab.deployment import home, journal, ports, seeding, servers, signin
from datalab.deployment.answers import answers
from datalab.errors import DatalabError, ParticipationUnavailable
from datalab.hub.configuration import openid_rules
from datalab.hub.plan import Plan
from datalab.i18n import Language, translate
from datalab.isolation import groups, sandbox
from datalab.isolation.private import secret
from datalab.isolation.process import Process, stop
from datalab.participation.store import Store as Participation
from datalab.people.store import Store
from datalab.settings import Settings

FIRST_ANSWER_SECONDS = 120.0
PORTAL_SECONDS = 10.0
LOG_CHECK_SECONDS = 10.0
Say = Callable[[str], None]


class Supervisor:
    """The lab of one home. ``say`` prints a line; ``language`` is that of the terminal."""

    def __init__(self, settings: Settings, say: Say, language: Language) -> None:
        self.settings, self.say, self.language = settings, say, language
        self.children: list[parts.Child] = []
        self.stopping = threading.Event()
        self.plan = Plan(settings.host, settings.port, 0, 0, 0)
        self.lake_build: subprocess.Popen[bytes] | None = None
        self._lock: int | None = None

    def run(self, install_seconds: float | None) -> None:
        """Start, announce, watch until told to stop, stop.

        Raises
        ------
        AlreadyRunning
            where another supervisor holds this home.
        PortBusy
            where the public port is taken.
        """
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # nohup asks to go on when the terminal closes.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._told_to_stop)
        self._open_home()
        try:
            self._start()
            if self._wait_for_answer():
                self._announce(install_seconds)
            self._watch()
        finally:
            self._stop()

    # -- start ----------------------------------------------------------------------------

    def _open_home(self) -> None:
        # A group that does not exist is told here, not in the hub's log.
        openid_rules(self.settings)
        groups.step_aside()
        walls = sandbox.probe(self.settings.home)
        self._lock = home.prepare(self.settings, walls)
        running = {server.account for server in servers.servers(self.settings.run) if server.alive}
        groups.probe(self.settings.home).sweep(running)
        warning = sandbox.warning(walls, self.settings.home, self.language)
        if warning:
            self.say(warning)

    def _start(self) -> None:
        settings = self.settings
        stale = parts.written_down(settings.run)
        stop((process for name, process in stale.items() if name != "supervisor"), 10)
        before = home.plan_before(settings)
        self.plan = ports.choose(settings, before)
        if before and before.hub_port != self.plan.hub_port:
            # Another program took the port: servers that outlived the hub would call in vain.
            servers.stop_all(settings.run)
        self.plan.write(settings.run)
        seeding.seed(Store(settings.people), time.time())
        self.children = parts.children(settings, self.plan)
        built = any(settings.lake.glob("*/index.json"))
        for child in self.children:
            # These wait for the first build of the lake: there is one writer.
            if child.name not in ("refresher", "depot"):
                child.start(settings.logs)
        self._write_down()
        if not built:
            self._build_lake()
        threading.Thread(target=self._set_up_assets, daemon=True).start()

    def _build_lake(self) -> None:
        # Some datasets are read from what people sent: their views are there before the build
        # asks for them. Where that database is away, the build itself says so.
        participation = Participation(self.settings.participation)
        with suppress(ParticipationUnavailable), participation.reading():
            pass
        participation.close()
        # What lies on the web comes afterwards, from the refresher: it may be slow, or away.
        told = ["refresh", "--all", "--local"]
        said = translate("Building the lake from its sources…", self.language)
        if self.settings.depot_reader:
            told, depot = ["depot", "pull"], self.settings.depot
            said = translate("Fetching the lake from {depot}…", self.language, depot=depot)
        self.say(said)
        self.lake_build = subprocess.Popen(
            [sys.executable, "-m", "datalab.cli", *told],
            env=self.children[0].environment | {"PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _set_up_assets(self) -> None:
        try:
            from datalab.assets import ensure_assets

            ensure_assets(self.settings.assets, self.settings.cache)
        except Exception as error:
            reason = error.message(self.language) if isinstance(error, DatalabError) else error
            self.say(
                translate(
                    "Scripts of the maps could not be fetched ({reason}). The lab works without "
                    "them; the next start tries again.",
                    self.language,
                    reason=reason,
                )
            )

    def _wait_for_answer(self) -> bool:
        """Until the hub answers through the proxy and the lake is built; False if told to stop."""
        hub = f"http://127.0.0.1:{self.plan.hub_port}/hub/api"
        deadline = time.monotonic() + FIRST_ANSWER_SECONDS
        portal_deadline = 0.0
        warned = False
        while not self.stopping.is_set():
            self._revive()
            building = self.lake_build is not None and self.lake_build.poll() is None
            # The hub first: a proxy in front of no hub writes a complaint for every look.
            if not building and answers(hub) and answers(f"{self.plan.url}/hub/api"):
                if answers(f"{self.plan.url}/services/datalab/health"):
                    break
                # People are sent to the portal first, but a portal that fails stops nobody else.
                portal_deadline = portal_deadline or time.monotonic() + PORTAL_SECONDS
                if time.monotonic() > portal_deadline:
                    break
            if time.monotonic() > deadline and not building and not warned:
                warned = True
                self.say(
                    translate(
                        "The hub does not answer yet; {log} says why.",
                        self.language,
                        log=self.settings.logs / "hub.log",
                    )
                )
            self.stopping.wait(0.1)
        else:
            return False
        if self.lake_build is not None and self.lake_build.returncode:
            self.say(
                translate(
                    "Not every dataset could be published: 'datalab refresh --all' says why. "
                    "The lab starts with those that could.",
                    self.language,
                )
            )
        self.lake_build = None
        for child in self.children:
            if child.popen is None and not child.failures:
                child.start(self.settings.logs)
        self._write_down()
        return True

    def _announce(self, install_seconds: float | None) -> None:
        links = signin.issue_all(self.settings, self.plan)
        width = max(map(len, links), default=0)
        self.say("")
        self.say(translate("The lab answers: {url}", self.language, url=self.plan.url))
        self.say(
            translate(
                "Sign-in links (each works once, for {hours:g} hours; 'datalab signin PERSONA' "
                "gives a new one):",
                self.language,
                hours=self.settings.signin_hours,
            )
        )
        for persona, link in links.items():
            self.say(f"  {persona:<{width}}  {link}")
        seconds = own_age()
        if install_seconds is not None:
            self.say(
                translate(
                    "From nothing to a hub that answers: {seconds:.0f} s",
                    self.language,
                    seconds=install_seconds + seconds,
                )
            )
        self.say(translate("This start: {seconds:.1f} s", self.language, seconds=seconds))
        self.say(translate("Ctrl-C stops everything.", self.language))

    # -- watch ----------------------------------------------------------------------------

    def _watch(self) -> None:
        looked = time.monotonic()
        while not self.stopping.wait(0.25):
            self._revive()
            if time.monotonic() - looked > LOG_CHECK_SECONDS:
                journal.rotate(self.settings.logs)
                looked = time.monotonic()

    def _revive(self) -> None:
        """Start again what ended, later each time it fails at once."""
        for child in self.children:
            code = child.ended()
            if code is not None:
                pause = child.plan_restart()
                self.say(
                    translate(
                        "{part} ended (code {code}); starting it again in {pause:g} s. See {log}",
                        self.language,
                        part=child.name,
                        code=code,
                        pause=pause,
                        log=self.settings.logs / f"{child.name}.log",
                    )
                )
            elif child.popen is None and child.failures and time.monotonic() >= child.due_at:
                child.start(self.settings.logs)
                self._write_down()
                if child.name == "proxy":
                    threading.Thread(target=self._restore_routes, daemon=True).start()

    def _restore_routes(self) -> None:
        """A proxy that begins anew knows nobody: the hub tells it, once it listens."""
        proxy = f"http://127.0.0.1:{self.plan.proxy_port}/api/routes"
        hub = f"http://127.0.0.1:{self.plan.hub_port}/hub/api/proxy"
        proxy_token = secret(self.settings.secrets, "proxy_token")
        own_token = secret(self.settings.secrets, "supervisor_token")
        for _ in range(100):
            listening = answers(proxy, token=proxy_token)
            if listening and answers(hub, method="POST", token=own_token, seconds=30):
                return
            if self.stopping.wait(0.1):
                return

    def _write_down(self) -> None:
        parts.write_down(self.settings.run, Process.of(os.getpid()), self.children)

    # -- stop -----------------------------------------------------------------------------

    def _told_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping.set()

    def _stop(self) -> None:
        """Hub first, so that nothing new starts; then servers; the proxy last."""
        if self.children:
            self.say(translate("Stopping the lab…", self.language))
        if self.lake_build is not None:
            stop(filter(None, [Process.of(self.lake_build.pid)]), 10)
            self.lake_build.wait()
        by_name = {child.name: child.process for child in self.children if child.process}
        others = [process for name, process in by_name.items() if name != "proxy"]
        for process in others:
            process.signal(signal.SIGTERM)
        servers.stop_all(self.settings.run)
        stop(others, 10)
        stop([process for name, process in by_name.items() if name == "proxy"], 5)
        for child in self.children:
            if child.popen is not None:
                child.popen.wait()
        groups.probe(self.settings.home).close()
        (self.settings.run / "children.json").unlink(missing_ok=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def own_age() -> float:
    """Seconds since this process began."""
    try:
        me = Process.of(os.getpid())
        uptime = float(Path("/proc/uptime").read_text().split()[0])
    except OSError:
        return time.perf_counter()
    return uptime - me.started / os.sysconf("SC_CLK_TCK") if me else 0.0
