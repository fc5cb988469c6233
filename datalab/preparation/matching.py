"""Which column of a spreadsheet holds which field of a schema: proposals for people to correct."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from datalab.catalog.schema import Schema, SchemaField
from datalab.inspection.naming import words
from datalab.lake import cell
from datalab.preparation.mending import mend

Why = Literal["same", "synonym", "close", "values"]
LEAST = 0.6  # below, nothing is proposed
SAID, CLOSE, LOOKS = 0.9, 0.85, 0.65  # a synonym; times the likeness; what the values look like

# What town halls write above a column, in words without accents; of each field or kind of field.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "COLL_NOM": ("collectivite", "commune", "nom de la collectivite", "nom de la commune", "ville"),
    "COLL_SIRET": ("siret", "siret collectivite", "siret de la commune", "numero siret"),
    "COLL_INSEE": ("code insee", "insee", "code commune"),
    "DELIB_ID": (
        *("numero", "numero de deliberation", "n deliberation", "no deliberation", "reference"),
        *("n de la deliberation", "numero de la deliberation", "num delib", "n"),
    ),
    "DELIB_DATE": (
        *("date", "date de seance", "date du conseil", "date de la seance", "seance"),
        *("date deliberation", "date de la deliberation", "date du conseil municipal"),
    ),
    "DELIB_MATIERE_CODE": ("code matiere", "code actes", "nomenclature", "code nomenclature"),
    "DELIB_MATIERE_NOM": ("matiere", "theme", "nom de la matiere", "libelle matiere", "domaine"),
    "DELIB_OBJET": ("objet", "objet de la deliberation", "intitule", "titre", "libelle"),
    "DELIB_URL": ("lien", "url", "adresse du document", "fichier", "pdf"),
    "PREF_DATE": ("date prefecture", "date de reception", "recu en prefecture le"),
    "PREF_ID": ("id prefecture", "identifiant prefecture", "identifiant actes"),
    "VOTE_EFFECTIF": ("effectif", "nombre de conseillers", "membres en exercice", "en exercice"),
    "VOTE_REEL": ("votants", "nombre de votants", "suffrages", "presents", "exprimes"),
    "VOTE_POUR": ("pour", "votes pour", "voix pour"),
    "VOTE_CONTRE": ("contre", "votes contre", "voix contre"),
    "VOTE_ABSTENTION": ("abstention", "abstentions", "votes abstention"),
    "nomAttribuant": ("attribuant", "collectivite", "commune", "financeur", "nom attribuant"),
    "idAttribuant": ("siret attribuant", "siret de la commune", "siret collectivite"),
    "dateConvention": ("date", "date de convention", "date de la convention", "date d attribution"),
    "referenceDecision": ("deliberation", "numero de deliberation", "reference", "decision"),
    "nomBeneficiaire": ("beneficiaire", "association", "nom", "nom du beneficiaire", "organisme"),
    "idBeneficiaire": ("siret", "siret beneficiaire", "siret association", "numero siret"),
    "rnaBeneficiaire": ("rna", "numero rna", "n rna"),
    "objet": ("objet de la subvention", "motif", "projet", "intitule"),
    "montant": ("montant attribue", "montant en euros", "somme", "montant eur", "montant vote"),
    "nature": ("nature de la subvention", "type d aide", "type"),
    "conditionsVersement": ("conditions", "conditions de versement", "versement", "modalites"),
    "datesPeriodeVersement": ("date de versement", "periode", "periode de versement"),
    "notificationUE": ("ue", "notification ue", "aide d etat", "notification europeenne"),
    "pourcentageSubvention": ("pourcentage", "part", "taux", "quotite"),
    "EQUIP_NOM": ("nom", "nom de l equipement", "equipement", "batiment"),
    "EQUIP_TYPE": ("type", "type d equipement", "categorie"),
    "EQUIP_THEME": ("theme", "domaine"),
    "EQUIP_LAT": ("latitude", "lat", "y"),
    "EQUIP_LONG": ("longitude", "long", "lon", "lng", "x"),
    "EQUIP_TEL": ("telephone", "tel", "numero de telephone"),
    "EQUIP_EMAIL": ("courriel", "email", "mail", "e mail"),
    "EQUIP_WEB": ("site", "site web", "site internet"),
    "EQUIP_OUVERTURE": ("horaires", "ouverture", "heures d ouverture"),
    "ADR_NUMERO": ("numero", "no", "n", "numero de voie"),
    "ADR_NOMVOIE": ("rue", "voie", "adresse", "nom de la voie"),
    "ADR_CODEPOSTAL": ("code postal", "cp"),
    "ADR_COMMUNE": ("commune", "ville"),
    "COMMUNE_NOM": ("commune", "nom de la commune", "ville"),
    "ENFANT_SEXE": ("sexe", "genre"),
    "ENFANT_PRENOM": ("prenom", "prenoms"),
    "NOMBRE_OCCURRENCES": ("nombre", "occurrences", "nombre de naissances", "effectif", "nb"),
    "ANNEE": ("annee", "an", "annee de naissance"),
    "BGT_ANNEE": ("annee", "exercice"),
    "BGT_MTREAL": ("montant", "realise", "montant realise"),
    "BGT_SECTION": ("section",),
    "BGT_CODRD": ("sens", "recette ou depense"),
}
# Of any schema: a field that ends like this is called like that.
ENDINGS: dict[str, tuple[str, ...]] = {
    "siret": ("siret",),
    "latitude": ("lat", "latitude"),
    "longitude": ("lon", "long", "longitude"),
}


@dataclass(frozen=True)
class Column:
    """One column of the file: what is written above it, and some of its values."""

    name: str
    values: Sequence[str] = ()


@dataclass(frozen=True)
class Match:
    """``column`` is proposed for ``field``; ``score`` from 0 to 1, ``why`` it is."""

    field: str
    column: str
    score: float
    why: Why


def proposals(schema: Schema, columns: Sequence[Column]) -> dict[str, Match]:
    """The best pairs, each field and each column once at most; by the name of the field."""
    scored = [
        (found[0], -at, -place, Match(field.name, column.name, *found))
        for at, field in enumerate(schema.fields)
        for place, column in enumerate(columns)
        if (found := _score(field, column)) and found[0] >= LEAST
    ]
    chosen: dict[str, Match] = {}
    taken: set[str] = set()
    for *_, match in sorted(scored, key=lambda one: one[:3], reverse=True):
        if match.field not in chosen and match.column not in taken:
            chosen[match.field] = match
            taken.add(match.column)
    return chosen


def _score(field: SchemaField, column: Column) -> tuple[float, Why] | None:
    written, asked = " ".join(words(column.name)), " ".join(words(field.name))
    if not written:
        return _looks(field, column)
    if written == asked:
        return 1.0, "same"
    said = SYNONYMS.get(field.name, ())
    ending = asked.rsplit(" ", 1)[-1]
    if written in said:
        return SAID - 0.01 * said.index(written), "synonym"
    if written in ENDINGS.get(ending, ()):
        return 0.7, "synonym"
    likeness = max(SequenceMatcher(None, written, other).ratio() for other in (asked, *said[:8]))
    if likeness >= 0.8:
        return round(CLOSE * likeness, 3), "close"
    return _looks(field, column)


def _looks(field: SchemaField, column: Column) -> tuple[float, Why] | None:
    """By its values alone: only where the field asks for a form that few others have."""
    telling = field.check is not None or field.constraints.enum is not None
    filled = [value for value in column.values if value.strip()][:50]
    if not telling or len(filled) < 2:
        return None
    kept = sum(not any(cell.faults(field, mend(field, value)[0])) for value in filled)
    return (LOOKS, "values") if kept >= 0.8 * len(filled) else None
