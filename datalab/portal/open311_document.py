"""Services, definitions and requests as GeoReport v2 writes them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from datalab.i18n import Language, translate
from datalab.participation.attribute import chosen
from datalab.participation.request_list import (
    Note,
    address_of,
    in_the_street,
    is_exact,
    place_of,
)
from datalab.participation.request_state import STATE_NAMES, Request
from datalab.participation.service import Service, said

Document = dict[str, Any]


def service(about: Service, language: Language) -> Document:
    """One member of the list of services.

    ``realtime`` although what has to be read first gets a token: a client must know both.
    """
    return {
        "service_code": about.code,
        "service_name": about.name(language),
        "description": about.description(language),
        "metadata": bool(about.attributes),
        "type": "realtime",
        "keywords": ", ".join(about.keywords(language)),
        "group": about.grouped(language) or None,
    }


def definition(about: Service, language: Language) -> Document:
    """What more is asked of a service."""
    return {
        "service_code": about.code,
        "attributes": [
            {
                "variable": one.variable,
                "code": one.code,
                "datatype": one.datatype,
                "required": one.required,
                "datatype_description": said(one.hint, language) or None,
                "order": place,
                "description": said(one.description, language),
                "values": [
                    {"key": key, "name": said(names, language)} for key, names in one.values
                ],
            }
            for place, one in enumerate(about.attributes, 1)
        ],
    }


def request(
    found: Request,
    about: Service,
    base: str,
    agency: str,
    language: Language,
    pictures: Collection[str],
) -> Document:
    """One report as everybody may see it.

    ``base`` is where the portal is reached, ``pictures`` are those that may be shown.
    """
    latitude, longitude = place_of(found, about)
    shown = f"{base}/pictures/{found.picture_id}.jpg" if found.picture_id in pictures else None
    updated = found.closed_at if found.closed_at is not None else found.updated_at
    return {
        "service_request_id": found.id,
        "status": found.status,
        "status_notes": found.status_notes or None,
        "service_name": about.name(language),
        "service_code": found.service_code,
        "description": found.said or None,
        "agency_responsible": found.agency or agency,
        "service_notice": None,
        "requested_datetime": moment(found.requested_at),
        "updated_datetime": moment(updated),
        "expected_datetime": moment(found.expected_at),
        "address": address_of(found, about) or None,
        "address_id": (found.address_id or None) if is_exact(found, about) else None,
        "zipcode": (found.zipcode or None) if in_the_street(about) else None,
        "lat": latitude,
        "long": longitude,
        "media_url": shown,
    }


def extended(found: Request, about: Service, notes: Sequence[Note], language: Language) -> Document:
    """What ``extensions=true`` adds: choices, our own state, and the history."""
    return {
        "attributes": [
            {
                "code": one.code,
                "label": said(one.description, language),
                "value": key,
                "name": said(dict(one.values).get(key, {}), language) or key,
            }
            for one, keys in chosen(about.attributes, found.attributes)
            for key in keys
        ],
        "extended_attributes": {
            "state": found.state,
            "state_name": STATE_NAMES[found.state].in_(language),
            "commune": found.commune,
            "duplicate_of": found.duplicate_of,
            "reopened": found.reopened,
            "answered_datetime": moment(found.answered_at),
            "closed_datetime": moment(found.closed_at),
        },
        "notes": [
            {
                "datetime": moment(found.requested_at),
                "description": translate("Reported.", language),
                "type": "submitted",
            },
            *(
                {
                    "datetime": moment(one.at),
                    "description": one.text,
                    "type": "reporter" if one.actor.startswith("author:") else "answer",
                }
                for one in notes
            ),
        ],
    }


def moment(at: float | None) -> str | None:
    """W3C date and time, in whole seconds of UTC."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
