"""What an object store, and whoever publishes to it, can answer."""

from __future__ import annotations

from datalab.errors.root import DatalabError


class DepotError(DatalabError):
    code = "depot"


class DepotAway(DepotError):
    """It cannot be reached, or does not let us in."""

    code = "depot-away"
    status = 503
    template = (
        "The object store {depot} does not answer: {reason}. Nothing is lost: what was published "
        "here goes there as soon as it answers."
    )


class DepotBroken(DepotError):
    """What lies there is not what a lab puts there."""

    code = "depot-broken"
    status = 502
    template = (
        "{name} of the object store is not what a lab puts there: {reason}. Nothing of it was "
        "taken; 'datalab depot push --take' of the lab that publishes writes it anew."
    )


class DepotEmpty(DepotError):
    """Nothing lies there, where something was before."""

    code = "depot-empty"
    status = 502
    template = (
        "The object store {depot} holds nothing any more. What was fetched from it stays here and "
        "is read as before. Look whether DATALAB_DEPOT names the right place; the lab that "
        "publishes fills it anew with 'datalab depot push --take'."
    )


class DepotRestless(DepotError):
    """What is to be sent never stands still."""

    code = "depot-restless"
    status = 503
    template = (
        "The files of {name} changed while they were sent, several times over. Nothing new went to "
        "the object store; what lies there is whole, and it is tried again."
    )


class DepotTaken(DepotError):
    """Another lab publishes there, or this one before it was restored from a backup."""

    code = "depot-taken"
    status = 409
    template = (
        "What lies under {name} of the object store is not what this lab put there: {reason}. "
        "If this lab is the one that publishes, run 'datalab depot push --take'."
    )


class LakeIsCopy(DepotError):
    """This lab only reads what another one publishes."""

    code = "lake-is-copy"
    status = 409
    template = (
        "This lab reads a copy of the lake from {depot} and publishes nothing itself. Publish in "
        "the lab that the copy is of. If that one is gone, take DATALAB_DEPOT_READER away here and "
        "run 'datalab depot push --take'."
    )


class NoDepot(DepotError):
    code = "no-depot"
    status = 404
    template = "No object store is set: name one in DATALAB_DEPOT, as s3://bucket/folder."
