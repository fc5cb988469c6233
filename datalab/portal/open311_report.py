"""A report that a program sends: its arguments, its key, its place, and what is said back."""

from __future__ import annotations

import asyncio
import hashlib
import math
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from datalab.errors import (
    ApiKeyInvalid,
    CallRefused,
    ContactRefused,
    ReportRefused,
    TooFast,
    UnknownService,
)
from datalab.i18n import Language, Phrase
from datalab.participation import (
    api_key,
    attribute,
    author,
    consent,
    picture,
    register,
    request,
    service,
)
from datalab.participation.api_key import ApiKey
from datalab.participation.batch import Ahead
from datalab.participation.contact import Vault, email_of
from datalab.participation.report import Report, Reviewed, clean, review
from datalab.participation.request_receipt import Submitted, digest_of, recorded
from datalab.participation.service import Service
from datalab.portal.limits import Limits, Rate, address_of
from datalab.portal.open311_query import Refused

# Arguments of the standard that are neither kept nor needed to answer a report.
NOT_KEPT = ("first_name", "last_name", "phone", "device_id", "account_id", "media_url")
ATTRIBUTE = re.compile(r"attribute\[([^\[\]]{1,100})\](?:\[\])?")
ZIPCODE = re.compile(r"(?<!\d)\d{5}(?!\d)")
RECEIPT = re.compile(r"[\x21-\x7e]{1,255}")
BURST_SECONDS = 20  # of the rate of a key
WRONG_KEYS = Rate(60, 1)  # of one address
TRIES = 3


@dataclass(frozen=True)
class Sent:
    """A call as it came: ``given`` are its arguments, empty ones left out."""

    given: Mapping[str, str]
    attributes: Mapping[str, list[str]]
    media: UploadFile | None
    receipt: str
    language: Language


@dataclass(frozen=True)
class Recorded:
    """``dropped`` are the arguments that were not kept."""

    submitted: Submitted
    service: Service
    dropped: tuple[str, ...]


def sent(fields: FormData, receipt: str, language: Language) -> Sent:
    """The call in ``fields``; ``receipt`` is its Idempotency-Key, "" for none."""
    given: dict[str, str] = {}
    attributes: dict[str, list[str]] = defaultdict(list)
    media = None
    for name, value in fields.multi_items():
        if isinstance(value, UploadFile):
            media = value if name == "media" and (value.filename or value.size) else media
        elif (found := ATTRIBUTE.fullmatch(name)) is not None:
            attributes[clean(found[1])].append(clean(value))
        elif text := clean(value):
            given[name] = text
    if receipt and not RECEIPT.fullmatch(receipt):
        reason = Phrase("at most 255 visible ASCII characters are possible")
        raise CallRefused(field="Idempotency-Key", reason=reason)
    return Sent(given, dict(attributes), media, receipt, language)


async def record(asked: Request, call: Sent, now: float, *, trial: bool = False) -> Recorded:
    """Check and keep a report; ``trial`` checks alone.

    Raises
    ------
    ApiKeyInvalid, TooFast, Refused, ReportRefused, UnknownService, PictureRefused, ReceiptReused
    """
    words = call.given.get("api_key", "")
    state = asked.app.state
    _take(asked, words, now)
    try:
        reviewed = review(await _report(asked, call, words, now), call.language)
    except (Refused, ReportRefused):
        # Who holds no key learns that first.
        await run_in_threadpool(_holder, asked, words, now)
        raise
    if call.media is not None:
        reviewed = await _with_picture(asked, call, reviewed, words, now)

    def work(connection: Connection) -> Recorded:
        return _kept(connection, asked, call, reviewed, now, trial)

    ahead = Ahead(recorded, reviewed.report.receipt)
    for _ in range(TRIES):
        try:
            return await asyncio.wrap_future(state.participation.submit(work, ahead))
        except IntegrityError:
            # The same report by another portal, a moment ago: the next look finds it.
            continue
        except ApiKeyInvalid:
            _wrong(asked, now)
            raise
    raise TooFast(1)


def _take(asked: Request, words: str, now: float) -> None:
    """Count a report against its key, whether it is one or not."""
    limits: Limits = asked.app.state.limits
    rate = asked.app.state.settings.key_reports_per_second
    waits = limits.take("report", f"key {words}", Rate(rate * BURST_SECONDS, rate), now)
    if waits:
        raise TooFast(math.ceil(waits))


def _wrong(asked: Request, now: float) -> None:
    """Count a wrong key against the address that sent it.

    Raises
    ------
    TooFast
    """
    limits: Limits = asked.app.state.limits
    waits = limits.take("report", f"wrong {address_of(asked)}", WRONG_KEYS, now)
    if waits:
        raise TooFast(math.ceil(waits)) from None


