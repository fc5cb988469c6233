"""Other people's Markdown and HTML, made harmless before a page of the lab shows it.

Whatever this module returns may stand in a page that runs the lab's own scripts: no script, no
style, no form, no frame, no address but http, https, mailto and pictures held in the text itself.
What needs more to be seen (:func:`active`) belongs in a frame of its own, under
``Content-Security-Policy: sandbox``.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from functools import cache
from html import escape
from typing import Any

import mistune
import nh3

LONGEST = 2_000_000  # characters of one piece
LARGEST_PICTURE = 8_000_000  # characters of a picture held in a text
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml")
TAGS = {
    *("a", "abbr", "b", "blockquote", "br", "caption", "cite", "code", "col", "colgroup", "dd"),
    *("del", "details", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "h1", "h2", "h3"),
    *("h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "s"),
    *("samp", "section", "small", "span", "strong", "sub", "summary", "sup", "table", "tbody"),
    *("td", "tfoot", "th", "thead", "time", "tr", "u", "ul", "var"),
}
ATTRIBUTES = {
    "*": {"lang", "title", "dir"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "time": {"datetime"},
    "details": {"open"},
}
# What would be lost by cleaning: it is shown in a frame instead.
ACTIVE = re.compile(
    r"<\s*(script|iframe|canvas|svg|object|embed|video|audio|form|input|button|select|math)\b",
    re.IGNORECASE,
)
PICTURE = re.compile(rf"data:({'|'.join(map(re.escape, PICTURES))});base64,[A-Za-z0-9+/=\s]*")
IMAGE = re.compile(r'<img\b((?:[^>"]|"[^"]*")*)>')
EMPTY = re.compile(r"<h([1-6])>\s*</h\1>")
CORNER = re.compile(r'<th((?:[^>"]|"[^"]*")*)>\s*</th>')  # of a table: it heads nothing
ATTACHED = re.compile(r"attachment:([^\s)\"']+)")


def clean(html: str, *, lowest: int = 1) -> str:
    """``html`` without anything that acts; headings begin at level ``lowest`` of the page.

    Never raises: what is too long is cut at :data:`LONGEST` characters.
    """
    text = nh3.clean(
        html[:LONGEST],
        tags=TAGS,
        attributes=ATTRIBUTES,
        clean_content_tags={"script", "style", "template", "iframe", "object", "noscript"},
        url_schemes={"http", "https", "mailto", "data"},
        link_rel="noopener noreferrer nofollow",
        attribute_filter=_attribute,
        strip_comments=True,
    )
    text = CORNER.sub(r"<td\1></td>", IMAGE.sub(_described, EMPTY.sub("", text)))
    return text if lowest == 1 else _lowered(text, lowest - 1)


def markdown(source: str, attachments: Mapping[str, Any] | None = None, *, lowest: int = 1) -> str:
    """Markdown as harmless HTML; pictures attached to a cell are put in the text itself."""

    def attached(match: re.Match[str]) -> str:
        bundle = (attachments or {}).get(match.group(1))
        found = picture(bundle) if isinstance(bundle, Mapping) else None
        return found or ""

    text = ATTACHED.sub(attached, source[:LONGEST])
    try:
        html = str(_renderer()(text))
    except RecursionError:  # lists in lists in lists
        html = f"<pre>{escape(text)}</pre>"
    return clean(html, lowest=lowest)


def picture(bundle: Mapping[str, Any]) -> str | None:
    """The first picture of a MIME bundle as a ``data:`` address, None where it holds none.

    A page shows it as ``<img>``, where scripts of an SVG do not run.
    """
    for kind in PICTURES:
        content = bundle.get(kind)
        if isinstance(content, list) and all(isinstance(line, str) for line in content):
            content = "".join(content)
        if not isinstance(content, str) or not 0 < len(content) <= LARGEST_PICTURE:
            continue
        if kind == "image/svg+xml":
            encoded = base64.b64encode(content.encode("utf-8", "replace")).decode()
            return f"data:{kind};base64,{encoded}"
        try:
            packed = "".join(content.split())
            base64.b64decode(packed, validate=True)
        except (binascii.Error, ValueError):
            continue
        return f"data:{kind};base64,{packed}"
    return None


def active(html: str) -> bool:
    """Whether ``html`` would lose by :func:`clean` what it is there to show."""
    return ACTIVE.search(html) is not None


@cache
def _renderer() -> mistune.Markdown:
    # Raw HTML is kept here and cleaned with all the rest.
    return mistune.create_markdown(escape=False, plugins=["table", "strikethrough", "footnotes"])


def _attribute(tag: str, name: str, value: str) -> str | None:
    """``data:`` is for pictures only, and only where a picture stands."""
    if name in {"href", "src"}:
        address = value.strip()
        if address.lower().startswith("data:"):
            fits = tag == "img" and name == "src" and PICTURE.fullmatch(address)
            return address if fits else None
        if tag == "img":
            return None  # no request to any other site
    return value


def _described(match: re.Match[str]) -> str:
    """A picture says what it shows; one that may not be loaded is its words."""
    attributes = match.group(1)
    words = re.search(r'\salt="([^"]*)"', attributes)
    if not re.search(r'\ssrc="', attributes):
        return f"<em>{words.group(1)}</em>" if words and words.group(1) else ""
    return match.group(0) if words else f'<img{attributes} alt="">'


def _lowered(html: str, by: int) -> str:
    """Headings ``by`` levels further down, so that a page keeps one first heading."""

    def lower(match: re.Match[str]) -> str:
        return f"{match.group(1)}{min(6, int(match.group(2)) + by)}"

    return re.sub(r"(</?h)([1-6])(?=[\s>])", lower, html)
