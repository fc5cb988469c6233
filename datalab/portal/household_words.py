"""The words of Smart Citizen's pages: domains, uses, parts of the town, states."""

from __future__ import annotations

from datalab.i18n import Phrase

DOMAINS: dict[str, Phrase] = {
    "electricity": Phrase("Electricity"),
    "gas": Phrase("Gas"),
    "water": Phrase("Water"),
    "transport": Phrase("Transport"),
    "waste": Phrase("Waste"),
    "local": Phrase("Local products"),
}
USES: dict[str, Phrase] = {
    "follow": Phrase("count my actions and write tips"),
    "readings": Phrase("keep what my meter shows"),
    "curve": Phrase("keep the days of my Linky file"),
    "cells": Phrase("be counted, without my name, in what the municipality and ambassadors see"),
}
QUARTERS: dict[str, Phrase] = {
    "centre": Phrase("Centre"),
    "north": Phrase("North"),
    "south": Phrase("South"),
    "east": Phrase("East"),
    "west": Phrase("West"),
}
DWELLINGS: dict[str, Phrase] = {"house": Phrase("House"), "flat": Phrase("Flat")}
COMMITMENTS: dict[str, Phrase] = {
    "try": Phrase("I try (a week)"),
    "month": Phrase("for a month"),
    "year": Phrase("for a year"),
}
STATES: dict[str, Phrase] = {
    "issued": Phrase("to be used"),
    "redeemed": Phrase("used"),
    "cancelled": Phrase("void"),
    "expired": Phrase("its time is over"),
}
TIP_STATES: dict[str, Phrase] = {
    "submitted": Phrase("waits to be read"),
    "accepted": Phrase("everybody reads it"),
    "rejected": Phrase("was not taken up"),
}
UNITS = {"electricity": "kWh", "gas": "kWh", "water": "m³"}
# What a home loses that takes a consent back, said before it does.
LOSSES: dict[str, Phrase] = {
    "follow": Phrase(
        "To withdraw deletes your actions of this domain and your tips that nobody reads yet. Your "
        "points stay; so that nothing counts twice, its actions give points again a year after."
    ),
    "readings": Phrase("To withdraw deletes the readings of this meter."),
    "curve": Phrase("To withdraw deletes the days of your Linky files."),
    "cells": Phrase("To withdraw counts your home no more, from the next month on."),
}
STAGES: dict[str, Phrase] = {
    "joined": Phrase("joined, and agreed to be counted"),
    "sharing": Phrase("share what their meters say"),
    "active": Phrase("follow an action now"),
}
