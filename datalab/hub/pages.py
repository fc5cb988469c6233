"""What the hub's pages need beside JupyterHub's own variables: their words in two languages."""

from __future__ import annotations

from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

from datalab.i18n import Language, negotiate, translate


def template_variables() -> dict[str, Any]:
    # JupyterHub calls what is callable with the current user and keeps the answer.
    return {"t": lambda _user: _words, "language": lambda _user: _language}


def _language_of(context: Context) -> Language:
    # JupyterHub hands no request to templates, but a bound method of its handler.
    request = getattr(getattr(context.get("static_url"), "__self__", None), "request", None)
    return negotiate(request.headers.get("Accept-Language") if request else None)


@pass_context
def _language(context: Context) -> Language:
    return _language_of(context)


@pass_context
def _words(context: Context, message: str, **facts: object) -> str:
    return translate(message, _language_of(context), **facts)
