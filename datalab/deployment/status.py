"""``datalab status``: what runs in a home, and whether it answers."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass

from datalab.deployment import children, servers
from datalab.deployment.answers import answers
from datalab.hub.plan import Plan
from datalab.i18n import Language, translate
from datalab.settings import Settings


@dataclass(frozen=True)
class Part:
    """One part of the lab. ``answers`` is None for a part that is not asked anything."""

    name: str
    pid: int | None
    answers: bool | None

    @property
    def well(self) -> bool:
        return self.pid is not None and self.answers is not False


@dataclass(frozen=True)
class Status:
    """``servers`` are the accounts whose notebook server runs; ``datasets`` those published."""

    home: str
    url: str | None
    parts: list[Part]
    servers: list[str]
    datasets: int

    @property
    def well(self) -> bool:
        """Whether every part runs and answers."""
        return self.url is not None and all(part.well for part in self.parts)

    def as_json(self) -> str:
        return json.dumps({"ok": self.well, **asdict(self)}, ensure_ascii=False, indent=1)

    def as_text(self, language: Language) -> str:
        """One line per part."""
        if self.url is None:
            return translate(
                "The lab is not running in {home}. Start it with 'datalab up'.",
                language,
                home=self.home,
            )
        words = {
            True: translate("answers", language),
            False: translate("does not answer", language),
            None: translate("runs", language),
        }
        stopped = translate("stopped", language)
        lines = [self.url]
        for part in self.parts:
            state = stopped if part.pid is None else f"{words[part.answers]} (pid {part.pid})"
            lines.append(f"  {part.name:<10} {state}")
        lines.append(
            translate(
                "Notebook servers: {count} ({names})",
                language,
                count=len(self.servers),
                names=", ".join(self.servers) or "–",
            )
        )
        lines.append(translate("Datasets published: {count}", language, count=self.datasets))
        return "\n".join(lines)


def look(settings: Settings) -> Status:
    """The state of a home now. Asks each part over HTTP, one short question each."""
    try:
        plan = Plan.read(settings.run)
    except (OSError, ValueError, TypeError):
        return Status(str(settings.home), None, [], [], _datasets(settings))
    known = children.written_down(settings.run)
    if not any(process.alive for process in known.values()):
        return Status(str(settings.home), None, [], [], _datasets(settings))
    loopback = "http://127.0.0.1"
    asked = {
        "supervisor": None,
        "proxy": (f"{loopback}:{plan.proxy_port}/api/routes", _token(settings)),
        "hub": (f"{plan.url}/hub/api", None),
        "portal": (f"{plan.url}/services/datalab/health", None),
        **{
            name: (f"{loopback}:{port}/services/datalab/health", None)
            for name, port in plan.portals.items()
            if name != "portal"
        },
        **({} if settings.depot_reader else {"refresher": None}),
        "keeper": None,
        **({"depot": None} if settings.depot else {}),
        **({"web": None} if settings.notebook_web else {}),
    }
    parts = []
    for name, question in asked.items():
        process = known.get(name)
        pid = process.pid if process and process.alive else None
        answer = answers(question[0], token=question[1]) if question else None
        parts.append(Part(name, pid, answer))
    running = [server.account for server in servers.servers(settings.run) if server.alive]
    return Status(str(settings.home), plan.url, parts, running, _datasets(settings))


def wait(settings: Settings, seconds: float) -> Status:
    """Look until everything answers, at most ``seconds``."""
    deadline = time.monotonic() + seconds
    while not (status := look(settings)).well and time.monotonic() < deadline:
        time.sleep(0.25)
    return status


def _token(settings: Settings) -> str | None:
    try:
        return (settings.secrets / "proxy_token").read_text().strip()
    except OSError:
        return None


def _datasets(settings: Settings) -> int:
    """Datasets with a published snapshot, over all lakes."""
    count = 0
    for path in settings.lake.glob("*/index.json"):
        try:
            entries = json.loads(path.read_text())["datasets"].values()
        except (OSError, ValueError, KeyError, AttributeError):
            continue
        count += sum(1 for entry in entries if entry.get("good"))
    return count
