"""The way out of a refusal: who can let a reader in, and where that is asked for.

What keeps rows from a reader is decided in :mod:`datalab.portal.access`, which knows no address.
Every door that answers with the refusal sends it through here first.
"""

from __future__ import annotations

from starlette.requests import Request

from datalab.errors import AccessRefused, DatalabError
from datalab.errors.grant import TokenRefused
from datalab.i18n import Language, translate
from datalab.portal.addresses import root_of
from datalab.portal.admission import steward_of
from datalab.portal.reader import reader_of


def with_way(request: Request, error: DatalabError, language: Language) -> DatalabError:
    """``error`` as it is, a refusal of a dataset with who can grant it (``whom``) and the address
    where it is asked for (``ask``)."""
    state = request.app.state
    holding = state.library.shelf().holdings.get(error.facts.get("dataset"))
    if not isinstance(error, AccessRefused) or holding is None:
        return error
    home = root_of(request)
    page = f"{home}/datasets/{holding.id}"
    facts, kept = dict(error.facts), error.facts.get("barrier")
    facts["whom"] = steward_of(state.store, holding.dataset, language)
    facts["ask"] = page
    if kept == "restricted":
        facts["ask"] = f"{page}/access"
        way = translate("Who can grant it: {whom}. Ask here: {ask}", language, **_two(facts))
    elif kept == "members" and _has_account(request):
        facts["whom"] = translate("the operators of the lab", language)
        facts["ask"] = f"{home}/me/"
        facts["reason"] = translate(
            "only members of the lab can read it, and your account is not one.", language
        )
        way = translate("Who can make it one: {whom}. Your rights: {ask}", language, **_two(facts))
    elif kept == "members":
        way = translate("Its page: {ask}", language, ask=page)
    else:
        way = translate("Who answers for it: {whom}. Its page: {ask}", language, **_two(facts))
    if "reason" in facts:
        facts["reason"] = f"{facts['reason']} {way}"
    return type(error)(**facts)


def _has_account(request: Request) -> bool:
    try:
        return reader_of(request).name is not None
    except TokenRefused:
        return False


def _two(facts: dict[str, str]) -> dict[str, str]:
    return {"whom": facts["whom"], "ask": facts["ask"]}
