"""CPU seconds of one notebook server until it is ready: ours, and stock JupyterHub + JupyterLab.

Both sides are real hubs behind the same proxy, in the same environment: ours is ``datalab up``,
the stock one is JupyterHub with its simple local spawner and no configuration of its servers. A
server is ready when its address answers through the proxy. Its CPU time is that of the whole tree
of processes that the hub started for it, sandbox included; the hub itself does not count.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import psutil

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from tests.benchmarks.pairing import print_header, print_ratio  # noqa: E402
from tests.hub.lab import Lab, Person, eventually, free_port, tiny_catalog  # noqa: E402

TARGET = 0.4
USER = "student"
STOCK = """
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub}"
c.ConfigurableHTTPProxy.command = [{python!r}, "-m", "configurable_http_proxy.cli"]
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api}"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {homes!r}
c.Spawner.cmd = [{python!r}, "-m", "jupyterhub.singleuser"]
{root}
c.JupyterHub.load_roles = [{{"name": "starter", "services": ["starter"],
    "scopes": ["admin:users", "admin:servers"]}}]
c.JupyterHub.services = [{{"name": "starter", "api_token": {token!r}}}]
"""
PROXY_MAIN = """
import configurable_http_proxy.cli as cli
cli.main()
"""


class Ours:
    """The lab, with a person who comes and goes."""

    name = "datalab"

    def __init__(self, folder: Path) -> None:
        self.lab = Lab(folder / "home", tiny_catalog(folder / "catalog"))
        self.lab.start()
        self.client = httpx.Client(base_url=self.lab.url, follow_redirects=True, timeout=60)
        self.person = Person(self.lab, USER, self.client)
        self.person.sign_in(self.lab.link(USER))
        self._stop_server()

    def cpu_of_one_start(self) -> float:
        self.client.get(f"/hub/spawn/{USER}")
        wait_until_ready(self.client)
        room = psutil.Process(self.lab.server(USER)["room_process"].pid)
        outer = room.parent()
        seconds = cpu_of_tree(outer if outer and "bwrap" in outer.name() else room)
        check_answers(self.client, USER)
        self._stop_server()
        return seconds

    def _stop_server(self) -> None:
        wait_until_ready(self.client)
        headers = {
            "X-XSRFToken": self.person.cookie("_xsrf", "/hub/"),
            "Referer": f"{self.lab.url}/hub/home",
        }
        self.client.delete(f"/hub/api/users/{USER}/server", headers=headers).raise_for_status()
        wait_until_stopped(self.client)

    def close(self) -> None:
        self.client.close()
        self.lab.stop()


class Stock:
    """JupyterHub as its documentation starts it on one machine."""

    name = "stock"

    def __init__(self, folder: Path) -> None:
        port, token = free_port(), "token-of-the-benchmark"
        (folder / "jupyterhub_config.py").write_text(
            STOCK.format(
                port=port,
                hub=free_port(),
                api=free_port(),
                python=sys.executable,
                homes=str(folder / "{username}"),
                token=token,
                # JupyterHub's servers refuse to run as root unless told otherwise.
                root='c.Spawner.args = ["--allow-root"]' if os.geteuid() == 0 else "",
            )
        )
        # The module has no main of its own; the file below is the command that pip installs.
        (folder / "proxy.py").write_text(PROXY_MAIN)
        text = (folder / "jupyterhub_config.py").read_text()
        text = text.replace('"-m", "configurable_http_proxy.cli"', repr(str(folder / "proxy.py")))
        (folder / "jupyterhub_config.py").write_text(text)
        self.log = (folder / "log").open("wb")
        self.hub = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub"],
            cwd=folder,
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"Authorization": f"token {token}"},
            timeout=60,
        )

        def there() -> bool:
            try:
                return self.client.get("/hub/api").status_code == 200
            except httpx.HTTPError:
                return False

        try:
            eventually(there, "the stock hub", 60)
        except AssertionError:
            print((folder / "log").read_text(), file=sys.stderr)
            raise
        self.client.post(f"/hub/api/users/{USER}").raise_for_status()

    def cpu_of_one_start(self) -> float:
        before = {child.pid for child in psutil.Process(self.hub.pid).children()}
        self.client.post(f"/hub/api/users/{USER}/server").raise_for_status()
        wait_until_ready(self.client)
        started = [c for c in psutil.Process(self.hub.pid).children() if c.pid not in before]
        seconds = sum(cpu_of_tree(child) for child in started)
        check_answers(self.client, USER)
        self.client.delete(f"/hub/api/users/{USER}/server").raise_for_status()
        wait_until_stopped(self.client)
        return seconds

    def close(self) -> None:
        self.client.close()
        self.hub.send_signal(signal.SIGTERM)
        self.hub.wait(60)
        self.log.close()


def server_version(client: httpx.Client) -> str | None:
    """What the server's own address says, or None while there is none."""
    answer = client.get(f"/user/{USER}/api", follow_redirects=False)
    return answer.json().get("version") if answer.status_code == 200 else None


def wait_until_ready(client: httpx.Client) -> None:
    eventually(lambda: server_version(client), "the notebook server", 120)


def wait_until_stopped(client: httpx.Client) -> None:
    eventually(lambda: server_version(client) is None, "the notebook server to stop", 60)
    time.sleep(1)


def cpu_of_tree(process: psutil.Process) -> float:
    """User and system seconds of a process and all below it, those that ended included."""
    total = 0.0
    for each in [process, *process.children(recursive=True)]:
        times = each.cpu_times()
        total += times.user + times.system + times.children_user + times.children_system
    return float(total)


def check_answers(client: httpx.Client, user: str) -> None:
    """Both sides must have started the same thing: the same Jupyter server."""
    import jupyter_server

    found = server_version(client)
    if found != jupyter_server.__version__:
        raise SystemExit(f"the server of {user} says it is version {found}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="3 rounds instead of 7")
    rounds = 3 if parser.parse_args().quick else 7
    folder = Path(tempfile.mkdtemp(prefix="datalab-tests-"))
    os.chmod(folder, 0o755)  # noqa: S103
    (folder / "ours").mkdir()
    (folder / "stock").mkdir()
    print_header(Path(__file__), 0, ("jupyterhub", "jupyterlab", "jupyter-server"))
    sides: list[Ours | Stock] = []
    try:
        sides.append(Ours(folder / "ours"))
        sides.append(Stock(folder / "stock"))
        seconds: dict[str, list[float]] = {side.name: [] for side in sides}
        for side in sides:
            # The first start of each side fills caches of bytecode and of the disk.
            side.cpu_of_one_start()
        for number in range(rounds):
            for side in sides if number % 2 == 0 else reversed(sides):
                seconds[side.name].append(side.cpu_of_one_start())
    finally:
        for side in sides:
            side.close()
        shutil.rmtree(folder, ignore_errors=True)
    for name, found in seconds.items():
        rest = " ".join(f"{value:.2f}" for value in found)
        print(f"{name:>12}: median {statistics.median(found):.2f} CPU s ({rest})")
    ratio = statistics.median(seconds["datalab"]) / statistics.median(seconds["stock"])
    print_ratio("spawn", ratio, TARGET)


if __name__ == "__main__":
    main()
