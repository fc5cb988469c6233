"""What somebody agrees to before they say something: two sentences, and their version."""

from __future__ import annotations

from datalab.i18n import Phrase
from datalab.participation.author import Kind

VERSION = "2026-11"  # kept with every author; a new one with every change of what is said below
YOUNGEST = 15  # French law n° 78-17, article 45: below, a parent agrees too

CONSENT: dict[Kind, tuple[Phrase, Phrase]] = {
    "participant": (
        Phrase(
            "What you write is read by a moderator, then shown to everybody under the pseudonym "
            "you chose, without your name."
        ),
        Phrase(
            "You may read, take away or delete it at any time by your private link; the rest is "
            "deleted by itself."
        ),
    ),
    "respondent": (
        Phrase(
            "Your answers are used for statistics only: nobody reads them under your name, and "
            "groups of people that are too small are not shown."
        ),
        Phrase(
            "You may read, take away or delete it at any time by your private link; the rest is "
            "deleted by itself."
        ),
    ),
    "reporter": (
        Phrase(
            "Your report is read by an agent, who answers it; its text and place are then public, "
            "without your name or your address."
        ),
        Phrase(
            "You may read, take away or delete it at any time by your private link; the rest is "
            "deleted by itself."
        ),
    ),
}
# The same, on a sheet of paper: nobody chooses a pseudonym there, and the link is the slip.
ON_PAPER: tuple[Phrase, Phrase] = (
    Phrase(
        "What you write is read by a moderator, then shown to everybody under a pseudonym that the "
        "lab gives you, without your name."
    ),
    Phrase(
        "You may read, take away or delete it at any time by the code of the slip below; the rest "
        "is deleted by itself."
    ),
)
MINOR = Phrase(
    "Under 15? Do this with a parent or another adult who looks after you: the law asks that they "
    "agree too. Write neither your name nor where you live."
)
