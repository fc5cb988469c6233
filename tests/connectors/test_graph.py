"""RDF of strangers: read in three syntaxes, and never led anywhere."""

from __future__ import annotations

import json

import pytest

from datalab.connectors.dcat import plain
from datalab.connectors.graph import Unreadable, read

BASE = "https://data.example.org/catalog"
XML = b"""<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns:dct="http://purl.org/dc/terms/"><rdf:Description rdf:about="https://x.org/a">
 <dct:title>Arbres</dct:title></rdf:Description></rdf:RDF>"""
LINKED = {
    "@context": {"title": "http://purl.org/dc/terms/title"},
    "@id": "https://x.org/a",
    "title": "Arbres",
}
TURTLE = b'<https://x.org/a> <http://purl.org/dc/terms/title> "Arbres" .'


@pytest.mark.parametrize("content", [XML, json.dumps(LINKED).encode(), TURTLE])
def test_three_syntaxes_say_the_same(content: bytes) -> None:
    ((subject, _, title),) = read(content, BASE)
    assert (str(subject), str(title)) == ("https://x.org/a", "Arbres")


@pytest.mark.parametrize(
    "context",
    [
        "http://127.0.0.1:9/context.jsonld",
        [{"a": "http://x.org/"}, "file:///etc/passwd"],
        {"@import": "http://127.0.0.1:9/context.jsonld"},
    ],
)
def test_a_context_that_lies_elsewhere_is_never_fetched(context: object) -> None:
    for document in ({**LINKED, "@context": context}, [{"a": {"@context": context}}]):
        with pytest.raises(Unreadable) as caught:
            read(json.dumps(document).encode(), BASE)
        assert "@context" in caught.value.reason


@pytest.mark.parametrize(
    "content",
    [
        b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + XML[21:],
        b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>' + XML[21:],
        b"<!DOCTYPE html><html></html>",
        b"",
        b'{"@id": ' + b"[" * 100_000,
        b"<https://x.org/a> <https://x.org/b> " + b"[ <https://x.org/b> " * 5000,
        b"<https://x.org/a> <https://x.org/b> " + b"( " * 100_000,
        b"@prefix broken",
        b"\x00\x01\x02",
    ],
    ids=["xxe", "bomb", "page", "empty", "json", "blank", "list", "broken", "bytes"],
)
def test_a_hostile_document_is_refused_with_a_reason(content: bytes) -> None:
    with pytest.raises(Unreadable) as caught:
        read(content, BASE)
    assert caught.value.reason.in_("en")


def test_html_of_descriptions_becomes_words() -> None:
    assert plain("<p>Un <b>mot</b>&nbsp;&lt;3</p><script>alert(1)</script>") == "Un mot <3"
