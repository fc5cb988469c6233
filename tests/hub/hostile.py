"""What a hostile notebook tries. Each attempt prints ``DONE`` if it got through.

``FACTS`` is put before each: paths of the lab, pids and ports of others, things that were stolen.
No attempt harms the machine: each takes a bounded amount and gives it back.
"""

from __future__ import annotations

TOOLS = """
import ctypes, glob, os, signal, socket, subprocess, sys, time, urllib.error, urllib.request
libc = ctypes.CDLL(None, use_errno=True)
def ask(port, path, headers):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return opener.open(request, timeout=10).read().decode()
"""

READ = 'print("DO" + "NE") if open({path}, "rb").read(1) else print("empty")'
LISTED = 'print("DO" + "NE") if os.listdir({path}) else print("empty")'
APPEND = 'open({path}, "a").close(); print("DO" + "NE")'

ATTEMPTS: dict[str, str] = {
    "read another home": READ.format(path='f"{lab}/accounts/homes/citizen/diary.txt"'),
    "list the homes of others": LISTED.format(path='f"{lab}/accounts/homes/citizen"'),
    "read the hub's database": """
import sqlite3
base = sqlite3.connect(f"file:{lab}/hub/hub.sqlite?mode=ro", uri=True)
print("DO" + "NE" if base.execute("select count(*) from users").fetchone()[0] else "empty")
""",
    "read the accounts": """
import sqlite3
base = sqlite3.connect(f"file:{lab}/hub/people.sqlite?mode=ro", uri=True)
print("DO" + "NE" if base.execute("select count(*) from sqlite_master").fetchone()[0] else "empty")
""",
    "read the secrets": READ.format(path='f"{lab}/secrets/cookie_secret"'),
    "use the keeper's token": """
token = open(f"{lab}/secrets/keeper_token").read().strip()
said = ask(hub_port, "/hub/api/users", {"Authorization": f"token {token}"})
print("DO" + "NE" if "citizen" in said else said)
""",
    "find secrets in environments": """
texts = b""
for name in glob.glob("/proc/[0-9]*/environ"):
    try: texts += open(name, "rb").read()
    except OSError: pass
print("DO" + "NE" if b"CONFIGPROXY_AUTH_TOKEN=" in texts else "nothing")
""",
    "find a neighbour's token in environments": """
mine = os.environ["JUPYTERHUB_API_TOKEN"].encode()
found = set()
for name in glob.glob("/proc/[0-9]*/environ"):
    try: lines = open(name, "rb").read().split(bytes(1))
    except OSError: continue
    found |= {x for x in lines if x.startswith(b"JUPYTERHUB_API_TOKEN=")}
print("DO" + "NE" if any(mine not in x for x in found) else "nothing")
""",
    "read a restricted lake": READ.format(path='f"{lab}/lake/restricted-trial/index.json"'),
    "write a lake": APPEND.format(path='f"{lab}/lake/open/index.json"'),
    "write a lake where it is shown": APPEND.format(
        path='os.environ["DATALAB_LAKE"] + "/open/index.json"'
    ),
    "write a project's manifest": APPEND.format(path='f"{lab}/projects/trial/project.yaml"'),
    "read a project of others": READ.format(path='f"{lab}/projects/trial/work/plan.txt"'),
    "use another's token at the hub": """
said = ask(hub_port, "/hub/api/user", {"Authorization": f"token {stolen_token}"})
print("DO" + "NE" if "citizen" in said else said)
""",
    "use a stolen cookie at the hub": """
said = ask(hub_port, "/hub/home", {"Cookie": stolen_cookie})
print("DO" + "NE" if "citizen" in said else said[:200])
""",
    "reach a neighbour's program": """
with socket.create_connection(("127.0.0.1", neighbour_port), 5) as peer:
    print("DO" + "NE" if peer.recv(20) == b"unprotected" else "silence")
""",
    "reach the portal behind the proxy": """
print("DO" + "NE" if ask(portal_port, "/services/datalab/health", {}) else "silence")
""",
    "reach the routes of the proxy": """
try: ask(proxy_port, "/api/routes", {})
except urllib.error.HTTPError as error: print("DO" + "NE" if error.code == 403 else error)
""",
    "signal a neighbour's server": 'os.kill(neighbour_pid, 0); print("DO" + "NE")',
    "read a neighbour's memory map": READ.format(path='f"/proc/{neighbour_pid}/maps"'),
    "make a user namespace": """
child = os.fork()
if child == 0: os._exit(0 if libc.unshare(0x10000000) == 0 else 1)
print("DO" + "NE" if os.waitpid(child, 0)[1] == 0 else "refused")
""",
    "keep a key in the kernel": """
number = {"x86_64": 248, "aarch64": 217}[os.uname().machine]
print("DO" + "NE" if libc.syscall(number, b"user", b"trial", b"x", 1, -3) > 0 else "refused")
""",
    "fork many processes": """
children = []
try:
    for _ in range(150): children.append(subprocess.Popen(["sleep", "60"]))
    print("DO" + "NE")
finally:
    for child in children: child.kill()
    for child in children: child.wait()
""",
    "fill the memory with many processes": """
grab = "x = bytearray(150 * 10**6); import time; time.sleep(30)"
grab = f"x = bytearray(b'1') * 150_000_000; print('held', flush=True); import time; time.sleep(30)"
children = [subprocess.Popen([sys.executable, "-S", "-c", grab], stdout=-1) for _ in range(7)]
held = sum(child.stdout.readline() == b"held\\n" for child in children)
time.sleep(3)
alive = sum(child.poll() is None for child in children)
for child in children: child.kill(); child.wait(); child.stdout.close()
print("DO" + "NE" if held == alive == 7 else (held, alive))
""",
    "write one large file": """
try:
    with open("large", "wb", buffering=0) as file: size = file.write(bytes(30_000_000))
    print("DO" + "NE" if size == 30_000_000 else "cut")
finally: os.remove("large")
""",
    "fill the disk with files": """
names = [f"fill-{n}" for n in range(80)]
try:
    for name in names:
        with open(name, "wb") as file: file.write(bytes(1_000_000))
        time.sleep(0.1)
    print("DO" + "NE")
finally:
    for name in names:
        if os.path.exists(name): os.remove(name)
""",
}
