"""Mojibake: UTF-8 that was once decoded as Windows-1252 or Latin-1 and encoded again.

``é`` (C3 A9) became ``Ã©``. A run of such characters that encodes back to valid UTF-8 is no
accident; anything else is left as it stands.
"""

from __future__ import annotations

import re

# The characters that the bytes 80 to BF give in Windows-1252, and in Latin-1 where it has none.
_HIGH = bytes(range(0x80, 0xC0))
_TAIL = "".join(
    {*_HIGH.decode("cp1252", "ignore"), *(chr(code) for code in range(0x80, 0xC0))} - {"\n", "\r"}
)
# A lead byte (C2 to F4) as a character, then one to three continuation bytes.
BROKEN = re.compile(f"(?:[\u00c2-\u00f4][{re.escape(_TAIL)}]{{1,3}})+")
SUSPECT = re.compile(r"[\u00c2\u00c3\u00e2\u00c5]")


def mended(text: str) -> str:
    """``text`` with every such run decoded as it should have been.

    >>> mended("Bourgogne-Franche-ComtÃ©")
    'Bourgogne-Franche-Comté'
    """
    if not SUSPECT.search(text):
        return text
    return BROKEN.sub(_decoded, text)


def _decoded(found: re.Match[str]) -> str:
    raw = b"".join(_byte(character) for character in found[0])
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return found[0]


def _byte(character: str) -> bytes:
    try:
        return character.encode("cp1252")
    except UnicodeEncodeError:
        return character.encode("latin-1")
