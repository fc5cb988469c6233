"""Evidence is a whole address of the public web, and leads where it seems to lead."""

from __future__ import annotations

import pytest

from datalab.participation.link import is_link


@pytest.mark.parametrize(
    "address",
    [
        "https://www.dijon.fr/",
        "http://www.metropole-dijon.fr/page?x=1&y=2#c",
        "https://www.dijon.fr:8443/é/à propos".replace(" ", "%20"),
        "https://xn--nergie-9ua.fr/",
        "https://a.b.c.example.museum./x",
        "https://93.184.216.34/",
    ],
)
def test_a_whole_address_is_taken(address: str) -> None:
    assert is_link(address)


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "//www.dijon.fr/",
        "www.dijon.fr",
        "https:///www.dijon.fr",
        "https://",
        "ftp://www.dijon.fr/",
        "https://www.dijon.fr@evil.example/",
        "https://:x@evil.example/",
        "https://evil.example\\.dijon.fr/",
        "https:\\\\evil.example/",
        "https://www.dijon.fr/ autre",
        "https://www.dijon.fr/\u202egpj.exe",
        "https://www.dijon.fr/\n",
        "https://www.dij\u200bon.fr/",
        "https://www.dij\u043en.fr/",
        "https://localhost/",
        "http://intranet/note",
        "http://127.0.0.1:8000/",
        "http://10.0.0.3/",
        "http://[::1]/",
        "http://[fe80::1%25eth0]/",
        "http://2130706433/",
        "http://0x7f.1/",
        "https://www.dijon.fr:99999/",
        "https://www.dijon.fr:0/",
        "https://[oops/",
        "https://-a.example/",
        f"https://{'a' * 64}.example/",
    ],
)
def test_what_leads_elsewhere_or_nowhere_is_refused(address: str) -> None:
    assert not is_link(address)
