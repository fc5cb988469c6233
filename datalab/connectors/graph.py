"""RDF that others wrote, read without reaching anything else: no context, no entity, no import.

Turtle, RDF/XML and JSON-LD, bounded in size; whatever in a document names another one that a
parser would fetch is refused before the parser sees it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from datalab.i18n import Phrase

if TYPE_CHECKING:
    from rdflib import Graph

LARGEST = 32 << 20
MOST_TRIPLES = 2_000_000
DEEPEST = 200
ACCEPT = "text/turtle, application/rdf+xml;q=0.9, application/ld+json;q=0.8"
_NEST = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\](){}]')


class Unreadable(Exception):
    """This is no graph that is read; ``reason`` says why."""

    def __init__(self, reason: Phrase) -> None:
        super().__init__(reason)
        self.reason = reason


def read(content: bytes, base: str) -> Graph:
    """The triples of a document, whatever of the three syntaxes it is written in.

    The syntax is seen in the document itself: servers often call RDF ``text/plain``.

    Raises
    ------
    Unreadable
    """
    from rdflib import Graph

    if len(content) > LARGEST:
        raise Unreadable(Phrase("it is too large to be read as a graph"))
    text = content.decode("utf-8-sig", "replace")
    syntax = _syntax(text)
    graph = Graph()
    try:
        if syntax == "json-ld":
            _guard(json.loads(text))
        elif syntax == "xml":
            if re.search(r"<!(DOCTYPE|ENTITY)", text, re.IGNORECASE):
                raise Unreadable(Phrase("it declares entities, which are not read"))
        elif _depth(text) > DEEPEST:
            raise Unreadable(Phrase("it is nested too deeply"))
        graph.parse(data=text, format=syntax, publicID=base)
    except Unreadable:
        raise
    except RecursionError:
        raise Unreadable(Phrase("it is nested too deeply")) from None
    except Exception as error:  # rdflib's parsers raise whatever their lexers do
        detail = " ".join(str(error).split())[:200]
        raise Unreadable(
            Phrase("it cannot be read as {syntax} ({detail})", syntax=syntax, detail=detail)
        ) from None
    if len(graph) > MOST_TRIPLES:
        raise Unreadable(Phrase("it is too large to be read as a graph"))
    return graph


def _syntax(text: str) -> str:
    start = text.lstrip()[:2000]
    if start.lower().startswith(("<!doctype html", "<html")):
        raise Unreadable(Phrase("it is a web page"))
    if start.startswith(("{", "[")) and '"' in start[:200]:
        return "json-ld"
    if start.startswith(("<?xml", "<rdf:", "<!--", "<!DOCTYPE")) or "<rdf:RDF" in start:
        return "xml"
    if not start:
        raise Unreadable(Phrase("it is empty"))
    return "turtle"


def _guard(document: Any, depth: int = 0) -> None:
    """Refuse a JSON-LD document that names a context to be fetched (``@context``, ``@import``)."""
    if depth > DEEPEST:
        raise Unreadable(Phrase("it is nested too deeply"))
    if isinstance(document, dict):
        for key, value in document.items():
            if key == "@import" or (key == "@context" and _remote(value)):
                raise Unreadable(
                    Phrase("its @context lies at another address, which is not fetched")
                )
            _guard(value, depth + 1)
    elif isinstance(document, list):
        for value in document:
            _guard(value, depth + 1)


def _remote(context: Any) -> bool:
    if isinstance(context, list):
        return any(_remote(one) for one in context)
    return isinstance(context, str)


def _depth(text: str) -> int:
    """How deeply brackets are nested; those inside strings do not count."""
    depth = deepest = 0
    for found in _NEST.finditer(text):
        sign = found.group()
        if sign in "[({":
            depth += 1
            deepest = max(deepest, depth)
        elif sign in "])}":
            depth = max(0, depth - 1)
    return deepest