def _holder(asked: Request, words: str, now: float) -> ApiKey:
    """The key of a call, looked up without writing.

    Raises
    ------
    ApiKeyInvalid, TooFast
    """
    with asked.app.state.participation.reading() as connection:
        found = api_key.holder(connection, words)
    if found is None:
        _wrong(asked, now)
        raise ApiKeyInvalid
    return found


async def _report(asked: Request, call: Sent, words: str, now: float) -> Report:
    """The report in a call, its answers still as they came."""
    problems: list[CallRefused] = []
    given = call.given
    if "service_code" not in given:
        problems.append(CallRefused(field="service_code", reason=Phrase("it is missing")))
    latitude, longitude = (_degrees(given, name, problems) for name in ("lat", "long"))
    if "email" in given:
        try:
            email_of(given["email"])
        except ContactRefused:
            reason = Phrase("this is no e-mail address")
            problems.append(CallRefused(field="email", reason=reason))
    if problems:
        raise Refused(problems)
    address = given.get("address_string", "")
    found = ZIPCODE.search(address)
    report = Report(
        service_code=given["service_code"],
        receipt=_receipt(call, words),
        channel="open311",
        description=given.get("description", ""),
        latitude=latitude,
        longitude=longitude,
        address=address,
        address_id=given.get("address_id", ""),
        zipcode=found[0] if found else "",
        attributes={code: "\n".join(values) for code, values in call.attributes.items()},
    )
    commune = await asked.app.state.communes.code_of(latitude, longitude)
    # With the words of the key, which the database does not hold: from the digest alone nobody
    # finds the e-mail address by trying.
    digest = digest_of(report, words, given.get("email", ""), await _media_digest(call))
    return replace(report, commune=commune, digest=digest if call.receipt else None)


async def _media_digest(call: Sent) -> str:
    if call.media is None:
        return ""
    data = await call.media.read()
    await call.media.seek(0)
    return hashlib.sha256(data).hexdigest()


def _degrees(given: Mapping[str, str], name: str, problems: list[CallRefused]) -> float | None:
    text = given.get(name)
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if math.isfinite(value) and "_" not in text:
        return value
    problems.append(CallRefused(field=name, reason=Phrase("a number of degrees is needed")))
    return None


def _receipt(call: Sent, words: str) -> str:
    """One client's idempotency keys say nothing about those of another."""
    if not call.receipt:
        return f"open311:{uuid4().hex}"
    return "open311:" + hashlib.sha256(f"{words}\0{call.receipt}".encode()).hexdigest()


async def _with_picture(
    asked: Request, call: Sent, reviewed: Reviewed, words: str, now: float
) -> Reviewed:
    """The report with its picture kept, unless it was recorded before."""
    state = asked.app.state
    await run_in_threadpool(_holder, asked, words, now)

    def before() -> Submitted | None:
        with state.participation.reading() as connection:
            found = request.known(connection, reviewed.report.receipt)
            return found and found.for_same(reviewed.report.digest)

    if call.media is None or await run_in_threadpool(before) is not None:
        return reviewed
    data = await call.media.read()
    kept = await picture.keep(
        state.participation, state.settings, data, None, "request", reviewed.said[:200], now
    )
    return replace(reviewed, report=replace(reviewed.report, picture_id=kept))


def _kept(
    connection: Connection,
    asked: Request,
    call: Sent,
    reviewed: Reviewed,
    now: float,
    trial: bool,
) -> Recorded:
    holder = api_key.holder(connection, call.given.get("api_key", ""))
    if holder is None:
        raise ApiKeyInvalid
    about = service.get(connection, reviewed.report.service_code)
    if not about.active:
        raise UnknownService(code=about.code)
    answers = attribute.checked(about, call.attributes, call.language)
    dropped = tuple(name for name in NOT_KEPT if name in call.given)
    found = request.known(connection, reviewed.report.receipt)
    if found is not None:
        return Recorded(found.for_same(reviewed.report.digest), about, dropped)
    if trial:
        return Recorded(Submitted(None, "trial", ""), about, dropped)
    values: dict[str, Any] = {"attributes": answers, "api_key_id": holder.id}
    if "email" in call.given:
        values["author_id"] = _reporter(connection, asked, call, now)
    reviewed = replace(reviewed, report=replace(reviewed.report, **values))
    return Recorded(request.enter(connection, reviewed, about, now), about, dropped)


def _reporter(connection: Connection, asked: Request, call: Sent, now: float) -> str:
    """Somebody who left an address: it goes, encrypted, where contacts lie."""
    made = author.make(
        connection,
        kind="reporter",
        now=now,
        expires_at=register.until("reporter", now),
        consent=consent.VERSION,
        language=call.language,
    )
    vault = Vault(asked.app.state.settings.secrets)
    days = register.DAYS["contact"]
    vault.keep(connection, made.id, call.given["email"], now, days, made.secret)
    return made.id
