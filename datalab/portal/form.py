"""What a page sends back: read only where a page of the portal, shown to this person, sent it."""

from __future__ import annotations

import hmac
import json
from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from datalab.errors import FormExpired, FormTooLarge, InvalidParameter
from datalab.i18n import Phrase
from datalab.portal.person import FIELD, HEADER, signed_in

LARGEST = 200_000  # bytes
MOST_FIELDS = 1_000
MOST_FILES = 8
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


async def form_of(
    request: Request, largest: int = LARGEST, files: bool = False, most: int = MOST_FIELDS
) -> FormData:
    """The fields of a posted form, urlencoded; multipart too where ``files`` may come with it.

    ``most`` is how many fields there may be.

    Raises
    ------
    SignInNeeded
    FormExpired
        where the token is not this person's, or the form did not come from a page of the portal.
    FormTooLarge
        beyond ``largest`` bytes.
    """
    signed_in(request)
    check_origin(request)
    body = await body_of(request, largest)
    if content_type(request) not in ((URLENCODED, MULTIPART) if files else (URLENCODED,)):
        raise FormExpired()
    fields = await fields_of(request, body, most)
    _check_token(request, str(fields.get(FIELD, "")))
    return fields


async def upload_of(request: Request, largest: int) -> FormData:
    """The fields of a posted form with one large file, which goes to the disk as it comes.

    Who asks and from where is looked at before the first byte is read.

    Raises
    ------
    SignInNeeded, FormExpired, InvalidParameter
    FormTooLarge
        by what the request says of its length, or as soon as it is beyond ``largest`` bytes.
    """
    signed_in(request)
    check_origin(request)
    said = request.headers.get("content-length", "")
    if said.isdecimal() and (len(said) > 15 or int(said) > largest):
        raise FormTooLarge(limit=largest)
    if content_type(request) != MULTIPART:
        raise FormExpired()

    async def pieces() -> AsyncGenerator[bytes, None]:
        read = 0
        async for piece in request.stream():
            read += len(piece)
            if read > largest:
                raise FormTooLarge(limit=largest)
            yield piece

    try:
        parser = MultiPartParser(request.headers, pieces(), max_files=1, max_fields=20)
        fields = await parser.parse()
    except (ValueError, KeyError, MultiPartException):
        raise _unreadable() from None
    _check_token(request, str(fields.get(FIELD, "")))
    return fields


async def json_of(request: Request, largest: int = LARGEST, proof: str = "") -> Any:
    """The JSON that a script of the portal posted, with the page's token in its header.

    ``proof`` is another token that is good enough here (a pass for one purpose).

    Raises
    ------
    SignInNeeded, FormExpired, FormTooLarge, InvalidParameter
    """
    signed_in(request)
    check_origin(request)
    body = await body_of(request, largest)
    shown = request.headers.get(HEADER, "")
    if not (proof and hmac.compare_digest(shown.encode("utf-8", "replace"), proof.encode())):
        _check_token(request, shown)
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise _unreadable() from None


def _unreadable() -> InvalidParameter:
    reason = Phrase("it is too long or not written as expected")
    return InvalidParameter(name="form", value="", reason=reason)


def content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def body_of(request: Request, largest: int) -> bytes:
    """What was sent.

    Raises
    ------
    FormTooLarge
        as soon as it is beyond ``largest`` bytes.
    """
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > largest:
            raise FormTooLarge(limit=largest)
    return bytes(body)


async def fields_of(request: Request, body: bytes, most: int = MOST_FIELDS) -> FormData:
    """The fields of ``body``: urlencoded, or multipart with small files.

    Raises
    ------
    InvalidParameter
        where it cannot be read as what it says it is.
    """
    kind = content_type(request)
    try:
        if kind == MULTIPART:
            return await _parts(request, body)
        if kind != URLENCODED:
            raise ValueError(kind)
        pairs: list[tuple[str, str | UploadFile]] = [
            *parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=most, errors="strict")
        ]
    except (ValueError, MultiPartException):
        raise _unreadable() from None
    return FormData(pairs)


async def _parts(request: Request, body: bytes) -> FormData:
    async def whole() -> AsyncGenerator[bytes, None]:
        yield body

    return await MultiPartParser(
        request.headers, whole(), max_files=MOST_FILES, max_fields=MOST_FIELDS
    ).parse()


def check_origin(request: Request) -> None:
    """Every browser says where a posted form comes from; who does not is no browser of a person."""
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site")
    if origin is None and site is None:
        raise FormExpired()
    if site is not None and site != "same-origin":
        raise FormExpired()
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise FormExpired()


def _check_token(request: Request, token: str) -> None:
    expected = signed_in(request).csrf
    if not hmac.compare_digest(token.encode("utf-8", "replace"), expected.encode()):
        raise FormExpired()
