"""What the answers about the open-data duty are called, for people."""

from __future__ import annotations

from datalab.i18n import Phrase

ANSWERS = {
    "yes": Phrase("Concerned"),
    "no": Phrase("Not concerned"),
    "unknown": Phrase("Not known yet"),
}
SENTENCES = {
    "yes": Phrase("{name} has to publish its data: it is over both thresholds of the law."),
    "no": Phrase("The law does not ask {name} to open all its data: it is under a threshold."),
    "unknown": Phrase("It cannot be said yet whether the law asks {name} to open all its data."),
}
REASONS = {
    "population-under": Phrase(
        "All measures of the population are under 3,500 inhabitants: {measures}."
    ),
    "population-over": Phrase(
        "All measures of the population are over 3,500 inhabitants: {measures}."
    ),
    "population-disagrees": Phrase(
        "The measures of the population lie on both sides of 3,500 inhabitants: {measures}. The "
        "law does not say which one counts: ask a lawyer, and look at the newest official one."
    ),
    "population-at": Phrase(
        "The population is exactly 3,500: the law says “fewer than”, the CNIL “more than”. Ask a "
        "lawyer. {measures}"
    ),
    "population-missing": Phrase("No population is known. {measures}"),
    "staff-under": Phrase("{staff} agents in full-time equivalents: fewer than 50."),
    "staff-over": Phrase("{staff} agents in full-time equivalents: more than 50."),
    "staff-at": Phrase(
        "{staff} agents in full-time equivalents, exactly the threshold: the law says “fewer "
        "than”, the CNIL “more than”. Ask a lawyer."
    ),
    "staff-missing": Phrase(
        "The number of agents in full-time equivalents is not known here: no public source was "
        "read. The threshold is 50."
    ),
}
MEASURES = {
    "municipal": Phrase("{count} (municipal, census of {year})"),
    "total": Phrase("{count} (total, census of {year})"),
}
APPLIES = {
    "yes": Phrase("To be published"),
    "unknown": Phrase("Perhaps to be published"),
    "if": Phrase("To be published if the commune has or does this"),
    "recommended": Phrase("Recommended"),
    "no": Phrase("Not asked of this commune"),
}
CHECKED = {
    "read": Phrase("page read"),
    "stated": Phrase("quoted; to be read again on Légifrance"),
}
STATUS = {
    "unknown": Phrase("not known"),
    "declared": Phrase("as declared"),
    "published": Phrase("as published"),
}
WHY = {
    "same": Phrase("the same name"),
    "synonym": Phrase("usually called so"),
    "close": Phrase("a similar name"),
    "values": Phrase("its values look like it"),
}
MENDED = {
    "spaces": Phrase("spaces taken away"),
    "date": Phrase("dates written as 2026-11-22"),
    "number": Phrase("numbers written with a point"),
    "number-percent": Phrase("percentages written as a share of 1"),
    "identifier": Phrase("SIRET and SIREN written without spaces"),
    "yes-no": Phrase("oui and non as the schema writes them"),
    "code-list": Phrase("accents and capitals as in the list of the schema"),
}
KINDS = {
    "name": Phrase("names of persons"),
    "email": Phrase("e-mail addresses"),
    "phone": Phrase("phone numbers"),
    "nir": Phrase("social security numbers"),
    "iban": Phrase("bank accounts"),
    "address": Phrase("home addresses"),
    "few": Phrase("counts so small that they may point to one child"),
}
DONE = {
    "masked": Phrase("hidden in the file"),
    "withheld": Phrase("rows left out"),
    "kept": Phrase("kept, for a reason"),
}
