"""Texts that stand where a number would: secrecy, not available, not applicable.

INSEE's own signs are explained in its "Avertissements et signes conventionnels": ``s`` for
statistical secrecy, ``nd`` not available, ``ns`` not significant, ``///`` none by nature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# In small letters -> (French, English).
_SECRET = ("secret statistique", "statistical secrecy")
_ABSENT = ("non disponible", "not available")
_NONE = ("sans objet", "not applicable")
_BLANK = ("vide", "blank")
_EMPTY = ("valeur vide d’un logiciel", "empty value of a program")
MARKS: dict[str, tuple[str, str]] = {
    "": _BLANK,
    **dict.fromkeys(("s", "secret", "[s]", "(s)"), _SECRET),
    **dict.fromkeys(("c", "conf", "confidentiel", "[c]"), ("confidentiel", "confidential")),
    **dict.fromkeys(
        ("nd", "n.d.", "n.d", "nc", "n.c.", "nr", "n.r.", "…", "...", "..", ":", "na", "n.a."),
        _ABSENT,
    ),
    **dict.fromkeys(("***", "****", "*****", "******"), _ABSENT),
    **dict.fromkeys(("n/a", "#n/a", "#n/d", "non renseigné", "non renseigne", "inconnu"), _ABSENT),
    **dict.fromkeys(("-", "–", "—", "--", "."), ("sans valeur", "no value")),
    **dict.fromkeys(("///", "//", "so", "s.o.", "sans objet"), _NONE),
    **dict.fromkeys(("ns", "n.s.", "n.s"), ("non significatif", "not significant")),
    **dict.fromkeys(("null", "none", "nan", "nil", "<null>", "\\n", "?"), _EMPTY),
}


def meaning(mark: str) -> tuple[str, str] | None:
    """What a text says in place of a value, in French and English, where that is known."""
    return MARKS.get(mark.lower())


def split(values: Iterable[str]) -> tuple[list[str], dict[str, int]]:
    """The values that are not marks, and how often each mark stands among them."""
    kept: list[str] = []
    marks: dict[str, int] = {}
    for value in values:
        if value.lower() in MARKS:
            marks[value] = marks.get(value, 0) + 1
        else:
            kept.append(value)
    return kept, marks
