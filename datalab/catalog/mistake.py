"""What pydantic found wrong with a dataset, in plain words and with the nearest valid key.

Owns the translation of a validation error into a place, a sentence and a suggestion.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from datalab.catalog.dataset import TYPE_NAMES
from datalab.catalog.document import Place
from datalab.errors import nearest
from datalab.i18n import Phrase

Models = Mapping[Place, type[BaseModel]]


@dataclass(frozen=True)
class Mistake:
    """``place`` is the way to the value from the top of the file, outermost key first.

    ``line`` is only given where the place alone does not tell it.
    """

    place: Place
    message: str
    suggestion: str | None = None
    line: int | None = None

    @property
    def key(self) -> str:
        return dotted(self.place)


def dotted(place: Place) -> str:
    """``("expectations", 0, "type")`` as people write it: ``expectations[0].type``."""
    text = ""
    for step in place:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def mistakes_of(
    error: ValidationError, model: type[BaseModel], within: Place = ()
) -> list[Mistake]:
    """Every finding of ``error``, raised by ``model`` for the value at ``within``."""
    return [_mistake(finding, model, tuple(within)) for finding in error.errors()]


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys that people write for ``model``."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _mistake(finding: Any, model: type[BaseModel], within: tuple[str | int, ...]) -> Mistake:
    kind, context = finding["type"], finding.get("ctx", {})
    steps = tuple(step for step in finding["loc"] if step != "[key]")
    place, given = within + steps, finding.get("input")
    if kind == "extra_forbidden":
        known = keys_of(_model_at(model, steps[:-1]) or model)
        close = nearest(str(steps[-1]), known)
        if close is not None:
            return Mistake(place, Phrase("there is no such key here"), close)
        message = Phrase("there is no such key here; known are {known}", known=", ".join(known))
        return Mistake(place, message)
    if kind == "missing":
        meant = _misspelled(str(steps[-1]), given, _model_at(model, steps[:-1]) or model)
        if meant is not None:
            return Mistake(
                (*place[:-1], meant), Phrase("there is no such key here"), str(steps[-1])
            )
        return Mistake(place, Phrase("this key is missing"))
    if kind in {"literal_error", "enum"}:
        known = [word.strip("' ") for word in _listed(context.get("expected", ""))]
        return Mistake(
            place,
            Phrase("'{given}' is not one of {known}", given=_shown(given), known=", ".join(known)),
            nearest(str(given), known),
        )
    if kind == "value_error":
        close = nearest(given, TYPE_NAMES) if place[-1:] == ("type",) else None
        return Mistake(place, Phrase(str(context.get("error", ""))), close)
    if kind in _SENTENCES:
        facts = {name: _shown(value) for name, value in context.items() if name != "error"}
        return Mistake(place, Phrase(_SENTENCES[kind], **{**facts, "given": _shown(given)}))
    return Mistake(
        place,
        Phrase(
            "'{given}' cannot stand here ({detail})", given=_shown(given), detail=finding["msg"]
        ),
    )


_TEXT = "a text is expected here, not '{given}'; put it in quotes"
_NUMBER = "a number is expected here, not '{given}'"
_WHOLE = "a whole number is expected here, not '{given}'"
_TRUTH = "true or false is expected here, not '{given}'"
_MAPPING = "a mapping (key: value) is expected here, not '{given}'"
_LIST = "a list is expected here, not '{given}'"
_SENTENCES = {
    "string_type": _TEXT,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "bool_type": _TRUTH,
    "bool_parsing": _TRUTH,
    "dict_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "list_type": _LIST,
    "string_too_short": "this text is empty",
    "string_too_long": "'{given}' is longer than {max_length} characters",
    "too_short": "at least {min_length} entry is expected here",
    "string_pattern_mismatch": "'{given}' is not written as expected here: {pattern}",
    "greater_than": "'{given}' must be greater than {gt}",
    "greater_than_equal": "'{given}' must be {ge} or more",
    "less_than": "'{given}' must be less than {lt}",
    "less_than_equal": "'{given}' must be {le} or less",
}


def _misspelled(missing: str, given: object, model: type[BaseModel]) -> str | None:
    """The key that was written for ``missing``, where ``model`` itself does not complain of it."""
    if not isinstance(given, dict) or model.model_config.get("extra") != "allow":
        return None
    known = keys_of(model)
    unknown = [key for key in map(str, given) if key not in known]
    return next((key for key in unknown if nearest(key, known) == missing), None)


def _listed(expected: str) -> list[str]:
    """The words in pydantic's ``'a', 'b' or 'c'``."""
    return expected.replace(" or ", ", ").split(", ")


def _shown(given: object) -> str:
    """A value as a person wrote it, short enough for one line."""
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, float) and given.is_integer():
        return f"{given:.0f}"
    text = "null" if given is None else " ".join(str(given).split())
    return text if len(text) <= 60 else f"{text[:59]}…"


def _model_at(model: type[BaseModel], steps: Place) -> type[BaseModel] | None:
    """The model that checks the value at ``steps`` below ``model``."""
    annotation: Any = model
    for step in steps:
        annotation = _unwrapped(annotation)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            named = {field.alias or name: field for name, field in annotation.model_fields.items()}
            if step not in named:
                return None
            annotation = named[str(step)].annotation
        elif get_origin(annotation) in {dict, list}:
            annotation = get_args(annotation)[-1]
        else:
            return None
    found = _unwrapped(annotation)
    return found if isinstance(found, type) and issubclass(found, BaseModel) else None


def _unwrapped(annotation: Any) -> Any:
    """``Text`` for ``Text | None`` and for ``Annotated[Text, …]``."""
    while get_origin(annotation) in {Annotated, Union, types.UnionType}:
        options = [a for a in get_args(annotation) if a is not type(None)]
        annotation = options[0]
    return annotation
