"""A small web page made by Python: the first rows, the quality and the source of the dataset.

``python app.py`` and open http://127.0.0.1:8801. The token, if any, stays in this program and never
reaches the browser.
"""

from __future__ import annotations

import sys
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from client import HERE, Client, Problem  # type: ignore[import-not-found]

PORT = 8801
ROWS = 50
HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def page(client: Client) -> str:
    """The page; every word that comes from elsewhere is escaped."""
    words, shown = client.words, client.config["shown"]
    try:
        rows = list(client.rows(ROWS))
        about = client.about()
    except Problem as problem:
        body = f'<p class="warning" role="alert">{escape(str(problem))}</p>'
        return _frame(client, body)
    parts = [f'<p class="warning" role="alert">{escape(one)}</p>' for one in about.warnings]
    parts.append(f'<p class="badge">{escape(words["quality"])} {escape(about.quality)}</p>')
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in shown)
    lines = "".join(
        "<tr>" + "".join(f"<td>{escape(_text(row.get(name)))}</td>" for name in shown) + "</tr>"
        for row in rows
    )
    parts.append(
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(words["table"])}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>"
    )
    parts.append(f"<footer><p>{escape(about.attribution)}</p></footer>")
    return _frame(client, "".join(parts))


def _frame(client: Client, body: str) -> str:
    title, language = escape(client.config["title"]), escape(client.config["language"])
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{title}</title><link rel="stylesheet" href="style.css"></head>'
        f"<body><main><h1>{title}</h1>{body}</main></body></html>"
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value)[:200]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        # Another site that lets its name point here must not read what the token opens.
        name = self.headers.get("Host", "").rpartition(":")[0]
        if name not in ("127.0.0.1", "localhost"):
            self.send_error(403)
        elif self.path == "/style.css":
            self._send((HERE / "web" / "style.css").read_bytes(), "text/css")
        elif self.path == "/":
            self._send(page(Client()).encode(), HEADERS["Content-Type"])
        else:
            self.send_error(404)

    def _send(self, content: bytes, media: str) -> None:
        self.send_response(200)
        for name, value in {**HEADERS, "Content-Type": media}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else PORT
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    print(f"http://127.0.0.1:{server.server_port}/", flush=True)
    server.serve_forever()
