"""Names for guests who do not want to give one: an animal of Burgundy and how it is today."""

from __future__ import annotations

import random

# Noun, and whether it is feminine.
ANIMALS: tuple[tuple[str, bool], ...] = (
    ("Chouette", True),
    ("Loutre", True),
    ("Mésange", True),
    ("Hirondelle", True),
    ("Abeille", True),
    ("Libellule", True),
    ("Grenouille", True),
    ("Belette", True),
    ("Hérisson", False),
    ("Castor", False),
    ("Renard", False),
    ("Chevreuil", False),
    ("Écureuil", False),
    ("Héron", False),
    ("Lézard", False),
    ("Escargot", False),
    ("Martin-pêcheur", False),
    ("Rossignol", False),
)
# Masculine, feminine.
ADJECTIVES: tuple[tuple[str, str], ...] = (
    ("attentif", "attentive"),
    ("curieux", "curieuse"),
    ("matinal", "matinale"),
    ("joyeux", "joyeuse"),
    ("patient", "patiente"),
    ("malin", "maligne"),
    ("rêveur", "rêveuse"),
    ("discret", "discrète"),
    ("bavard", "bavarde"),
    ("hardi", "hardie"),
    ("tranquille", "tranquille"),
    ("agile", "agile"),
)


def propose(chance: random.Random | None = None) -> str:
    """Such as « Chouette attentive ». Two guests may get the same one."""
    chance = chance or random.SystemRandom()
    noun, feminine = chance.choice(ANIMALS)
    masculine_form, feminine_form = chance.choice(ADJECTIVES)
    return f"{noun} {feminine_form if feminine else masculine_form}"
