"""A client of our Open311 interface, and the shapes of its answers.

The shapes say what GeoReport v2 says of each field (https://wiki.open311.org/GeoReport_v2/):
identifiers are strings, places numbers or null, times have a zone.
"""

from __future__ import annotations

import json
import time
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from lxml import etree
from starlette.testclient import TestClient

from datalab.participation import api_key
from tests.portal.desk import Desk

Shape = dict[str, Any]
WORDS: Shape = {"type": "string", "minLength": 1}
MAYBE: Shape = {"type": ["string", "null"]}
DEGREES: Shape = {"type": ["number", "null"]}
ZONE = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$"
MOMENT: Shape = {"type": "string", "format": "date-time", "pattern": ZONE}


def a_list(members: Shape) -> Shape:
    return {"type": "array", "items": members}


def an_object(needed: Shape, possible: Shape | None = None) -> Shape:
    return {
        "type": "object",
        "properties": {**needed, **(possible or {})},
        "required": list(needed),
        "additionalProperties": False,
    }


SERVICES = a_list(
    an_object(
        {
            "service_code": WORDS,
            "service_name": WORDS,
            "description": MAYBE,
            "metadata": {"type": "boolean"},
            "type": {"enum": ["realtime", "batch", "blackbox"]},
            "keywords": MAYBE,
            "group": MAYBE,
        }
    )
)
KINDS = ["string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"]
DEFINITION = an_object(
    {
        "service_code": WORDS,
        "attributes": a_list(
            an_object(
                {
                    "variable": {"type": "boolean"},
                    "code": WORDS,
                    "datatype": {"enum": KINDS},
                    "required": {"type": "boolean"},
                    "datatype_description": MAYBE,
                    "order": {"type": "integer", "minimum": 1},
                    "description": WORDS,
                    "values": a_list(an_object({"key": WORDS, "name": WORDS})),
                }
            )
        ),
    }
)
_REQUEST: Shape = {
    "service_request_id": WORDS,
    "status": {"enum": ["open", "closed"]},
    "status_notes": MAYBE,
    "service_name": WORDS,
    "service_code": WORDS,
    "description": {"type": ["string", "null"], "maxLength": 4000},
    "agency_responsible": MAYBE,
    "service_notice": MAYBE,
    "requested_datetime": MOMENT,
    "updated_datetime": MOMENT,
    "expected_datetime": {"anyOf": [MOMENT, {"type": "null"}]},
    "address": MAYBE,
    "address_id": MAYBE,
    "zipcode": MAYBE,
    "lat": DEGREES,
    "long": DEGREES,
    "media_url": {"type": ["string", "null"], "format": "uri"},
}
REQUESTS = a_list(an_object(_REQUEST))
_ANY_LIST = a_list({"type": "object"})
EXTENDED = a_list(
    an_object(
        {
            **_REQUEST,
            "attributes": _ANY_LIST,
            "extended_attributes": {"type": "object"},
            "notes": a_list(an_object({"datetime": MOMENT, "description": WORDS, "type": WORDS})),
        }
    )
)
_NOTICE: Shape = {"service_notice": MAYBE, "account_id": MAYBE}
RECORDED = {
    **a_list(
        {
            "oneOf": [
                an_object({"service_request_id": WORDS, **_NOTICE}),
                an_object({"token": WORDS, **_NOTICE}),
            ]
        }
    ),
    "minItems": 1,
    "maxItems": 1,
}
TOKEN = a_list(an_object({"service_request_id": MAYBE, "token": WORDS}))
ERRORS = {
    **a_list(an_object({"code": {"type": "integer"}, "description": WORDS})),
    "minItems": 1,
}
DISCOVERY = an_object(
    {
        "changeset": WORDS,
        "contact": WORDS,
        "key_service": WORDS,
        "endpoints": a_list(
            an_object(
                {
                    "specification": {"const": "http://wiki.open311.org/GeoReport_v2"},
                    "url": {"type": "string", "format": "uri"},
                    "changeset": WORDS,
                    "type": {"enum": ["production", "test"]},
                    "formats": a_list({"enum": ["text/xml", "application/json"]}),
                }
            )
        ),
    }
)


def check(document: Any, shape: Shape) -> None:
    Draft202012Validator(shape, format_checker=FormatChecker()).validate(document)


class Client:
    """A program with a key, or without one."""

    def __init__(self, desk: Desk, name: str = "Appli") -> None:
        self.desk = desk
        self.http: TestClient = desk.browser().client
        self.key = ""
        if name:
            with desk.app.state.participation.writing() as connection:
                _, self.key = api_key.issue(connection, name, "", actor="tests", now=time.time())

    def get(self, path: str, **arguments: str) -> Any:
        return self.http.get(f"open311/{path}", params=arguments)

    def read(self, path: str, shape: Shape, **arguments: str) -> Any:
        """The JSON at ``path``, which has that shape, in XML too."""
        answer = self.get(f"{path}.json", **arguments)
        assert answer.status_code == 200, answer.text
        check(answer.json(), shape)
        written = self.get(f"{path}.xml", **arguments)
        root = etree.fromstring(written.content)
        assert plain(root) == json.loads(stringly(answer.json()))
        return answer.json()

    def post(
        self,
        path: str = "v2/requests.json",
        *,
        receipt: str = "",
        files: Any = None,
        **fields: Any,
    ) -> Any:
        """Send a report; None takes a field away."""
        usual = {
            "api_key": self.key,
            "service_code": "lighting",
            "lat": "47.3220",
            "long": "5.0415",
            "description": "Lampadaire éteint",
        }
        if fields.get("service_code", "lighting") == "lighting":
            usual["attribute[failure]"] = "out"
        sent = {k: v for k, v in {**usual, **fields}.items() if v is not None}
        headers = {"Idempotency-Key": receipt} if receipt else {}
        return self.http.post(f"open311/{path}", data=sent, files=files, headers=headers)

    def report(self, **fields: Any) -> str:
        """The id, or the token, of a report that was recorded."""
        answer = self.post(**fields)
        assert answer.status_code == 200, answer.text
        check(answer.json(), RECORDED)
        (made,) = answer.json()
        return str(made.get("service_request_id") or made["token"])


CONTAINERS = {
    "services",
    "service_requests",
    "attributes",
    "values",
    "errors",
    "endpoints",
    "formats",
    "notes",
}


def plain(element: Any) -> Any:
    """XML as JSON by the Spark convention; every value is text, an empty one null."""
    if element.tag in CONTAINERS:
        return [plain(child) for child in element]
    if len(element):
        return {child.tag: plain(child) for child in element}
    return element.text or None


def stringly(document: Any) -> str:
    """JSON in which numbers and truths are the text that XML holds."""

    def told(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: told(member) for key, member in value.items()}
        if isinstance(value, list):
            return [told(member) for member in value]
        if isinstance(value, bool):
            return "true" if value else "false"
        return value if value is None or isinstance(value, str) else str(value)

    return json.dumps(told(document))
