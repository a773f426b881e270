"""Asking the store a question of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cypher.catalogue import find
from cypher.parameters import parse_param
from graph.store.contract import Row
from graph.store.questions import questions
from jobs.home import Home
from jobs.look import LookError
from jobs.whole_store import whole_store


def catalogue() -> Mapping[str, str]:
    """Every question's name and what it asks."""
    return {name: question.doc for name, question in sorted(questions().items())}


def parse_params(question: str, given: Sequence[str]) -> dict[str, Any]:
    """``name=value`` texts as typed parameters of a question."""
    asked = find(questions(), question)
    params: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise LookError(f"write the parameter as name=value, not {text!r}")
        params[name] = parse_param(asked, name, value)
    return params


def ask_store(home: Home, question: str, params: Mapping[str, Any], timeout_s: float | None = None) -> list[Row]:
    """The rows a question gives. Raises QuestionError for a parameter missing or of the wrong type, StoreError
    ``timeout`` past ``timeout_s`` seconds and those of jobs.whole_store."""
    with whole_store(home) as (store, _):
        return store.query(question, params, timeout_s)
