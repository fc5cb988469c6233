"""QR codes as inline SVG: dark on light in every colour scheme, or a phone cannot read them."""

from __future__ import annotations

import segno
from markupsafe import Markup


def svg_of(address: str) -> Markup:
    """The code of an address. Its text stands beside it on every page: it is hidden from readers
    of the screen."""
    drawn = segno.make(address, error="m", micro=False)
    text = drawn.svg_inline(
        border=4, svgclass="qr", lineclass=None, dark="#000", light="#fff", omitsize=True
    )
    return Markup(text.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1))  # noqa: S704
