"""French names of months and days, as SQL that turns them into those that strptime knows.

DuckDB's ``%B`` and ``%A`` read English only (seen with 1.5.5).
"""

from __future__ import annotations

from datalab.lake.connection import literal

# Without accents, as ``strip_accents(lower(…))`` leaves them. What begins with another comes first.
MONTHS = {
    **{"janvier": "january", "fevrier": "february", "mars": "march", "avril": "april"},
    **{"mai": "may", "juin": "june", "juillet": "july", "aout": "august"},
    **{"septembre": "september", "octobre": "october", "novembre": "november"},
    "decembre": "december",
}
SHORT = {
    **{"janv": "jan", "fevr": "feb", "fev": "feb", "avr": "apr", "juil": "jul", "aou": "aug"},
    **{"sept": "sep", "mar": "mar", "mai": "may", "jui": "jun", "dec": "dec"},
}
DAYS = {
    **{"lundi": "monday", "mardi": "tuesday", "mercredi": "wednesday", "jeudi": "thursday"},
    **{"vendredi": "friday", "samedi": "saturday", "dimanche": "sunday"},
}


def english(text: str) -> str:
    """SQL of ``text`` in lower case, its French months and days in English, ``1er`` as ``1``."""
    # A full stop that ends a short name goes first; one between digits stays.
    spoken = f"regexp_replace(strip_accents(lower({text})), '([a-z])\\.', '\\1', 'g')"
    spoken = f"regexp_replace({spoken}, '\\b1er\\b', '1', 'g')"
    for words in (DAYS, MONTHS, SHORT):
        for french, word in words.items():
            if french != word:
                whole = literal(rf"\b{french}\b")
                spoken = f"regexp_replace({spoken}, {whole}, {literal(word)})"
    return spoken
