"""Personal data is masked, words that hurt are found, ordinary sentences are left alone."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalab.participation import hurtful
from datalab.participation.personal import iban, luhn, nir
from datalab.participation.screening import screen

ORDINARY = [
    "la rue du Connétable",
    "passage Scunthorpe",
    "Le bus 5 est encore en retard, c'est con-sternant",
    "Le cul-de-sac de la rue Monsieur le Prince",
    "Les ordures débordent place de la République, crottes de chien partout",
    "La rue du Docteur Maret est sombre, l'arrêt M. Berthelot aussi",
    "Madame le Maire a dit que le 01/02/2024 10:30 serait bien",
    "Rendez-vous le 01-02-2024 10 h, ou le 12.11.2025 à 18 h",
    "Monsieur le Préfet, Madame la Présidente",
    "Le tram T1 à 21000 Dijon, 120 RUE 21",
    "Entreprise 732 829 320 00074 (SIRET)",
    "Il manque 1 234 567 890 euros, et 15 000 m² en 2024-2025",
    "le lampadaire n° 0123 45",
    "à conserver, le con... seil ; ce qu'on connaît, c'on",
    "Le concours de conducteurs à Condom et à Bitche",
    "le piéton pédestre et le pédalier, deux pédales",
    "une réputation à disputer, amputer le budget",
    "des fagots de bois, un bâtard à la boulangerie, une tapette à mouches",
    "un véhicule gêne au 12 rue de Mirande depuis 3 jours",
    "50 MW 30 h, 2 CV, bd de 100 m, RD 974",
    "coût : 12.50 € le 03.04.2025",
    "SPIC, SPA et PLUi-HD : le service public industriel",
    "The Sussex classics at Penistone, an assassin in Essex",
    "L'accès aux personnes handicapées, aux aînés, aux jeunes de toutes origines",
    "Le classement DPE 1 85 05 78 006 084 92 est faux",
    "IBAN FR76 3000 6000 0112 3456 7890 188 est faux",
    "Une fresque rue Mme de Sévigné",
    "Plantons 200 arbres rue Jean Jaurès et avenue Victor Hugo",
    "Voie 3, quai B, 14:05 06 h 30",
    "M. Propre et Monsieur Bricolage",
]


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_sentences_are_left_alone(text: str) -> None:
    screened = screen(text)
    assert screened.concerns == []
    assert screened.said == text


@pytest.mark.parametrize(
    ("text", "what", "said"),
    [
        ("écrire à jean.dupont@exemple.fr !", "email", "écrire à [adresse"),
        ("jean (at) exemple (point) fr", "email", "[adresse électronique retirée]"),
        ("jean arobase exemple point fr", "email", "[adresse électronique retirée]"),
        ("au 06 12 34 56 78 svp", "phone", "au [numéro de téléphone retiré] svp"),
        ("03.80.12.34.56", "phone", "[numéro de téléphone retiré]"),
        ("0380123456", "phone", "[numéro de téléphone retiré]"),
        ("06\u00a012\u202f34 56 78", "phone", "[numéro de téléphone retiré]"),
        ("+33 (0)6-12-34-56-78", "phone", "[numéro de téléphone retiré]"),
        ("00336 12 34 56 78", "phone", "[numéro de téléphone retiré]"),
        ("+41 22 730 51 11", "phone", "[numéro de téléphone retiré]"),
        ("fr76 3000 6000 0112 3456 7890 189 merci", "iban", "[compte bancaire retiré] merci"),
        ("GB82WEST12345698765432", "iban", "[compte bancaire retiré]"),
        ("carte 4970 1012 3456 7890? 4111 1111 1111 1111", "card", "[numéro de carte retiré]"),
        ("n° 1 85 05 78 006 084 91", "nir", "n° [numéro de sécurité sociale retiré]"),
        ("2 84 05 2A 006 084 34", "nir", "[numéro de sécurité sociale retiré]"),
        ("AB-123-CD et AB 123 CD", "plate", "[plaque d’immatriculation retirée] et [plaque"),
        ("une voiture immatriculée 1234 xy 21", "plate", "[plaque d’immatriculation retirée]"),
        ("C'est M. Dupont qui crie", "name", "C'est M. [nom retiré] qui crie"),
        ("Mme de La Tour et Madame Élise Roy", "name", "Mme [nom retiré] et Madame [nom retiré]"),
        ("je m’appelle Zoé Martin", "name", "je m’appelle [nom retiré]"),
        ("mon voisin Jean Dupont crie", "name", "mon voisin [nom retiré] crie"),
        ("J'habite au 12 bis rue des Lilas, 3e", "address", "J'habite au [adresse retirée], 3e"),
        ("né le 12/03/1980 à Dijon", "birth", "né le [date de naissance retirée] à Dijon"),
        ("https://me:secret@host.fr/", "secret", "https://[secret retiré]@host.fr/"),
        ("mot de passe : Tulipe21", "secret", "mot de passe : [secret retiré]"),
        ("/services/datalab/mine/abcdefghijklmnopqrst", "secret", "/mine/[secret retiré]"),
    ],
)
def test_what_is_personal_is_masked(text: str, what: str, said: str) -> None:
    screened = screen(text)
    assert said in screened.said
    assert {c["what"] for c in screened.concerns if c["kind"] == "personal-data"} == {what}
    for concern in screened.concerns:
        assert text[concern["start"] : concern["end"]] == concern["word"]


@pytest.mark.parametrize(
    "text",
    [
        "connard",
        "Quel CONNAAAARD",
        "c0nn4rd",
        "c.o.n.n.a.r.d",
        "c o n n a r d",
        "con\u200bnard",
        "сonnard",  # its first letter is Cyrillic
        "ｃｏｎｎａｒｄ",
        "sale   Arabe",
        "Enculés !",
        "nique ta mère",
        "vieux con",
        "pédé",
        "ta-gueule",
        "f@ggot",
        "n1gger",
        "you b1tch",
        "kill yourself",
    ],
)
def test_words_that_hurt_are_found_however_they_are_written(text: str) -> None:
    screened = screen(text)
    assert [concern["kind"] for concern in screened.concerns] == ["hurtful"]
    assert not screened.clean
    # It is a moderator who judges: what was said is not changed.
    assert screened.said.startswith(text[:3])


def test_links_are_pointed_out_and_unseen_signs_are_taken_away() -> None:
    screened = screen("voir https://exemple.fr/x\u202e et www.test.fr\x00\x08")
    assert [concern["kind"] for concern in screened.concerns] == ["link", "link"]
    assert screened.said == "voir https://exemple.fr/x et www.test.fr"
    assert screen("deux\nlignes").said == "deux\nlignes"


def test_an_english_text_is_masked_in_english() -> None:
    assert screen("call 06 12 34 56 78", "en").said == "call [phone number removed]"


def test_check_digits() -> None:
    assert iban("FR76 3000 6000 0112 3456 7890 189")
    assert not iban("FR76 3000 6000 0112 3456 7890 188")
    assert luhn("4111 1111 1111 1111")
    assert not luhn("4111 1111 1111 1112")
    assert not luhn("0000 0000 0000 0000")
    assert nir("1 85 05 78 006 084 91")
    assert not nir("1 85 05 78 006 084 92")


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "a.",
        "0",
        "é@",
        "a@a-",
        "a@a.",
        "M. A",
        "c o n ",
        "con-",
        "1 ",
        "+33 ",
        "FR76 1",
        "rue ",
    ],
)
def test_no_text_keeps_the_lab_busy(piece: str) -> None:
    """What is longer takes longer in proportion, whatever is repeated."""

    def spent(length: int) -> float:
        text = (piece * length)[:length]
        started = time.process_time()
        screen(text)
        return time.process_time() - started

    spent(1000)
    short = max(min(spent(2000) for _ in range(3)), 0.001)
    # Eight times as long: a pattern that goes back over what it read would take 64 times.
    assert min(spent(16_000) for _ in range(2)) / short < 32


LISTED = hurtful.WORDS.read_text(encoding="utf-8").split()
DRAWN = st.sampled_from(("", "", "-", ".", "*", " ", "·", "_", "!", "€", "0", "1", "é", "xx", "\n"))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(LISTED), st.lists(DRAWN, min_size=40, max_size=40), st.booleans())
def test_a_quick_look_passes_no_word_over(word: str, between: list[str], doubled: bool) -> None:
    letters = [sign * (1 + doubled) for sign in word.replace("-", " ")]
    text = "Voilà, " + "".join(map("".join, zip(letters, between, strict=False))) + " ici"
    plain, _ = hurtful._plain(text)
    if hurtful._pattern().search(plain):
        assert not hurtful._clearly_none(plain)
