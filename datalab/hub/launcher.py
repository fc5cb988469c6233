"""The first program inside the walls: sets limits, gives up privileges, becomes the server.

Run as ``python -I launcher.py --uid N --data BYTES --home FOLDER -- ARGUMENTS``. It imports nothing
before privileges are gone but the standard library.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys


def main() -> None:
    """Limits, uid, working directory, then the notebook server in this very process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--uid", type=int, required=True)
    parser.add_argument("--data", type=int, default=0)
    parser.add_argument("--home", required=True)
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if options.data:
        resource.setrlimit(resource.RLIMIT_DATA, (options.data, options.data))
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(options.uid, options.uid, options.uid)
        os.setresuid(options.uid, options.uid, options.uid)
    os.chdir(options.home)
    # Compiles a grammar of 0.8 s at import, for one format that jsonschema then goes without.
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
    arguments = options.arguments
    sys.argv = ["jupyterhub-singleuser", *arguments[arguments[:1] == ["--"] :]]

    from jupyterhub.singleuser import main as serve

    serve()


if __name__ == "__main__":
    main()
