"""The child process in which a stranger's file is read, started by ``inspect``.

It bounds its own memory, processor time and written bytes for good before it opens the file, and
answers with one line of JSON: an inspection, or an error with its facts.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from datalab.errors import DatalabError
from datalab.i18n import Phrase
from datalab.inspection.reading import read_file
from datalab.lake.child import end_with_parent, limit_process

REFUSED = 3


def main() -> None:
    """Answer one request; end without clean-up, for the parent removes the folder."""
    end_with_parent()
    request: dict[str, Any] = json.load(sys.stdin)
    os.environ["TMPDIR"] = request["folder"]
    limit_process(request["memory"], request["seconds"] * 4, request["written"])
    try:
        found = read_file(Path(request["path"]), request["name"], request["max_bytes"])
        answer: dict[str, Any] = {"inspection": found.as_plain()}
    except DatalabError as error:
        answer = {"error": {"code": error.code, "facts": plain_facts(error.facts)}}
    except (MemoryError, RecursionError):
        answer = {"error": {"code": "memory", "facts": {}}}
    sys.stdout.write(json.dumps(answer, default=str))
    sys.stdout.flush()
    os._exit(0)


def plain_facts(facts: dict[str, Any]) -> dict[str, Any]:
    """Facts of an error as JSON; a phrase keeps its template, so that it speaks every language."""
    return {
        key: {"template": value.template, "facts": plain_facts(value.facts)}
        if isinstance(value, Phrase)
        else value
        for key, value in facts.items()
    }


def phrases(facts: dict[str, Any]) -> dict[str, Any]:
    """The reverse of :func:`plain_facts`."""
    return {
        key: Phrase(value["template"], **phrases(value["facts"]))
        if isinstance(value, dict)
        else value
        for key, value in facts.items()
    }


if __name__ == "__main__":
    main()
