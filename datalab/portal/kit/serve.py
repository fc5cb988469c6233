"""Serve the JavaScript app of ``web/`` on this machine: ``python serve.py [PORT]``.

The page reads the lab by itself, from its own address: it may speak to the lab and to nobody else.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent
PORT = 8800
# By name, so that nothing else of this folder (a token) is ever given.
FILES = {
    "/": (HERE / "web" / "index.html", "text/html; charset=utf-8"),
    "/app.js": (HERE / "web" / "app.js", "text/javascript; charset=utf-8"),
    "/style.css": (HERE / "web" / "style.css", "text/css; charset=utf-8"),
    "/config.json": (HERE / "config.json", "application/json"),
}


def policy() -> str:
    lab = urlsplit(json.loads((HERE / "config.json").read_text("utf-8"))["api"])
    host = "".join(c for c in lab.netloc if c.isalnum() or c in "-.:[]")
    origin = f"{lab.scheme}://{host}" if lab.scheme in ("http", "https") else ""
    own = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'"
    return f"{own} {origin}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        path, media = FILES.get(urlsplit(self.path).path, (None, ""))
        if path is None:
            self.send_error(404)
            return
        content = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Security-Policy", policy())
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else PORT
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    print(f"http://127.0.0.1:{server.server_port}/", flush=True)
    server.serve_forever()
