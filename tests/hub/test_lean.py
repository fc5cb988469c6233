"""A notebook server imports what it uses, and checks access as it always does."""

from __future__ import annotations

import subprocess
import sys

IMPORT = """
import sys
from datalab.hub.lean import singleuser_main
main = singleuser_main()
assert main.__self__.__name__ == "JupyterHubSingleUser", main
"""


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-I", "-c", IMPORT + code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_databases_of_the_hub_are_not_imported() -> None:
    left = "[n for n in sys.modules if n.startswith(('sqlalchemy', 'alembic', 'jupyterhub.orm'))]"
    assert run(f"print({left})") == "[]"


def test_who_asks_for_what_was_hidden_gets_the_real_thing() -> None:
    code = "import sqlalchemy, jupyterhub.orm; print(jupyterhub.orm.User.__tablename__)"
    assert run(code) == "users"


SCOPES = """
from jupyterhub.services.auth import HubAuth
auth = HubAuth(api_token="x")
needed = {"access:servers!server=student/"}
for held in ("access:servers!server=student/", "access:servers!user=student", "access:servers",
             "access:servers!server=citizen/", "access:servers!user=citizen", "self", "inherit"):
    print(bool(auth.check_scopes(needed, {"scopes": [held]})), end=" ")
"""


def test_scopes_are_compared_as_by_the_hub_itself() -> None:
    whole = subprocess.run(
        [sys.executable, "-I", "-c", SCOPES], capture_output=True, text=True, check=True
    )
    assert run(SCOPES) == whole.stdout.strip()
    assert run(SCOPES).split() == ["True", "True", "True", "False", "False", "False", "False"]


def test_a_jupyterhub_that_needs_more_is_imported_in_full() -> None:
    """What stands in for a module refuses everything; then the whole is imported."""
    code = """
import importlib, subprocess
from datalab.hub import lean
for name in [n for n in sys.modules if n.partition(".")[0] == "jupyterhub"]:
    del sys.modules[name]
lean.HIDDEN["jupyterhub.utils"] = {}
main = lean.singleuser_main()
import jupyterhub.utils
print(main.__self__.__name__, jupyterhub.utils.random_port() > 0, "jupyterhub.orm" in sys.modules)
"""
    assert run(code).split() == ["JupyterHubSingleUser", "True", "True"]
