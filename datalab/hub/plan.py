"""The plan of one running lab: where its parts listen."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from datalab.isolation.private import write_private
from datalab.settings import Settings


@dataclass(frozen=True)
class Plan:
    """Ports of this home. The internal ones stay the same from one start to the next, because
    notebook servers that outlived a hub go on calling it where it was."""

    host: str
    port: int
    hub_port: int
    proxy_port: int
    portal_port: int
    hub_host: str = "127.0.0.1"  # in a cluster, the name of its service
    more_portals: tuple[int, ...] = ()  # ports of the portal's workers after the first

    @property
    def portals(self) -> dict[str, int]:
        """The port of each worker of the portal, by its name as a part of the lab."""
        more = {f"portal-{at}": port for at, port in enumerate(self.more_portals, start=2)}
        return {"portal": self.portal_port, **more}

    @property
    def hub_api(self) -> str:
        """Where parts of the lab reach the hub."""
        return f"http://{self.hub_host}:{self.hub_port}/hub/api"

    @property
    def bind_host(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def url(self) -> str:
        """An address that a browser on this machine can open."""
        host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "[::1]"}.get(  # noqa: S104
            self.host, self.bind_host
        )
        return f"http://{host}:{self.port}"

    @classmethod
    def read(cls, run: Path) -> Plan:
        """The plan written in the ``run`` folder of a home."""
        facts = json.loads((run / "plan.json").read_text())
        return cls(**{**facts, "more_portals": tuple(facts.get("more_portals", ()))})

    def write(self, run: Path) -> None:
        write_private(run / "plan.json", json.dumps(asdict(self), indent=1))


def portal_address(settings: Settings) -> str:
    """The portal as people reach it, without a slash at its end."""
    return (settings.public_url or Plan.read(settings.run).url).rstrip("/") + "/services/datalab"
