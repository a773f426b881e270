"""Parameters of a question, checked before a store sees them: a missing one is NULL to the embedded engine."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from cypher.catalogue import Question
from cypher.errors import QuestionError

Value = str | int | float | bool | list[str] | list[int] | list[float]


def check_params(question: Question, params: Mapping[str, Any]) -> dict[str, Value]:
    """The parameters as a store takes them: exactly those of the question, each of its type.

    Raises QuestionError with code ``param_missing``, ``param_unknown``, ``param_type`` or ``param_range``; it names the
    parameter and never its value.
    """
    for name in params:
        if name not in dict(question.params):
            raise QuestionError("param_unknown", question.name, f"it has no parameter {name!r}", name)
    checked: dict[str, Value] = {}
    for name, type_ in question.params:
        if name not in params:
            raise QuestionError("param_missing", question.name, f"parameter {name!r} ({type_}) is missing", name)
        value = params[name]
        if type_.endswith("[]"):
            if not isinstance(value, list | tuple):
                raise _wrong(question, name, type_)
            checked[name] = [_scalar(question, name, type_, type_[:-2], v) for v in value]  # type: ignore[assignment]  # all of one type
        else:
            checked[name] = _scalar(question, name, type_, type_, value)
        if name in ("limit", "skip") and isinstance(value, int) and value < 0:
            raise QuestionError("param_range", question.name, f"parameter {name!r} must not be negative", name)
    return checked


def parse_param(question: Question, name: str, text: str) -> Value:
    """A parameter from what a person typed: ``name=text``; lists are separated by commas.

    Raises QuestionError as check_params does.
    """
    types = dict(question.params)
    if name not in types:
        raise QuestionError("param_unknown", question.name, f"it has no parameter {name!r}", name)
    type_ = types[name]
    if type_.endswith("[]"):
        pieces = text.split(",") if text else []
        return [_read(question, name, type_, type_[:-2], p) for p in pieces]  # type: ignore[return-value]  # all of one type
    return _read(question, name, type_, type_, text)


def _read(question: Question, name: str, said: str, type_: str, text: str) -> str | int | float | bool:
    try:
        if type_ == "INT64":
            return _scalar(question, name, said, type_, int(text))
        if type_ == "DOUBLE":
            return _scalar(question, name, said, type_, float(text))
    except ValueError:
        raise _wrong(question, name, said) from None
    if type_ == "BOOLEAN":
        if text.lower() not in ("true", "false"):
            raise _wrong(question, name, said)
        return text.lower() == "true"
    return _scalar(question, name, said, type_, text)


def _scalar(question: Question, name: str, said: str, type_: str, value: Any) -> str | int | float | bool:
    if type_ == "STRING" and isinstance(value, str):
        if "\0" in value or any("\ud800" <= c <= "\udfff" for c in value):
            raise QuestionError("param_range", question.name, f"parameter {name!r} holds characters no id has", name)
        return value
    if type_ == "BOOLEAN" and isinstance(value, bool):
        return value
    if type_ in ("INT64", "DOUBLE") and isinstance(value, int) and not isinstance(value, bool):
        if not -(2**63) <= value < 2**63:
            raise QuestionError("param_range", question.name, f"parameter {name!r} does not fit {type_}", name)
        return value if type_ == "INT64" else float(value)
    if type_ == "DOUBLE" and isinstance(value, float):
        if not math.isfinite(value):
            raise QuestionError("param_range", question.name, f"parameter {name!r} must be a finite number", name)
        return value
    raise _wrong(question, name, said)


def _wrong(question: Question, name: str, type_: str) -> QuestionError:
    return QuestionError("param_type", question.name, f"parameter {name!r} must be {type_}", name)
