"""``python -m datalab.hub.proxy``: the pure-Python proxy, set up for a room full of people."""

from __future__ import annotations

import logging
import sys


def main() -> None:
    from configurable_http_proxy.cli import main as serve  # type: ignore[import-untyped]
    from tornado.httpclient import AsyncHTTPClient

    # Tornado's client talks to ten servers at a time and gives up after 20 seconds; one open
    # progress page or slow cell each would hold up everybody else.
    AsyncHTTPClient.configure(
        None,
        max_clients=10_000,
        max_body_size=2**31,
        defaults={"request_timeout": 0, "connect_timeout": 10, "decompress_response": False},
    )
    # An address may hold a sign-in token.
    logging.getLogger("tornado.access").disabled = True
    serve(args=sys.argv[1:], prog_name="datalab-proxy")


if __name__ == "__main__":
    main()
