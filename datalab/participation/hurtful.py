"""Words that hurt people, in French and English, also where somebody tried to hide them.

Found only as whole words, whatever their accents, capitals, digits for letters, letters drawn out
or apart. Words that are ordinary here (*retard*, *ordure*, *cul-de-sac*, *bâtard* at the baker's)
are not in the list: it is a moderator who judges, and a bell that rings always is not heard.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import groupby
from pathlib import Path

# One a line, without accents; "-" stands between the words of a phrase; a plural s or x may follow.
WORDS = Path(__file__).with_name("hurtful.txt")
LOOKS = str.maketrans("013457@$!€|аеорсухіκνο", "oieastasielaeopcyxikvo")
DIGITS = frozenset("013457@$!€|")
EITHER = frozenset("@$!€|")  # a letter to some, to others something between two letters
BETWEEN = r"[.\-_*·'’]?"


def find(text: str) -> list[tuple[int, int]]:
    """Where in ``text`` words that hurt begin and end, in order."""
    plain, places = _plain(text)
    if _clearly_none(plain):
        return []
    return [
        (places[match.start()], places[match.end() - 1] + 1)
        for match in _pattern().finditer(plain)
        if _hides(match[0]) or not DIGITS & set(match[0])
    ]


def _hides(word: str) -> bool:
    """Whether digits stand for letters in it: most of it is letters, or it would be a number."""
    return sum(sign.isalpha() for sign in word) * 2 >= len(word)


def _plain(text: str) -> tuple[str, list[int]]:
    """``text`` in small letters without accents, and where each sign of it stood."""
    signs, places = [], []
    for place, sign in enumerate(text):
        for part in unicodedata.normalize("NFKD", sign).casefold():
            if not unicodedata.combining(part) and unicodedata.category(part) != "Cf":
                signs.append(part)
                places.append(place)
    return "".join(signs), places


def _clearly_none(plain: str) -> bool:
    """Whether no word can be in it, whatever stands between its letters: seen at once, mostly.

    Signs that may stand for a letter or between two of them leave the question open.
    """
    if not EITHER.isdisjoint(plain):
        return False
    letters = _bare(plain)
    return not any(word in letters for word in _bare_words())


def _bare(text: str) -> str:
    """The letters alone, each once where it is drawn out."""
    return "".join(sign for sign, _ in groupby(filter(str.isalpha, text.translate(LOOKS))))


@cache
def _bare_words() -> tuple[str, ...]:
    return tuple({_bare(word) for word in WORDS.read_text(encoding="utf-8").split()})


@cache
def _pattern() -> re.Pattern[str]:
    words = WORDS.read_text(encoding="utf-8").split()
    return re.compile(r"(?<![\w@])(?:" + "|".join(map(_word, words)) + r")(?![\w@])")


def _word(word: str) -> str:
    parts = [[_letter(sign) for sign in part] for part in word.split("-")]
    joined = r"[\W_]{1,3}".join("".join(part) for part in parts)
    ways = [f"{joined}[sx]?"]
    if len(parts) == 1 and len(word) >= 5:
        # Apart by the same kind of sign all along; "c o n" alone may be initials.
        ways += [BETWEEN.join(parts[0]) + "[sx]?", " ".join(parts[0])]
    elif word in {"pute", "pede"}:
        ways.append(r"[.\-*]".join(parts[0]))
    return "|".join(ways)


def _letter(sign: str) -> str:
    """A letter or what stands for it, once or drawn out."""
    alike = "".join(chr(code) for code, stands in LOOKS.items() if chr(stands) == sign)
    return f"[{re.escape(sign + alike)}]+"
