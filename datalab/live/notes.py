"""Notes between a page and its room, beside the messages of Yjs, on the same websocket.

A page asks ``{"type": "stored", "number": N}`` after what was typed; the room gives the question
back once everything that came before it is on disk. The order of one websocket is what makes this
a proof: a state vector would not, since it says nothing of deletions. The room tells by itself
``{"type": "trouble", "trouble": SENTENCE}``, with "" once all is well.

jupyter-collaboration uses the same kind of message (RAW) for saves; others' notes are let pass.
"""

from __future__ import annotations

import json
from typing import Any

from jupyter_server_ydoc.utils import MessageType
from pycrdt import Decoder, Encoder

LONGEST = 200


def written(kind: str, **facts: Any) -> bytes:
    """A note as it travels."""
    encoder = Encoder()
    encoder.write_var_uint(MessageType.RAW)
    encoder.write_var_string(json.dumps({"type": kind, **facts}))
    return bytes(encoder.to_bytes())


def question(message: bytes) -> int | None:
    """The number of a page's question whether all is stored, None for any other message."""
    if message[0] != MessageType.RAW or len(message) > LONGEST:
        return None
    try:
        decoder = Decoder(message)
        decoder.read_var_uint()
        asked = json.loads(decoder.read_var_string())
    except (ValueError, IndexError, RuntimeError):
        return None
    if not isinstance(asked, dict) or asked.get("type") != "stored":
        return None
    number = asked.get("number")
    return number if isinstance(number, int) else None
