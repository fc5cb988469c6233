"""Pseudonyms: an animal and what it is like, drawn by lot; nobody types one, so none is a name.

French adjectives here are the same for every gender, so that none is said of whoever bears them.
"""

from __future__ import annotations

import random
from collections.abc import Collection
from functools import cache

from datalab.i18n import Language

ANIMALS: dict[Language, tuple[str, ...]] = {
    "fr": (
        *("Abeille", "Alouette", "Belette", "Bouvreuil", "Castor", "Cerf", "Chevreuil", "Chouette"),
        *(
            "Cigale",
            "Cigogne",
            "Coccinelle",
            "Dauphin",
            "Écureuil",
            "Faucon",
            "Fauvette",
            "Goéland",
        ),
        *("Grillon", "Grive", "Hérisson", "Héron", "Hibou", "Hirondelle", "Libellule", "Lièvre"),
        *("Loutre", "Luciole", "Lynx", "Marmotte", "Martin-pêcheur", "Mésange", "Moineau"),
        *("Papillon", "Phoque", "Pinson", "Renard", "Rossignol", "Rouge-gorge", "Salamandre"),
        *("Sittelle", "Tortue", "Triton", "Truite"),
    ),
    "en": (
        *(
            "badger",
            "beaver",
            "blackbird",
            "bumblebee",
            "butterfly",
            "cricket",
            "dolphin",
            "dormouse",
        ),
        *("dragonfly", "falcon", "finch", "firefly", "hare", "hedgehog", "heron", "kingfisher"),
        *("ladybird", "lark", "lynx", "marmot", "newt", "nightingale", "otter", "owl", "puffin"),
        *("robin", "salamander", "seal", "sparrow", "squirrel", "starling", "stork", "swallow"),
        *("thrush", "tortoise", "trout", "warbler", "wren"),
    ),
}
LIKE: dict[Language, tuple[str, ...]] = {
    "fr": (
        *("agile", "aimable", "alerte", "brave", "calme", "énergique", "fidèle", "habile"),
        *("honnête", "intrépide", "libre", "lucide", "magique", "modeste", "optimiste", "paisible"),
        *("rapide", "robuste", "sage", "sensible", "sincère", "solide", "tenace", "tranquille"),
        *("espiègle", "drôle", "tendre", "enthousiaste", "adorable", "magnifique"),
    ),
    "en": (
        *("Agile", "Brave", "Bright", "Calm", "Candid", "Cheerful", "Clever", "Daring", "Eager"),
        *("Fair", "Faithful", "Free", "Friendly", "Gentle", "Honest", "Hopeful", "Keen", "Kind"),
        *("Lively", "Lucid", "Merry", "Modest", "Nimble", "Patient", "Quick", "Quiet", "Steady"),
        *("Sturdy", "Tender", "Wise"),
    ),
}


@cache
def pseudonyms(language: Language) -> frozenset[str]:
    """Every pseudonym that there is."""
    if language == "fr":
        return frozenset(f"{a} {like}" for a in ANIMALS["fr"] for like in LIKE["fr"])
    return frozenset(f"{like} {a}" for a in ANIMALS["en"] for like in LIKE["en"])


def is_pseudonym(text: str) -> bool:
    """Whether the lab made it: nothing else is ever shown as whoever speaks."""
    return text in pseudonyms("fr") or text in pseudonyms("en")


def draw(
    language: Language, taken: Collection[str], chance: random.Random, count: int
) -> list[str]:
    """``count`` pseudonyms that nobody has, of different animals as long as there are some."""
    free = sorted(pseudonyms(language) - set(taken))
    chance.shuffle(free)
    drawn: dict[str, str] = {}
    for one in free:
        animal = one.split(" ")[0 if language == "fr" else 1]
        drawn.setdefault(animal, one)
        if len(drawn) == count:
            break
    return list(drawn.values())
