"""Reading a JSON body strictly: what a lenient parser would guess at is refused, and told by field and code."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from api.errors import INVALID, NOT_JSON, NOT_JSON_TYPE, TOO_DEEP, Field, Refused, fields_of, plain_name

M = TypeVar("M", bound=BaseModel)

_JSON_TYPE = re.compile(r'application/json(\s*;\s*charset="?utf-8"?)?\s*', re.IGNORECASE)
# Never gives back what it took and takes a string that does not end as well: one pass, whatever the quotes are.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")


def json_body(model: type[M]) -> Callable[[Request], Awaitable[M]]:
    """A dependency that reads the body as ``model``.

    Refuses, besides what the model refuses: other media types and compressed bodies (415), what is not JSON in UTF-8
    or nested deeper than the setting (400), keys that stand twice and numbers that are not finite (422).
    """

    async def read(request: Request) -> M:
        if not _JSON_TYPE.fullmatch(request.headers.get("content-type", "")):
            raise Refused(NOT_JSON_TYPE)
        if request.headers.get("content-encoding", "identity").lower() != "identity":
            raise Refused(NOT_JSON_TYPE)
        return parse(model, await request.body(), request.app.state.service.settings.max_json_depth)

    return read


def parse(model: type[M], body: bytes, max_depth: int) -> M:
    """The model in a body. Raises Refused."""
    if depth(body) > max_depth:
        raise Refused(TOO_DEEP)
    endless = _not_finite(_decode(body))
    try:
        parsed = model.model_validate_json(body, strict=True)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        if any(e["type"] == "json_invalid" for e in faults):
            raise Refused(NOT_JSON) from None
        fields = fields_of([dict(e) for e in faults])
        raise Refused(INVALID, [f for f in fields if f.field not in {e.field for e in endless}] + endless) from None
    if endless:
        raise Refused(INVALID, endless)
    return parsed


def body_contract(model: type[BaseModel]) -> dict[str, Any]:
    """What a route that reads its body by ``json_body`` says of it in the contract (``openapi_extra``)."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": model.model_json_schema()}}}}


def depth(body: bytes) -> int:
    """How deeply arrays and objects are nested, brackets inside strings not counted; looks at brackets only."""
    deepest = level = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", body)):
        level += 1 if bracket in b"[{" else -1
        deepest = max(deepest, level)
    return deepest


def _decode(body: bytes) -> object:
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_once, parse_int=_whole)
    except (ValueError, RecursionError):
        raise Refused(NOT_JSON) from None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                _refuse_repeated(key)
            seen.add(key)
    return found


def _refuse_repeated(key: str) -> NoReturn:
    raise Refused(INVALID, [Field(plain_name(key), "repeated")])


def _whole(_digits: str) -> int:
    """Whole numbers are read by the model; here, numbers of any length must cost nothing."""
    return 0


def _not_finite(value: object) -> list[Field]:
    if not isinstance(value, dict):
        return []
    return [
        Field(plain_name(k), "not_finite") for k, v in value.items() if isinstance(v, float) and not math.isfinite(v)
    ]
