"""What attackers type where a text is shown later, in a page, a script, a table or a feed.

Try them over every field whose text appears somewhere: the page must hold them as text
(:func:`is_harmless`), and a spreadsheet or a header must not be moved by them.
"""

from __future__ import annotations

from html.parser import HTMLParser

MARK = "xss4711"
PAYLOADS = (
    f"<script>window.{MARK}=1</script>",
    f"<ScRiPt>window.{MARK}=1</sCrIpT >",
    f'"><img src=x onerror="window.{MARK}=1">',
    f"'><svg/onload=window.{MARK}=1>",
    f"<svg><script>window.{MARK}=1</script></svg>",
    f"</textarea><script>window.{MARK}=1</script>",
    f"</title><script>window.{MARK}=1</script>",
    f"</script><script>window.{MARK}=1</script>",
    f"--><script>window.{MARK}=1</script>",
    f"]]><script>window.{MARK}=1</script>",
    f"<iframe srcdoc='<script>parent.{MARK}=1</script>'></iframe>",
    f"<a href='javascript:window.{MARK}=1'>{MARK}</a>",
    f"[{MARK}](javascript:window.{MARK}=1)",
    f"javascript:window.{MARK}=1",
    f"<details open ontoggle=window.{MARK}=1>{MARK}",
    f"<input autofocus onfocus=window.{MARK}=1>",
    f"<body onpageshow=window.{MARK}=1>",
    f"<style>@import'//evil.test/{MARK}';</style>",
    f"<link rel=stylesheet href=//evil.test/{MARK}>",
    f"<meta http-equiv=refresh content='0;url=//evil.test/{MARK}'>",
    f"<base href=//evil.test/{MARK}/>",
    f"<form action=//evil.test/{MARK}><button>",
    f"<math><mtext></form><form><mglyph><style></math><img src onerror=window.{MARK}=1>",
    f"\u003cscript\u003ewindow.{MARK}=1\u003c/script\u003e",
    f"＜script＞window.{MARK}=1＜/script＞",
    f"{{{{constructor.constructor('window.{MARK}=1')()}}}}",
    f"${{window.{MARK}=1}} #{{window.{MARK}=1}} {{% {MARK} %}}",
    f"' onmouseover='window.{MARK}=1",
    f'" autofocus onfocus="window.{MARK}=1',
    f"\\u003cscript\\u003ewindow.{MARK}=1",
    f"\u2028window.{MARK}=1\u2029",
    f"<!--<script>{MARK}",
    f"\u202e{MARK} gpj.exe",
)
FORMULAS = tuple(f'{sign}HYPERLINK("//evil.test/{MARK}")' for sign in "=+-@\t\r")
HEADERS = (f"x\r\nBcc: {MARK}@evil.test", f"x\nSet-Cookie: {MARK}=1", f"x\x0bX-{MARK}: 1")


class _Elements(HTMLParser):
    """Every element and attribute of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name.startswith("on") or name in ("style", "srcdoc"):
                self.found.append(f"{tag} {name}={value}")
            address = (value or "").strip().lower()
            if name in ("href", "src", "action", "formaction") and (
                address.startswith(("javascript:", "data:text")) or "evil.test" in address
            ):
                self.found.append(f"{tag} {name}={value}")
        if tag in ("iframe", "object", "embed", "math", "base") or (
            tag in ("meta", "style") and MARK in str(attrs)
        ):
            self.found.append(tag)

    def handle_data(self, data: str) -> None:
        if self.lasttag == "script" and MARK in data and self.rawdata:
            self.found.append(f"script: {data[:80]}")


def dangers(html: str) -> list[str]:
    """What in a page could run, load or lead away; empty where every payload is only text.

    The portal's own pages hold no inline script, no handler and no frame at all.
    """
    parser = _Elements()
    parser.feed(html)
    parser.close()
    inline = "<script>" in html.lower() and MARK in html.lower().split("<script>", 1)[1][:200]
    return parser.found + (["inline script"] if inline else [])


def is_harmless(html: str) -> bool:
    return not dangers(html)
