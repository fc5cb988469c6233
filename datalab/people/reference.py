"""The page ``docs/reference/rights.md``, written from the table that the lab itself asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from datalab.i18n import Phrase
from datalab.people.identity import GROUP_NAMES
from datalab.people.invitations import GUEST_GROUPS
from datalab.people.rights import (
    GROUPS,
    MEANING,
    PROJECT_MEANING,
    PROJECT_RIGHTS,
    PROJECT_ROLES,
    RIGHTS,
    ROLE_NAMES,
)

Key = TypeVar("Key", bound=str)

_START = """# Rights

Who may do what. The hub's roles and the portal's pages are made from this table
(`datalab/people/rights.py`), and a test tries its cells against a running lab. A right is also a
scope of the hub: `custom:datalab:<right>`.

Whoever has no account reads the datasets and pages that are open to everybody.
"""

_GROUPS = """## Groups

An account may be in several groups; it then holds the rights of all of them. In none, it opens
nothing beyond what everybody sees.
"""

_PROJECTS = """## In a project

The role stands in the project's manifest. Who is not a member has none of these rights; a project
reads only the data that **all** its members may read.
"""

_READING = """## Datasets

| access | who reads it in a notebook |
| --- | --- |
| `open` | everybody, without an account as well |
| `members` | whoever holds `read:members` |
| `restricted` | groups and accounts that its steward named, one by one; and only where a sandbox separates people |
"""  # noqa: E501


def reference() -> str:
    """The page, in Markdown; the same text for the same tables."""
    guests = ", ".join(f"`{group}`" for group in GUEST_GROUPS)
    return "\n".join(
        [
            _START,
            _table(RIGHTS, MEANING, GROUPS, "right"),
            _GROUPS,
            _words(GROUP_NAMES),
            f"Guests, who come with a code, can be in {guests} only;",
            "their account ends by itself.\n",
            _PROJECTS,
            _table(PROJECT_RIGHTS, PROJECT_MEANING, PROJECT_ROLES, "right"),
            _words(ROLE_NAMES),
            _READING,
        ]
    )


def _table(
    rights: Mapping[Key, Iterable[str]],
    meaning: Mapping[Key, Phrase],
    holders: Iterable[str],
    first: str,
) -> str:
    holders = list(holders)
    lines = [f"| {first} | | " + " | ".join(holders) + " |"]
    lines.append("| --- | --- |" + " :-: |" * len(holders))
    for right, given in rights.items():
        cells = ["yes" if holder in set(given) else "–" for holder in holders]
        said = f"{meaning[right].template}; *{meaning[right].in_('fr')}*"
        lines.append(f"| `{right}` | {said} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _words(names: Mapping[str, Phrase]) -> str:
    lines = ["| name | English | French |", "| --- | --- | --- |"]
    for name, said in names.items():
        lines.append(f"| `{name}` | {said.in_('en')} | {said.in_('fr')} |")
    return "\n".join(lines) + "\n"
