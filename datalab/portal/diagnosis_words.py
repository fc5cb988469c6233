"""What the figures, themes and reasons of a territorial diagnosis are called, for people.

The themes are those of the CNAF's circular 2020-01; what is missing, and who holds it, is told for
each, so that a theme without figures is no theme forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass

from datalab.i18n import Phrase

INDICATORS: dict[str, Phrase] = {
    "density": Phrase("Inhabitants per km²"),
    "annual_change": Phrase("Change of the population, mean per year"),
    "natural_change": Phrase("… of which births less deaths"),
    "migratory_change": Phrase("… of which people who came less people who left (apparent)"),
    "young_share": Phrase("Inhabitants under 20"),
    "old_share": Phrase("Inhabitants aged 65 or more"),
    "ageing_index": Phrase("Ageing index: 65 or more for 100 under 20"),
    "dependency_2021": Phrase("Under 20 and 65 or more, for 100 aged 20 to 64"),
    "dependency_2022": Phrase("Under 15 and 65 or more, for 100 aged 15 to 64"),
    "median_income": Phrase("Median standard of living"),
    "poverty_rate": Phrase("Poverty rate (under 60 % of the median standard of living)"),
    "taxed_share": Phrase("Households that pay income tax"),
    "activity_rate": Phrase("Active people, of those aged 15 to 64"),
    "unemployment_rate": Phrase("Unemployed in the census sense, of the active"),
    "jobs_for_employed": Phrase("Jobs in the commune for 100 employed residents (15 to 64)"),
    "owner_share": Phrase("Main homes occupied by their owner"),
    "vacancy_2022": Phrase("Vacant dwellings (census of 2022)"),
    "vacancy_2021": Phrase("Vacant dwellings (census of 2021, to compare further)"),
    "second_homes_share": Phrase("Second homes and occasional dwellings"),
    "flats_share": Phrase("Flats, of all dwellings"),
    "household_size": Phrase("Inhabitants per main home"),
}
GROUPS: tuple[tuple[Phrase, tuple[str, ...]], ...] = (
    (
        Phrase("Population and its course"),
        ("density", "annual_change", "natural_change", "migratory_change"),
    ),
    (
        Phrase("Ages"),
        ("young_share", "old_share", "ageing_index", "dependency_2021", "dependency_2022"),
    ),
    (Phrase("Income"), ("median_income", "poverty_rate", "taxed_share")),
    (Phrase("Work"), ("activity_rate", "unemployment_rate", "jobs_for_employed")),
    (
        Phrase("Housing"),
        (
            *("owner_share", "vacancy_2022", "vacancy_2021"),
            *("second_homes_share", "flats_share", "household_size"),
        ),
    ),
)
COUNTS: dict[str, Phrase] = {
    "population": Phrase("Inhabitants"),
    "population_2016": Phrase("Inhabitants"),
    "births_2016_2021": Phrase("Births between the two censuses"),
    "deaths_2016_2021": Phrase("Deaths between the two censuses"),
    "natural_balance": Phrase("Births less deaths"),
    "migratory_balance": Phrase("Came less left (apparent)"),
    "births_2024": Phrase("Births of the year"),
    "deaths_2024": Phrase("Deaths of the year"),
    "population_2021": Phrase("Inhabitants"),
    "population_0_19_2021": Phrase("… aged 0 to 19"),
    "population_20_64_2021": Phrase("… aged 20 to 64"),
    "population_65_plus_2021": Phrase("… aged 65 or more"),
    "population_15_64": Phrase("Inhabitants aged 15 to 64"),
    "population_other_ages": Phrase("Inhabitants under 15, and 65 or more"),
    "active": Phrase("Active people aged 15 to 64"),
    "unemployed": Phrase("… of whom unemployed in the census sense"),
    "employed": Phrase("… of whom employed"),
    "inactive": Phrase("People aged 15 to 64 who are not active"),
    "jobs": Phrase("Jobs in the commune"),
    "dwellings": Phrase("All dwellings"),
    "main_homes": Phrase("Main homes"),
    "second_homes": Phrase("Second homes and occasional dwellings"),
    "vacant_dwellings": Phrase("Vacant dwellings"),
    "owner_occupied_homes": Phrase("Main homes occupied by their owner"),
    "other_homes": Phrase("Main homes let or lent"),
    "dwellings_2021": Phrase("All dwellings"),
    "main_homes_2021": Phrase("Main homes"),
    "second_homes_2021": Phrase("Second homes and occasional dwellings"),
    "vacant_dwellings_2021": Phrase("Vacant dwellings"),
    "flats_2021": Phrase("Flats"),
    "other_dwellings_2021": Phrase("Houses and other dwellings"),
    "establishments": Phrase("Establishments with employees"),
}
SECTORS: dict[str, Phrase] = {
    "agriculture": Phrase("Agriculture, forestry and fishing"),
    "industry": Phrase("Industry"),
    "construction": Phrase("Construction"),
    "services": Phrase("Trade, transport and other services"),
    "public": Phrase("Administration, education, health and social work"),
}
REASONS: dict[str, Phrase] = {
    "suppressed": Phrase("hidden"),
    "secret": Phrase("secret (INSEE)"),
    "few": Phrase("too few"),
}
EVIDENCE: dict[str, Phrase] = {
    "published": Phrase("published by INSEE under that year"),
    "matched": Phrase("file matched with the year by its figures"),
    "deduced": Phrase("year deduced from the order of the files; to be confirmed"),
}
# What the survey asks before a finding is believed: a questionnaire that comes with the lab, and
# the name of a question in it.
ASKED: dict[str, tuple[str, str]] = {
    "annual_change": ("childcare", "settled"),
    "natural_change": ("childcare", "staying"),
    "migratory_change": ("childcare", "settled"),
    "young_share": ("childcare", "access"),
    "old_share": ("associations", "reached"),
    "ageing_index": ("associations", "missed"),
    "dependency_2021": ("childcare", "relatives"),
    "median_income": ("childcare", "price"),
    "poverty_rate": ("childcare", "price"),
    "activity_rate": ("childminders", "asked"),
    "unemployment_rate": ("childcare", "gave_up"),
    "jobs_for_employed": ("childminders", "asked"),
    "owner_share": ("childcare", "home"),
    "vacancy_2022": ("childcare", "home"),
    "flats_share": ("childcare", "outside"),
    "household_size": ("childcare", "family"),
}


@dataclass(frozen=True)
class Theme:
    """One line of the checklist: its name, what is missing, who holds it."""

    name: Phrase
    missing: Phrase
    holder: Phrase


THEMES: dict[str, Theme] = {
    "early-childhood": Theme(
        Phrase("Early childhood (0 to 2)"),
        Phrase("children by year of age, places and hours of care, waiting lists"),
        Phrase("CAF and MSA (places, users), département (PMI, approved childminders), INSEE"),
    ),
    "childhood": Theme(
        Phrase("Childhood (3 to 11)"),
        Phrase("pupils by school, after-school care and canteen, holiday centres"),
        Phrase("commune, rectorate, CAF (services it funds)"),
    ),
    "youth": Theme(
        Phrase("Youth (12 to 25)"),
        Phrase("young people neither in work nor in education, places to meet, mobility"),
        Phrase("INSEE (census, detailed), local mission, rectorate"),
    ),
    "parenting": Theme(
        Phrase("Parenting"),
        Phrase("single-parent families, places of support and who uses them"),
        Phrase("INSEE (census, families), CAF"),
    ),
    "rights": Theme(
        Phrase("Access to rights"),
        Phrase("people on minimum benefits, people who do not claim, reception points"),
        Phrase("CAF, MSA, CPAM, département, commune (CCAS)"),
    ),
    "social-life": Theme(
        Phrase("Social life"),
        Phrase("associations, members and volunteers, social centres, rooms and their use"),
        Phrase("commune, national register of associations (RNA), CAF (social centres)"),
    ),
    "housing": Theme(
        Phrase("Housing"),
        Phrase("social housing and requests, rents, dwellings that are unfit or cost much to heat"),
        Phrase("métropole (local housing programme), RPLS and SNE (State), ADEME (DPE)"),
    ),
    "disability": Theme(
        Phrase("Disability"),
        Phrase("children and adults with rights, places, accessibility of reception"),
        Phrase("MDPH (département), regional health agency, CAF (AEEH, AAH)"),
    ),
    "seniors": Theme(
        Phrase("Seniors"),
        Phrase("people who live alone after 75, help at home, loss of autonomy"),
        Phrase("INSEE (census, households), département (APA), pension funds"),
    ),
    "digital": Theme(
        Phrase("Digital inclusion"),
        Phrase("people who cannot do their formalities online, helpers and where they are"),
        Phrase("ANCT (France services, digital advisers), commune, associations"),
    ),
}
NOTES: tuple[Phrase, ...] = (
    Phrase(
        "Rates of the métropole are made of the sums of its communes, never of the mean of their "
        "rates; a median is never averaged."
    ),
    Phrase(
        "In communes of 10,000 inhabitants or more the census asks a sample (about 40 % of "
        "dwellings in five years): small differences there are within its error. In smaller ones "
        "everybody is asked, once in five years."
    ),
    Phrase(
        "The apparent migratory balance is what births and deaths do not explain; it also holds "
        "the errors of both censuses."
    ),
    Phrase(
        "Answers stand under a finding once who runs the survey linked them: those of a whole "
        "campaign that is closed, weighted by raking where it says so, small counts hidden."
    ),
)
